/** Calls that ask a person, and hooks, as the built command and its host do them. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Result } from '../../src/protocol/requests.ts';
import { CliSandbox } from '../support/cli-sandbox.ts';
import { writeHook } from '../support/engine-hooks.ts';
import { until } from '../support/engine-wait.ts';

type Approval = { id: string; short_id: string; tool: string; subject: { text: string }; pattern: string };
type Listed = { approvals: Approval[]; rules: { short_id: string; pattern: string }[] };
type Shown = {
  foci: { id: string }[];
  item: { state: string; wait: { kind: string; next: string } | null; outcome: { summary: string } | null };
};

const ASKS = `[faculty]
name = "general"
description = "Asks before it reads secrets."
[faculty.permissions]
ask = ["read_file(secret*)"]
`;

const reading = (file: string) => ({
  name: 'asks',
  turns: [
    { tool_calls: [{ name: 'read_file', input: { path: file } }] },
    { capture: { first: { pattern: '^(.*)' } }, text: 'It said: {{first}}' },
  ],
});
const SCRIPT = reading('secret.md');

describe('permission', function () {
  this.timeout(180_000);
  let sandbox: CliSandbox;

  beforeEach(() => {
    sandbox = new CliSandbox();
    mkdirSync(path.join(sandbox.home, 'faculties'));
    writeFileSync(path.join(sandbox.home, 'faculties/general.toml'), ASKS);
    sandbox.write({ 'secret.md': 'seven herons\n' });
  });
  afterEach(() => sandbox.remove());

  async function parked(script = SCRIPT): Promise<{ id: string; approval: Approval }> {
    const env = { ANIMUS_MODEL: sandbox.script(script) };
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'read it'], { env });
    const waited = await sandbox.json<Shown>(['work', 'wait', id]);
    assert.deepEqual([waited.code, waited.item.state, waited.item.wait?.kind], [4, 'waiting', 'approval']);
    assert.match(waited.item.wait?.next ?? '', /animus approvals/);
    const { approvals } = await sandbox.json<Listed>(['approvals']);
    assert.equal(approvals.length, 1);
    const [approval] = approvals;
    assert.ok(approval);
    return { id, approval };
  }

  /** What the call of the work was answered with. */
  async function answered(id: string): Promise<string> {
    const call = (await focusOf(id)).tool_calls[0];
    return `${call?.state}: ${call?.result?.content}`;
  }

  async function focusOf(id: string): Promise<Result<'focus/read'>> {
    const { foci } = await sandbox.json<{ foci: { id: string }[] }>(['work', 'show', id]);
    const client = await sandbox.attach();
    try {
      return await client.request('focus/read', { id: foci.at(-1)?.id ?? '' });
    } finally {
      await client.close();
    }
  }

  it('outlives kills of the host before and after it is given, and the call runs then', async () => {
    const { id, approval } = await parked();
    assert.deepEqual(
      [approval.tool, approval.subject.text, approval.pattern],
      ['read_file', 'secret.md', 'read_file(/secret.md)'],
    );
    await sandbox.killHost();
    const listed = await sandbox.animus(['approvals', 'list']);
    assert.match(listed.stdout, /read_file {2}for the work [0-9a-f]+\n {4}\{\n {6}"path": "secret\.md"\n {4}\}/);
    const allowed = await sandbox.animus(['approvals', 'allow', approval.short_id]);
    assert.deepEqual([allowed.code, allowed.stdout.trim()], [0, `allowed: read_file ${approval.short_id}`]);
    await sandbox.killHost();
    const ended = await sandbox.json<Shown>(['work', 'wait', id]);
    assert.equal(ended.code, 0);
    assert.match(ended.item.outcome?.summary ?? '', /seven herons/);
    const again = await sandbox.json<{ error: { kind: string } }>(['approvals', 'deny', approval.short_id]);
    assert.deepEqual([again.code, again.error.kind], [2, 'wrong_state']);
  });

  it('is refused with a reason, or given as a rule that can be forgotten', async () => {
    const first = await parked();
    assert.equal((await sandbox.animus(['approvals', 'deny', first.approval.id, '--reason', 'not yours'])).code, 0);
    assert.equal((await sandbox.json<Shown>(['work', 'wait', first.id])).item.state, 'completed');
    assert.equal(await answered(first.id), 'denied: A person did not allow this call of read_file: not yours');
    const { approval: said, change } = (await focusOf(first.id)).tool_calls[0] ?? {};
    assert.deepEqual(
      [said?.id, said?.state, said?.scope, said?.reason, said?.decided_by, change],
      [first.approval.id, 'denied', 'once', 'not yours', 'cli', null],
    );
    const second = await parked();
    const wrong = ['approvals', 'allow', second.approval.id, '--rule', '--pattern', 'write_file(x)'];
    assert.equal((await sandbox.json<{ error: { kind: string } }>(wrong)).error.kind, 'bad_pattern');
    assert.equal((await sandbox.animus(['approvals', 'allow', second.approval.id, '--rule'])).code, 0);
    assert.match((await sandbox.json<Shown>(['work', 'wait', second.id])).item.outcome?.summary ?? '', /seven herons/);
    const { rules } = await sandbox.json<Listed>(['approvals']);
    assert.deepEqual(
      rules.map(({ pattern }) => pattern),
      ['read_file(/secret.md)'],
    );
    assert.equal((await sandbox.animus(['approvals', 'forget', rules[0]?.short_id ?? ''])).code, 0);
    await parked();
  });

  it('is given as a rule without a pattern where the path is a link, and holds for the next work', async () => {
    symlinkSync('secret.md', path.join(sandbox.workspace, 'alias.md'));
    const { id, approval } = await parked(reading('alias.md'));
    assert.equal(approval.pattern, 'read_file(/{alias.md,secret.md})');
    const allowed = await sandbox.animus(['approvals', 'allow', approval.short_id, '--rule']);
    assert.deepEqual([allowed.code, allowed.stdout.trim()], [0, `allowed: read_file ${approval.short_id}`]);
    assert.match((await sandbox.json<Shown>(['work', 'wait', id])).item.outcome?.summary ?? '', /seven herons/);
    const env = { ANIMUS_MODEL: sandbox.script(reading('alias.md')) };
    const next = await sandbox.json<Shown>(['work', 'submit', '--trust', '--wait', 'read it'], { env });
    assert.match(next.item.outcome?.summary ?? '', /seven herons/);
    assert.deepEqual((await sandbox.json<Listed>(['approvals'])).approvals, []);
  });

  it('[S20] is not given by what an agent started, nor is a hook accepted', async () => {
    const { approval } = await parked();
    writeHook(path.join(sandbox.workspace, '.animus/hooks'), 'own', { command: 'true' });
    const env = { ANIMUS_RUN: '5f0c1f5e-8f5b-4f0e-9a53-3a1f6f9b1c11/run' };
    for (const args of [
      ['approvals', 'allow', approval.id],
      ['hooks', 'accept', 'own'],
    ]) {
      const refused = await sandbox.json<{ error: { kind: string } }>(args, { env });
      assert.deepEqual([refused.code, refused.error.kind], [5, 'not_permitted'], args.join(' '));
    }
    assert.equal((await sandbox.json<Listed>(['approvals'])).approvals.length, 1);
  });

  it('on a headless host is refused by the policy, and the work goes on', async () => {
    writeFileSync(path.join(sandbox.home, 'config.toml'), '[host]\nheadless = true\n');
    const env = { ANIMUS_MODEL: sandbox.script(SCRIPT) };
    const submit = ['work', 'submit', '--trust', '--wait', 'read it'];
    const { item } = await sandbox.json<{ item: { id: string; state: string } }>(submit, { env });
    assert.equal(item.state, 'completed');
    assert.match(await answered(item.id), /^denied: .*nobody is there to be asked/);
  });
});

