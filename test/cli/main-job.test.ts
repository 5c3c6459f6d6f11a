import assert from 'node:assert/strict';
import { CliSandbox } from '../support/cli-sandbox.ts';
import { longRun, NOTES, QUICK } from '../support/cli-scenarios.ts';

type Entry = { seq: number; entry_type: string; content: string };
type Waited = { ended: boolean; item: { id: string; state: string; outcome: { success: boolean; summary: string } } };

describe('the main job', () => {
  let sandbox: CliSandbox;
  beforeEach(() => {
    sandbox = new CliSandbox();
  });
  afterEach(() => sandbox.remove());

  it('is done by the demo without a key, on real files, and says that a script answers', async () => {
    sandbox.write({
      'README.md': '# The Heron Counter\n\nCounts herons in ponds, and tells nobody about it.\n',
      'package.json': '{ "name": "heron-counter", "version": "3.1.4", "scripts": { "count": "node count.js" } }',
      'src/count.js': '// TODO count faster\nexport const count = 1;\n',
    });
    const { code, stdout, stderr } = await sandbox.animus(['demo', '--trust']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /The Heron Counter/);
    assert.match(stdout, /heron-counter.*3\.1\.4/);
    assert.match(stdout, /TODO or FIXME: 1 /);
    assert.match(stdout, /Outcome\s+success, completed/);
    assert.match(stdout, /A script, not a model, gives these answers/);
    for (const progress of [/turn 1\n/, /read_file/, /recorded \[1\] plan/]) assert.match(stderr, progress);
  });

  it('prints one JSON document for the demo, with entries of every needed type', async () => {
    const shown = await sandbox.json<{ item: { state: string }; entries: Entry[] }>(['demo', '--trust']);
    assert.equal(shown.code, 0);
    assert.equal(shown.item.state, 'completed');
    assert.deepEqual(
      shown.entries.map(({ seq }) => seq),
      shown.entries.map((_, index) => index + 1),
    );
    const types = new Set(shown.entries.map(({ entry_type }) => entry_type));
    for (const type of ['plan', 'finding', 'step']) assert.ok(types.has(type), `no ${type}`);
  });

  it('submits, waits and gives the outcome', async () => {
    const env = { ANIMUS_MODEL: sandbox.script(QUICK) };
    const submitted = await sandbox.json<{ kind: string; id: string }>(
      ['work', 'submit', '--trust', '--faculty', 'general', 'look around'],
      { env },
    );
    assert.equal(submitted.kind, 'queued');
    const waited = await sandbox.json<Waited>(['work', 'wait', submitted.id]);
    assert.equal(waited.code, 0);
    assert.equal(waited.item.outcome.summary, 'All is well.');
    const ledger = await sandbox.json<{ entries: Entry[] }>(['ledger', 'show', submitted.id.slice(-8)]);
    assert.deepEqual(
      ledger.entries.map(({ content }) => content),
      ['Seen.'],
    );
  });

  it('merges equal submissions while one is open, and not afterwards', async () => {
    sandbox.write(NOTES);
    const env = { ANIMUS_MODEL: sandbox.script(longRun(6, 150)) };
    const submit = (text: string) =>
      sandbox.json<{ kind: string; id: string; canonical_id?: string }>(
        ['work', 'submit', '--trust', '--dedup', '--faculty', 'general', text],
        { env },
      );
    const first = await submit('count the herons');
    const second = await submit('count the herons');
    const other = await submit('count the ducks');
    assert.equal(first.kind, 'queued');
    assert.deepEqual([second.kind, second.canonical_id], ['merged', first.id]);
    assert.equal(other.kind, 'queued');
    const waited = await sandbox.json<Waited>(['work', 'wait', second.id]);
    assert.equal(waited.item.id, first.id, 'waiting for a merged item waits for the canonical one');
    await sandbox.json(['work', 'wait', other.id]);
    assert.equal((await submit('count the herons')).kind, 'queued');
  });

  it('[F10] leaves one item of 50 equal submissions by 50 processes at once', async () => {
    sandbox.write(NOTES);
    await sandbox.animus(['trust']);
    const env = { ANIMUS_MODEL: sandbox.script(longRun(40, 500)) };
    const all = await Promise.all(
      Array.from({ length: 50 }, () =>
        sandbox.json<{ kind: string; id: string; canonical_id?: string }>(['work', 'submit', '--dedup', 'the same'], {
          env,
        }),
      ),
    );
    const queued = all.filter(({ kind }) => kind === 'queued');
    assert.equal(queued.length, 1);
    const canonical = new Set(all.map(({ id, canonical_id }) => canonical_id ?? id));
    assert.equal(canonical.size, 1);
    const { items } = await sandbox.json<{ items: { state: string }[] }>(['work', 'list', '--limit', '100']);
    assert.equal(items.length, 50);
    assert.equal(items.filter(({ state }) => state === 'merged').length, 49);
  }).timeout(180_000);

  it('ends with 1 when the work failed', async () => {
    const failing = {
      name: 'failing',
      turns: [
        { tool_calls: [{ name: 'report_outcome', input: { success: false, summary: 'It cannot be done.' } }] },
        { text: 'Sorry.' },
      ],
    };
    const { code, stdout } = await sandbox.animus(['work', 'submit', '--trust', '--wait', 'try'], {
      env: { ANIMUS_MODEL: sandbox.script(failing) },
    });
    assert.equal(code, 1);
    assert.match(stdout, /failure, completed[\s\S]*It cannot be done\./);
  });
});
