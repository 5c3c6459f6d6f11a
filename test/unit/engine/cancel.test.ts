/** Cancelling in every phase, with a real dispatcher whose clock stands still: over at once, and nothing runs after. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { mock } from 'node:test';
import type { DispatcherOptions } from '../../../src/host/engine/dispatch/dispatcher.ts';
import { cancelWork } from '../../../src/host/engine/focus/cancel.ts';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import type { FocusDependencies } from '../../../src/host/engine/focus/types.ts';
import { costMicros } from '../../../src/host/llm/prices.ts';
import { listTree } from '../../../src/host/store/work/find.ts';
import { isAlive } from '../../support/cli-sandbox.ts';
import { inTransactions } from '../../support/database-interleaving.ts';
import { childTools, delegate, modelOfTasks, spawn } from '../../support/engine-children.ts';
import { POLL_MS, settled, stateOf, useDispatchers } from '../../support/engine-dispatch.ts';
import { type Bench, openBench } from '../../support/engine-focus.ts';
import { barrier, worldTool } from '../../support/engine-loop.ts';
import { type WrittenAnswer, writtenModel } from '../../support/engine-model.ts';
import { until } from '../../support/engine-wait.ts';

const OVER_WITHIN_MS = 2000;
/** Leaves its process id, and only a kill ends it. */
const ENDLESS = `command = "echo $$ > pid; trap '' TERM; while :; do sleep 0.05; done"`;

const never = new Promise<never>(() => undefined);
const order = (id: string, tree = true) => ({ id, tree, by: 'a test' });

/** All rows of an item that a focus could write. */
async function rowsOf(bench: Bench, id: string): Promise<unknown> {
  const { item, foci, messages, calls, entries, events } = await bench.look(id);
  return { item, foci, messages, calls, entries, events };
}