describe('hooks of the built host', function () {
  this.timeout(180_000);
  let sandbox: CliSandbox;
  beforeEach(() => {
    sandbox = new CliSandbox();
  });
  afterEach(() => sandbox.remove());

  const FAMILY = {
    name: 'family',
    turns: [
      { when: { turn: 1, last_contains: 'count them' }, tool_calls: [{ name: 'ledger_read', input: {} }] },
      { when: { turn: 2, last_contains: 'nothing' }, text: 'counted' },
      {
        when: { turn: 1, last_contains: 'hand it over' },
        tool_calls: [{ name: 'spawn_child_work', input: { faculty: 'general', description: 'count them' } }],
      },
      {
        when: { turn: 2, last_contains: 'spawned' },
        capture: { id: { pattern: '^spawned (\\S+)$' } },
        tool_calls: [{ name: 'await_child_work', input: { ids: ['{{id}}'] } }],
      },
      { text: 'Done.' },
    ],
  };

  it('the same hook is asked about the calls of a focus and of its child, and says whose they are', async () => {
    const seen = path.join(sandbox.home, 'seen');
    writeHook(path.join(sandbox.home, 'hooks'), 'watch', { command: `cat >> '${seen}'; echo >> '${seen}'` });
    const env = { ANIMUS_MODEL: sandbox.script(FAMILY) };
    const ended = await sandbox.json<Shown>(['work', 'submit', '--trust', '--wait', 'hand it over'], { env });
    assert.equal(ended.item.state, 'completed');
    const asked = readFileSync(seen, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { tool_name: string; caller: string });
    assert.deepEqual(asked.map(({ tool_name: tool, caller }) => `${caller} ${tool}`).toSorted(), [
      'child ledger_read',
      'model await_child_work',
      'model spawn_child_work',
    ]);
  });

  it('[S7] [S8] of a workspace run once they were accepted, as they were accepted', async () => {
    const own = path.join(sandbox.workspace, '.animus/hooks');
    const marks = path.join(sandbox.home, 'marks');
    writeHook(own, 'guard', { command: `echo one >> '${marks}'`, events: ['AfterTurn'] });
    const run = async () => {
      const env = { ANIMUS_MODEL: sandbox.script({ name: 'one', turns: [{ text: 'Done.' }] }) };
      await sandbox.json(['work', 'submit', '--trust', '--wait', 'anything'], { env });
      return existsSync(marks) ? readFileSync(marks, 'utf8').trim().split('\n') : [];
    };
    const unread = await sandbox.animus(['hooks']);
    assert.match(unread.stdout, /guard +workspace +untrusted[\s\S]*nothing of its hooks was read[\s\S]*animus trust/);
    const refused = await sandbox.animus(['hooks', 'accept', 'guard']);
    assert.deepEqual([refused.code, refused.stderr.includes('Nothing was accepted.')], [5, true], refused.stderr);
    assert.deepEqual(await run(), []);
    const listed = await sandbox.animus(['hooks']);
    assert.match(listed.stderr, /note: Hooks of this folder wait for you to accept them: guard/);
    assert.match(listed.stdout, /guard +workspace +new[\s\S]*animus hooks accept guard/);
    assert.equal((await sandbox.animus(['hooks', 'accept', 'guard'])).code, 0);
    assert.deepEqual(await run(), ['one']);
    writeHook(own, 'guard', { command: `echo two >> '${marks}'`, events: ['AfterTurn'] });
    assert.deepEqual(await run(), ['one', 'one']);
    assert.match((await sandbox.animus(['status'])).stderr, /wait for you to accept them: guard/);
    const stale = await sandbox.json<{ error: { kind: string } }>([
      'hooks',
      'accept',
      'guard',
      '--hash',
      'a'.repeat(64),
    ]);
    assert.equal(stale.error.kind, 'wrong_state');
    await until(async () => (await sandbox.animus(['hooks', 'accept', 'guard'])).code === 0);
    assert.deepEqual(await run(), ['one', 'one', 'two']);
  });

  it('[hook-2] one that blocks a model call ends the work with its reason', async () => {
    const command = `echo '{"action": "block", "reason": "not on a Sunday"}'`;
    writeHook(path.join(sandbox.home, 'hooks'), 'calendar', { command, events: ['BeforeLLMCall'] });
    const env = { ANIMUS_MODEL: sandbox.script({ name: 'one', turns: [{ text: 'Done.' }] }) };
    const ended = await sandbox.json<Shown>(['work', 'submit', '--trust', '--wait', 'anything'], { env });
    assert.deepEqual([ended.code, ended.item.outcome?.summary], [1, 'Blocked by the hook calendar: not on a Sunday']);
    const client = await sandbox.attach();
    try {
      const { hook_runs } = await client.request('focus/read', { id: ended.foci.at(-1)?.id ?? '' });
      assert.deepEqual(
        hook_runs.map(({ event, name, turn, outcome }) => [event, name, turn, outcome]),
        [['BeforeLLMCall', 'calendar', 1, 'blocked']],
      );
    } finally {
      await client.close();
    }
  });
});
