/** Dispatchers together with the foci that they run: draining, and what waits. */
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import type { Claim } from '../../../src/host/engine/focus/types.ts';
import { costMicros } from '../../../src/host/llm/prices.ts';
import { POLL_MS, settled, stateOf, useDispatchers } from '../../support/engine-dispatch.ts';
import { openBench } from '../../support/engine-focus.ts';
import { barrier } from '../../support/engine-loop.ts';
import { writtenModel } from '../../support/engine-model.ts';
import { until } from '../../support/engine-wait.ts';

const note = (content: string) => ({ name: 'ledger_append', input: { entry_type: 'note', content } });

describe('Dispatcher and foci', () => {
  const { start } = useDispatchers();

  it('drains: claims nothing more, ends foci at their next recorded point, and the next one goes on', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const [asked, answer] = [barrier(), barrier()];
    const client = writtenModel((turn) => {
      asked.open();
      return turn === 1 ? { calls: [note('kept')], after: answer.reached } : { text: 'ok' };
    });
    const run = (claim: Claim) => runFocus(bench.dependencies(client), claim);
    const { dispatcher } = await start(bench, { run });
    await asked.reached;
    let isDrained = false;
    const draining = dispatcher.drain().then(() => {
      isDrained = true;
    });
    const later = await bench.submit();
    mock.timers.tick(POLL_MS);
    await settled(bench);
    assert.deepEqual([isDrained, dispatcher.runningCount], [false, 1]);
    answer.open();
    await draining;
    assert.equal(dispatcher.runningCount, 0);
    const released = await bench.look(id);
    assert.deepEqual([released.item.state, released.focus?.status], ['queued', 'released']);
    assert.equal(released.entries.length, 1);
    assert.equal(await stateOf(bench, later), 'queued');

    await start(bench, { run });
    await until(
      async () => (await stateOf(bench, id)) === 'completed' && (await stateOf(bench, later)) === 'completed',
    );
    const { foci, entries, item } = await bench.look(id);
    assert.deepEqual([foci.length, entries.length, item.attempts, item.resumesWithoutProgress], [1, 1, 0, 0]);
    assert.equal(client.requests.filter(({ turn }) => turn === 1).length, 2, 'one of each item');
  });

  it('wakes what waits once it has what it waits for, and not before', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    let isThere = false;
    const client = writtenModel([{ text: 'ok' }]);
    const models = {
      open: () =>
        isThere
          ? ({ kind: 'ready', client, modelName: 'm' } as const)
          : ({ kind: 'needs_credentials', provider: 'anthropic' } as const),
      rejectCredential: () => undefined,
      costOf: costMicros,
    };
    const asked: unknown[] = [];
    const { dispatcher } = await start(bench, {
      run: (claim) => runFocus(bench.dependencies(client, { models }), claim),
      isSatisfied: ({ kind, targets }) => {
        asked.push([kind, targets]);
        return isThere;
      },
    });
    await until(async () => (await stateOf(bench, id)) === 'waiting');
    await dispatcher.wakeWaiting();
    mock.timers.tick(POLL_MS);
    await settled(bench);
    assert.equal(await stateOf(bench, id), 'waiting');
    isThere = true;
    await dispatcher.wakeWaiting();
    await until(async () => (await stateOf(bench, id)) === 'completed');
    assert.deepEqual(asked[0], ['credentials', ['anthropic']]);
    const { foci, events } = await bench.look(id);
    assert.equal(foci.length, 1);
    assert.ok(events.some(({ reason }) => reason === 'credentials there'));
  });

  it('wakes what waits for a time once that has come, by the clock of the database', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const error = { kind: 'rate_limited', message: 'later', retryAfterMs: 3_600_000 } as const;
    const client = writtenModel((): { error: typeof error } | { text: string } =>
      client.requests.length === 1 ? { error } : { text: 'ok' },
    );
    await start(bench, { run: (claim) => runFocus(bench.dependencies(client), claim) });
    await until(async () => (await stateOf(bench, id)) === 'waiting');
    mock.timers.tick(POLL_MS);
    await settled(bench);
    assert.equal(await stateOf(bench, id), 'waiting');
    await bench.db.query("update animus.waits set wake_at = now() - interval '1 second' where work_item_id = $1", [id]);
    mock.timers.tick(POLL_MS);
    await until(async () => (await stateOf(bench, id)) === 'completed');
    assert.equal((await bench.look(id)).item.attempts, 0);
  });
});
