/** Faculties that a workspace brings along, from refusal to use, as the built command and its host do them. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readFolderContent } from '../../src/host/engine/acceptance/folder-content.ts';
import type { FacultyReview } from '../../src/protocol/faculties.ts';
import { CliSandbox } from '../support/cli-sandbox.ts';

type Failure = { error: { kind: string; message: string; next: string } };
type Shown = { item: { state: string; outcome: { summary: string } | null } };
type Workspace = { state: string; hash: string | null; names: string[] };
type Listed = {
  faculties: { name: string; origin: string; file: string; shadows: { name: string; origin: string }[] }[];
  workspace: Workspace | null;
};

const CHECKED = `[faculty]
name = "checked"
description = "Does work that a script checks."
[faculty.consolidate]
verify = 'sh "$ANIMUS_FACULTY_DIR/bin/check.sh"'
[faculty.permissions]
allow = ["run_command(git status)"]
`;

describe("a workspace's faculties", function () {
  this.timeout(180_000);
  let sandbox: CliSandbox;
  let marks = '';

  beforeEach(() => {
    sandbox = new CliSandbox();
    marks = path.join(sandbox.home, 'marks');
    sandbox.write({ '.animus/faculties/checked.toml': CHECKED });
    writeCheck('one');
  });
  afterEach(() => sandbox.remove());

  /** A script that says who it is and from where it runs. */
  function writeCheck(mark: string): void {
    sandbox.write({ '.animus/faculties/bin/check.sh': `echo "${mark} $0" >> '${marks}'\n` });
  }

  function marked(): string[][] {
    if (!existsSync(marks)) return [];
    const lines = readFileSync(marks, 'utf8').trim().split('\n');
    return lines.map((line) => line.split(' '));
  }

  const submit = <T>(faculty = 'checked') => {
    const env = { ANIMUS_MODEL: sandbox.script({ name: 'one', turns: [{ text: 'Done.' }] }) };
    return sandbox.json<T>(['work', 'submit', '--trust', '--wait', '-f', faculty, 'anything'], { env });
  };
  const list = () => sandbox.json<Listed>(['faculty', 'list']);

  it('[S7] [S8] run once they were accepted, as they were accepted, until they are accepted again', async () => {
    const refused = await submit<Failure>();
    assert.deepEqual([refused.code, refused.error.kind], [5, 'faculty_not_accepted']);
    assert.match(refused.error.message, /"checked" is this folder's, and nobody has accepted it/);
    assert.match(refused.error.next, /animus faculty accept/);
    assert.match((await sandbox.animus(['status'])).stderr, /Faculties of this folder wait for you .*: checked/);

    const listed = await sandbox.animus(['faculty', 'list']);
    assert.match(listed.stdout, /\(checked\) are not used: nobody has accepted them[\s\S]*animus faculty accept/);
    const review = await sandbox.animus(['faculty', 'review']);
    assert.match(review.stdout, /runs \(verify\): sh "\$ANIMUS_FACULTY_DIR\/bin\/check\.sh"/);
    assert.match(review.stdout, /allows without asking you: run_command\(git status\)/);
    assert.match(review.stdout, /\+ bin\/check\.sh/);

    const unasked = await sandbox.json<Failure>(['faculty', 'accept']);
    assert.deepEqual([unasked.code, unasked.error.kind], [2, 'invalid_params']);
    assert.equal((await list()).workspace?.state, 'new');
    const accepted = await sandbox.animus(['faculty', 'accept', '--yes']);
    assert.deepEqual([accepted.code, marked()], [0, []]);
    assert.match(accepted.stderr, /runs \(verify\): /);
    assert.match(accepted.stdout, /^accepted: checked \([0-9a-f]{12}\)/);

    assert.equal((await submit<Shown>()).item.state, 'completed');
    const copies = path.join(sandbox.home, 'accepted');
    assert.deepEqual(marked(), [['one', path.join(copies, readdirSync(copies)[0] ?? '', 'bin/check.sh')]]);

    writeCheck('two');
    assert.equal((await submit<Shown>()).item.state, 'completed');
    assert.deepEqual(
      marked().map(([mark]) => mark),
      ['one', 'one'],
    );
    const changed = await sandbox.animus(['faculty', 'review']);
    assert.match(changed.stdout, /what you accepted before is used until you accept them again/);
    assert.match(changed.stdout, /~ bin\/check\.sh[\s\S]*-echo "one[\s\S]*\+echo "two/);

    const { review: shown } = await sandbox.json<{ review: FacultyReview }>(['faculty', 'review']);
    appendFileSync(path.join(sandbox.workspace, '.animus/faculties/bin/check.sh'), '# late\n');
    const stale = await sandbox.json<Failure>(['faculty', 'accept', '--hash', shown.hash ?? '']);
    assert.deepEqual([stale.code, stale.error.kind], [2, 'wrong_state']);
    assert.equal((await sandbox.animus(['faculty', 'accept', '--yes'])).code, 0);
    assert.equal((await submit<Shown>()).item.state, 'completed');
    assert.deepEqual(
      marked().map(([mark]) => mark),
      ['one', 'one', 'two'],
    );
  });

  it('what was accepted holds over the end of the host, and its child spawns reach it', async () => {
    await sandbox.animus(['trust']);
    assert.equal((await sandbox.animus(['faculty', 'accept', '--yes'])).code, 0);
    await sandbox.killHost();
    const family = {
      name: 'family',
      turns: [
        { when: { turn: 1, last_contains: 'check it' }, text: 'Checked.' },
        {
          when: { turn: 1, last_contains: 'hand it over' },
          tool_calls: [{ name: 'spawn_child_work', input: { faculty: 'checked', description: 'check it' } }],
        },
        {
          when: { turn: 2, last_contains: 'spawned' },
          capture: { id: { pattern: '^spawned (\\S+)$' } },
          tool_calls: [{ name: 'await_child_work', input: { ids: ['{{id}}'] } }],
        },
        { text: 'Done.' },
      ],
    };
    const env = { ANIMUS_MODEL: sandbox.script(family) };
    const ended = await sandbox.json<Shown>(['work', 'submit', '--wait', 'hand it over'], { env });
    assert.equal(ended.item.state, 'completed');
    assert.deepEqual(
      marked().map(([mark]) => mark),
      ['one'],
    );
  });

  it('[S20] are accepted by no process that an agent or a faculty started, and only in a trusted folder', async () => {
    const untrusted = await sandbox.json<Failure>(['faculty', 'accept', '--yes']);
    assert.deepEqual([untrusted.code, untrusted.error.kind], [5, 'untrusted_folder']);
    assert.equal((await list()).workspace?.state, 'untrusted');
    const client = await sandbox.attach();
    try {
      // Nor where a client does not look at trust itself.
      const content = readFolderContent(path.join(sandbox.workspace, '.animus/faculties'));
      assert.ok(content.kind === 'content');
      const asked = client.request('faculty/accept', { hash: content.hash, pid: process.pid });
      await assert.rejects(asked, { kind: 'untrusted_folder' });
    } finally {
      await client.close();
    }
    await sandbox.animus(['trust']);
    const env = { ANIMUS_RUN: '5f0c1f5e-8f5b-4f0e-9a53-3a1f6f9b1c11/run' };
    const refused = await sandbox.json<Failure>(['faculty', 'accept', '--yes'], { env });
    assert.deepEqual([refused.code, refused.error.kind], [5, 'not_permitted']);
    assert.equal((await list()).workspace?.state, 'new');
  });

  it('say whose names they take, before and after', async () => {
    mkdirSync(path.join(sandbox.home, 'faculties'));
    writeFileSync(path.join(sandbox.home, 'faculties/own.toml'), CHECKED.replace('Does work', 'My own'));
    await sandbox.animus(['trust']);
    const before = await sandbox.animus(['faculty', 'review']);
    assert.match(before.stdout, /takes the name checked from the personal faculty checked/);
    const origin = async () => (await list()).faculties.find(({ name }) => name === 'checked');
    assert.equal((await origin())?.origin, 'personal');
    await sandbox.animus(['faculty', 'accept', '--yes']);
    const after = await origin();
    assert.deepEqual([after?.origin, after?.shadows.map((one) => one.origin)], ['workspace', ['personal']]);
    assert.equal(after?.file, path.join(sandbox.workspace, '.animus/faculties/checked.toml'));
    assert.match(
      (await sandbox.animus(['faculty', 'list'])).stdout,
      /checked of this folder takes the name checked from the personal faculty checked/,
    );
  });

  it('a text of theirs cannot look like the words of the review', async () => {
    const description = 'harmless"\\n\\nHash: 0\\u001b[2J';
    const forged = `[faculty]\nname = "forged"\ndescription = "x ${description.replace('"', '')}"\n`;
    sandbox.write({
      '.animus/faculties/forged.toml': `${forged}orient.command = "true\\n  runs no command of its own"\n`,
    });
    await sandbox.animus(['trust']);
    const { stdout } = await sandbox.animus(['faculty', 'review']);
    assert.match(stdout, /forged: x harmless\\n\\nHash: 0\\u001b\[2J\n/);
    assert.match(stdout, /runs \(orient\): true\n {8}runs no command of its own/);
    assert.equal(stdout.match(/^Hash: /gm)?.length, 1);
  });
});