describe('cancelling', function () {
  this.timeout(60_000);
  const { start, catalogue, addFaculty } = useDispatchers();

  before(() => {
    addFaculty('orienting', `[faculty.orient]\n${ENDLESS}`);
    addFaculty('consolidating', `[faculty.consolidate]\n${ENDLESS}`);
    addFaculty('recovering', `[faculty.recover]\n${ENDLESS}`);
  });

  const serve = (
    bench: Bench,
    client: Parameters<Bench['dependencies']>[0],
    changes: Partial<FocusDependencies> = {},
    options: Partial<DispatcherOptions> = {},
  ) =>
    start(bench, {
      run: (claim) => runFocus(bench.dependencies(client, changes), claim),
      catalogue: catalogue(),
      ...options,
    });

  /** Cancels, and checks that it is over in time and that nothing of it is written afterwards. */
  async function cancelAndWatch(bench: Bench, dispatcher: { runningCount: number }, id: string): Promise<void> {
    const began = performance.now();
    assert.equal(await cancelWork(bench.db, order(id)), 1);
    assert.equal(await stateOf(bench, id), 'cancelled');
    const rows = await rowsOf(bench, id);
    await until(() => dispatcher.runningCount === 0);
    const took = performance.now() - began;
    assert.ok(took < OVER_WITHIN_MS, `it took ${Math.round(took)} ms`);
    mock.timers.tick(POLL_MS);
    await settled(bench);
    assert.deepEqual(await rowsOf(bench, id), rows, 'nothing is written afterwards');
    const { item, focus, calls } = await bench.look(id);
    assert.deepEqual(
      [item.outcome?.success, item.outcome?.error?.kind, item.outcome?.summary],
      [false, 'cancelled', 'Cancelled: by a test'],
    );
    assert.ok(!focus || (['cancelled', 'failed'].includes(focus.status) && focus.endedAt));
    assert.ok(calls.every(({ result, state }) => result !== null || state === 'cancelled'));
    for (const [table, where] of [
      ['leases', ''],
      ['waits', 'and resolved_at is null'],
    ]) {
      assert.deepEqual(
        await bench.db.query(`select 1 from animus.${table} where work_item_id = $1 ${where}`, [id]),
        [],
      );
    }
    assert.equal(await cancelWork(bench.db, order(id)), 0, 'cancelled is terminal');
  }

  for (const [phase, faculty, answer] of [
    ['orient', 'orienting', { text: 'ok' }],
    ['consolidate', 'consolidating', { text: 'ok' }],
    ['recover', 'recovering', { error: { kind: 'malformed', message: 'It is broken.' } }],
  ] as [string, string, WrittenAnswer][]) {
    it(`[F22] in ${phase}, while its command runs and ignores that it is to end`, async () => {
      const bench = await openBench();
      const id = await bench.submit({ faculty });
      const { dispatcher } = await serve(bench, writtenModel([answer]));
      const pidFile = async () =>
        path.join(bench.storeFolder, 'foci', (await bench.look(id)).focus?.id ?? 'none', 'pid');
      await until(async () => existsSync(await pidFile()) && readFileSync(await pidFile(), 'utf8') !== '');
      const pid = Number(readFileSync(await pidFile(), 'utf8'));
      assert.equal((await bench.look(id)).focus?.phase, phase);
      await cancelAndWatch(bench, dispatcher, id);
      assert.ok(!isAlive(pid), 'the command runs on');
    });
  }

  it('[F22] while the model answers', async () => {
    const bench = await openBench();
    const asked = barrier();
    const client = writtenModel(() => {
      asked.open();
      return { text: 'never', after: never };
    });
    const id = await bench.submit();
    const { dispatcher } = await serve(bench, client);
    await asked.reached;
    await cancelAndWatch(bench, dispatcher, id);
    assert.equal(client.requests.length, 1);
  });

  for (const [how, run] of [
    [
      'ends when it is told to',
      (signal: AbortSignal) =>
        new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('told to end')))),
    ],
    ['does not listen', () => never],
  ] as [string, (signal: AbortSignal) => Promise<never>][]) {
    it(`[F22] while a tool runs that ${how}`, async () => {
      const bench = await openBench();
      const begun = barrier();
      const tool = worldTool({
        name: 'work',
        effect: 'write',
        run: (_text, { signal }) => {
          begun.open();
          return run(signal);
        },
      });
      const client = writtenModel([{ calls: [{ name: 'work', input: { text: 'x' } }] }]);
      const id = await bench.submit();
      const { dispatcher } = await serve(bench, client, { engineTools: [tool] });
      await begun.reached;
      await cancelAndWatch(bench, dispatcher, id);
      assert.equal(client.requests.length, 1, 'the model is not asked again');
    });
  }

  it('[F22] while it is queued, delayed, parked for a key, or waits for another attempt', async () => {
    const bench = await openBench();
    const parked = await bench.submit({ description: 'parked' });
    const models = {
      open: () => ({ kind: 'needs_credentials', provider: 'anthropic' }) as const,
      rejectCredential: () => undefined,
      costOf: costMicros,
    };
    const first = await serve(bench, writtenModel([]), { models });
    await until(async () => (await stateOf(bench, parked)) === 'waiting');
    await first.dispatcher.drain();
    const failed = await bench.submit({ description: 'failed' });
    const second = await serve(bench, writtenModel([{ error: { kind: 'malformed', message: 'x' } }]));
    await until(async () => (await bench.look(failed)).item.attempts === 1);
    const delayed = await bench.submit({ delayMs: 3_600_000 });
    for (const id of [parked, failed, delayed]) await cancelAndWatch(bench, second.dispatcher, id);
    await second.dispatcher.drain();
    const queued = await bench.submit();
    await cancelAndWatch(bench, second.dispatcher, queued);
    const third = await serve(bench, writtenModel([]));
    await settled(bench);
    assert.equal(third.dispatcher.runningCount, 0);
    assert.equal((await bench.look(queued)).foci.length, 0);
  });

  it('[F22] a tree goes with its root: what is parked, running and queued, level by level', async () => {
    const bench = await openBench();
    const asked = barrier();
    const client = modelOfTasks({
      root: delegate(['middle', 'quick']),
      quick: () => ({ text: 'done' }),
      middle: delegate(['leaf', 'later']),
      leaf: () => {
        asked.open();
        return { text: 'never', after: never };
      },
    });
    const id = await bench.submit({ description: 'root' });
    const { dispatcher } = await serve(bench, client, { engineTools: childTools() }, { maxConcurrent: 1 });
    await asked.reached;
    const states = async () =>
      Object.fromEntries(
        (await listTree(bench.db, id, 100, 100)).map(({ description, state }) => [description, state]),
      );
    const before = await states();
    assert.deepEqual(
      [before.root, before.middle, before.leaf, before.later],
      ['waiting', 'waiting', 'running', 'queued'],
    );
    assert.equal(
      await cancelWork(bench.db, order(id)),
      Object.values(before).filter((state) => state !== 'completed').length,
    );
    await until(() => dispatcher.runningCount === 0);
    mock.timers.tick(POLL_MS);
    await settled(bench);
    const after = await states();
    for (const name of ['root', 'middle', 'leaf', 'later']) assert.equal(after[name], 'cancelled', name);
    assert.equal(after.quick, before.quick === 'completed' ? 'completed' : 'cancelled');
    const leaf = (await listTree(bench.db, id, 100, 100)).find(({ description }) => description === 'leaf');
    assert.equal(leaf?.outcome?.summary, 'Cancelled: with the work above it');
  });

  it('leaves the children where only the item is meant, and finds open work below what has ended', async () => {
    const bench = await openBench();
    const client = modelOfTasks({
      root: (turn) => (turn === 1 ? { calls: [spawn('child')] } : { text: 'done' }),
      child: () => ({ text: 'never', after: never }),
    });
    const id = await bench.submit({ description: 'root' });
    await serve(bench, client, { engineTools: childTools() });
    await until(async () => (await stateOf(bench, id)) === 'completed');
    assert.equal(await cancelWork(bench.db, order(id, false)), 0);
    const child = (await listTree(bench.db, id, 10, 10))[1]?.id ?? '';
    assert.notEqual(await stateOf(bench, child), 'cancelled');
    assert.equal(await cancelWork(bench.db, order(id)), 1);
    assert.deepEqual([await stateOf(bench, id), await stateOf(bench, child)], ['completed', 'cancelled']);
  });

  it('[F22] a host that hears of nothing finds its lease gone at the next poll', async () => {
    const bench = await openBench();
    const asked = barrier();
    const client = writtenModel(() => {
      asked.open();
      return { text: 'never', after: never };
    });
    const id = await bench.submit();
    const hearing = inTransactions(bench.db, (body) => bench.db.transaction(body));
    const deaf = { ...hearing, listen: async () => async () => undefined };
    const { dispatcher } = await serve(bench, client, {}, { db: deaf });
    await asked.reached;
    await cancelWork(bench.db, order(id));
    await settled(bench);
    assert.equal(dispatcher.runningCount, 1);
    mock.timers.tick(POLL_MS);
    await until(() => dispatcher.runningCount === 0);
  });
});
