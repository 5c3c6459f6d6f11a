import assert from 'node:assert/strict';
import { CliSandbox } from '../support/cli-sandbox.ts';
import { until } from '../support/engine-wait.ts';

/** A parent that hands a part to a child and awaits it; the child takes as long as is said. */
const script = (childMs: number) => ({
  name: 'a family',
  turns: [
    // First, since its task tells it of its parent, too.
    { when: { turn: 1, last_contains: 'count the herons' }, delay_ms: childMs, text: 'seven herons' },
    {
      when: { turn: 1, last_contains: 'hand it over' },
      tool_calls: [{ name: 'spawn_child_work', input: { faculty: 'general', description: 'count the herons' } }],
    },
    {
      when: { turn: 2, last_contains: 'spawned' },
      capture: { id: { pattern: '^spawned (\\S+)$' } },
      tool_calls: [{ name: 'await_child_work', input: { ids: ['{{id}}'] } }],
    },
    {
      when: { last_contains: 'children have ended' },
      capture: { summary: { pattern: '^ *Summary: (.*)$' } },
      text: 'The child said: {{summary}}',
    },
  ],
});

type Item = { id: string; short_id: string; state: string; parent_id: string | null; reason: string | null };
type Shown = { item: Item & { outcome: { summary: string } | null; attempts: number }; foci: { iterations: number }[] };

/** Submits the parent; resolves when it is parked and its child runs. */
async function parked(sandbox: CliSandbox, childMs: number): Promise<{ id: string; child: string }> {
  const env = { ANIMUS_MODEL: sandbox.script(script(childMs)) };
  const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'hand it over'], { env });
  let items: Item[] = [];
  await until(async () => {
    ({ items } = await sandbox.json<{ items: Item[] }>(['work', 'tree', id]));
    return items[0]?.state === 'waiting' && items[1]?.state === 'running';
  });
  assert.equal(items[1]?.parent_id, id);
  assert.equal(items[0]?.reason, 'waits for children');
  return { id, child: items[1]?.id ?? '' };
}

describe('work that has children', () => {
  let sandbox: CliSandbox;
  beforeEach(() => {
    sandbox = new CliSandbox();
  });
  afterEach(() => sandbox.remove());

  it('[chi-2] [F13] outlives a kill of the host while the parent is parked and the child runs', async () => {
    const { id, child } = await parked(sandbox, 4000);
    await sandbox.killHost();
    const waited = await sandbox.json<Shown>(['work', 'wait', id]);
    assert.equal(waited.code, 0);
    assert.equal(waited.item.outcome?.summary, 'The child said: seven herons');
    assert.deepEqual([waited.item.attempts, waited.foci.length, waited.foci[0]?.iterations], [0, 1, 3]);
    const shown = await sandbox.json<Shown>(['work', 'show', child]);
    assert.deepEqual([shown.item.state, shown.foci.length], ['completed', 1]);
  }).timeout(60_000);

  it('is shown as a tree', async () => {
    const { id, child } = await parked(sandbox, 60_000);
    const { code, stdout } = await sandbox.animus(['work', 'tree', id.slice(-8)]);
    assert.equal(code, 0);
    assert.deepEqual(stdout.trimEnd().split('\n'), [
      `${id.slice(-8)}  general  waiting (waits for children)  hand it over`,
      `└─ ${child.slice(-8)}  general  running  count the herons`,
    ]);
    const { stdout: shown } = await sandbox.animus(['work', 'show', id]);
    assert.match(shown, /It awaits its child and goes on by itself, at the latest at \S+Z\./);
  }).timeout(60_000);

  it('[F22] is cancelled with all that is below it', async () => {
    const { id, child } = await parked(sandbox, 60_000);
    const began = Date.now();
    const { code, stdout } = await sandbox.animus(['work', 'cancel', id]);
    assert.equal(code, 0);
    assert.equal(stdout, `${id} cancelled, and 1 below it\n`);
    const hostRuns = async () => (await sandbox.json<{ host: { running: number } }>(['status'])).host.running;
    await until(async () => (await hostRuns()) === 0);
    // Two seconds for the focus, the rest for the commands that look.
    assert.ok(Date.now() - began < 10_000);
    const { items } = await sandbox.json<{ items: Item[] }>(['work', 'tree', id]);
    assert.deepEqual(
      items.map(({ state }) => state),
      ['cancelled', 'cancelled'],
    );
    assert.equal((await sandbox.animus(['work', 'wait', child])).code, 1);
    const again = await sandbox.animus(['work', 'cancel', id]);
    assert.deepEqual([again.code, again.stdout], [0, `${id} has ended before: cancelled. Nothing was cancelled.\n`]);
  }).timeout(60_000);

  it('[S18] says what is wrong with an id', async () => {
    await parked(sandbox, 60_000);
    for (const command of ['cancel', 'tree']) {
      assert.match((await sandbox.animus(['work', command, 'xyz'])).stderr, /"xyz" is no id of a work item/);
      assert.match(
        (await sandbox.animus(['work', command, 'deadbeef'])).stderr,
        /No work item here has the id deadbeef/,
      );
    }
  }).timeout(60_000);
});
