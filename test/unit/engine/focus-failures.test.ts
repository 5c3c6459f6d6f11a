/** What becomes of work whose model, host or phase fails. */
import assert from 'node:assert/strict';
import { claimNext } from '../../../src/host/engine/dispatch/claim.ts';
import { backoffMs } from '../../../src/host/engine/focus/recover.ts';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import { costMicros } from '../../../src/host/llm/prices.ts';
import type { LlmError } from '../../../src/host/llm/types.ts';
import { dueWaits, openWaits, resolveWait } from '../../../src/host/store/work/waits.ts';
import { engineDatabase, lossyDatabase, OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { type Bench, facultyOf, openBench } from '../../support/engine-focus.ts';
import { barrier, worldTool } from '../../support/engine-loop.ts';
import { writtenModel } from '../../support/engine-model.ts';

const note = (content: string) => ({ name: 'ledger_append', input: { entry_type: 'note', content } });
const failing = (error: LlmError) => writtenModel([{ error }]);
const HTTP: LlmError = { kind: 'http', message: 'connection refused' };

async function onlyWait(bench: Bench) {
  const waits = await openWaits(bench.db, [bench.place]);
  assert.equal(waits.length, 1);
  const [wait] = waits;
  assert.ok(wait);
  return wait;
}

describe('a focus that cannot go on', () => {
  before(async function () {
    this.timeout(OPENING_LIMIT_MS);
    await engineDatabase();
  });

  it('waits for credentials without holding anything, and goes on where it was', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    await bench.run({ kind: 'needs_credentials', provider: 'anthropic' });
    const waiting = await bench.look(id);
    assert.deepEqual(
      [waiting.item.state, waiting.focus?.status, waiting.focus?.phase],
      ['waiting', 'parked', 'engage'],
    );
    assert.equal(waiting.item.attempts, 0);
    assert.deepEqual(await bench.db.query('select 1 from animus.leases where work_item_id = $1', [id]), []);
    const wait = await onlyWait(bench);
    assert.deepEqual([wait.kind, wait.targets, wait.wakeAt], ['credentials', ['anthropic'], null]);
    assert.deepEqual(await dueWaits(bench.db, [bench.place]), []);
    assert.equal(await bench.tryClaim(), undefined);
    assert.ok(await resolveWait(bench.db, wait, 'there'));
    assert.equal(await resolveWait(bench.db, wait, 'there'), false);
    await bench.run(writtenModel([{ text: 'ok' }]));
    const { item, foci } = await bench.look(id);
    assert.deepEqual([item.state, item.attempts, foci.length], ['completed', 0, 1]);
  });

  it('waits for somebody who can ask its model, before it asks and in the middle, and counts no attempt', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    await bench.run({ kind: 'unavailable', modelName: 'vscode/copilot/gpt' });
    const first = await onlyWait(bench);
    assert.deepEqual([first.kind, first.targets, first.wakeAt], ['model', ['vscode/copilot/gpt'], null]);
    assert.ok(await resolveWait(bench.db, first, 'there'));
    await bench.run(writtenModel([{ calls: [note('begun')] }, { error: { kind: 'unavailable', message: 'gone' } }]));
    const second = await onlyWait(bench);
    assert.deepEqual([second.kind, second.wakeAt], ['model', null]);
    assert.deepEqual(second.targets, [(await bench.look(id)).focus?.model]);
    assert.deepEqual(await dueWaits(bench.db, [bench.place]), []);
    assert.ok(await resolveWait(bench.db, second, 'there'));
    await bench.run(writtenModel([{ text: 'never' }, { text: 'ok' }]));
    const { item, foci, entries } = await bench.look(id);
    assert.deepEqual([item.state, item.attempts, foci.length, entries.length], ['completed', 0, 1, 1]);
  });

  it('drops a key that its provider rejects, and waits for another', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    await bench.run(
      writtenModel([
        { calls: [note('begun')] },
        { error: { kind: 'auth', message: 'invalid x-api-key', key: 'print' } },
      ]),
    );
    assert.deepEqual(bench.rejected, ['written print']);
    const wait = await onlyWait(bench);
    assert.deepEqual([wait.kind, wait.targets], ['credentials', ['written']]);
    await resolveWait(bench.db, wait, 'there');
    const client = writtenModel([{ text: 'never' }, { text: 'ok' }]);
    await bench.run(client);
    assert.deepEqual(
      client.requests.map(({ turn }) => turn),
      [2],
    );
    const { item, entries } = await bench.look(id);
    assert.deepEqual([item.state, entries.length], ['completed', 1]);
  });

  for (const error of [
    { kind: 'rate_limited', message: 'later', retryAfterMs: 3_600_000 },
    { kind: 'overloaded', message: 'busy', retryAfterMs: 3_600_000 },
  ] as const) {
    it(`waits as long as its provider asks when it is ${error.kind}, and counts no attempt`, async () => {
      const bench = await openBench();
      const id = await bench.submit();
      await bench.run(failing(error));
      const { item } = await bench.look(id);
      assert.deepEqual([item.state, item.attempts], ['waiting', 0]);
      const wait = await onlyWait(bench);
      assert.deepEqual([wait.kind, wait.targets], ['model', ['written']]);
      const [row] = await bench.db.query<{ seconds: number }>(
        'select extract(epoch from wake_at - created_at)::float8 as seconds from animus.waits where id = $1',
        [wait.id],
      );
      assert.ok(Math.abs((row?.seconds ?? 0) - 3600) < 1, `${row?.seconds}`);
    });
  }

  it('waits some minutes where the provider names no time', async () => {
    const bench = await openBench();
    await bench.submit();
    await bench.run(failing({ kind: 'rate_limited', message: 'later' }));
    const { wakeAt } = await onlyWait(bench);
    assert.ok((wakeAt?.getTime() ?? 0) > Date.now() + 60_000);
  });

  it('tries again with a longer pause each time, and is dead after the last attempt', async () => {
    const bench = await openBench();
    const id = await bench.submit({ maxAttempts: 3 });
    const faculty = facultyOf({ recover: { backoff: 40 } });
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await bench.run(failing(HTTP), faculty);
      const { item, foci } = await bench.look(id);
      assert.deepEqual([item.attempts, foci.length], [attempt, attempt]);
      assert.deepEqual([foci.at(-1)?.status, foci.at(-1)?.phase, foci.at(-1)?.error], ['failed', 'recover', HTTP]);
      if (attempt === 3) break;
      assert.equal(item.state, 'queued');
      assert.equal(await bench.tryClaim(), undefined);
      pauses.push(Math.round((item.availableAt.getTime() - item.updatedAt.getTime()) / 1000));
      await bench.makeDue(id);
    }
    assert.deepEqual(pauses, [20, 40]);
    const { item, events } = await bench.look(id);
    const { duration_ms: _duration, ...outcome } = item.outcome ?? {};
    assert.deepEqual(
      [item.state, outcome],
      ['dead', { success: false, summary: 'Attempt 3 failed too: connection refused', error: HTTP }],
    );
    assert.deepEqual(
      events.map(({ reason }) => reason),
      [
        'submitted',
        ...['claimed', 'attempt failed, to be retried', 'claimed', 'attempt failed, to be retried'],
        ...['claimed', 'attempt failed, none left'],
      ],
    );
    assert.equal(await bench.tryClaim(), undefined);
  });

  it('doubles the pause, spreads it over half of itself, and keeps it under a quarter of an hour', () => {
    assert.deepEqual(
      [1, 2, 3].map((failed) => backoffMs(2, failed, 1)),
      [2000, 4000, 8000],
    );
    assert.deepEqual([backoffMs(2, 1, 0), backoffMs(2, 1, 0.5)], [1000, 1500]);
    assert.equal(backoffMs(2, 100, 1), 900_000);
    assert.equal(backoffMs(0, 3, 1), 0);
  });

  for (const [error, kind] of [
    [{ kind: 'context_exceeded', message: 'too long' }, 'context_exceeded'],
    [{ kind: 'refused', message: 'not this' }, 'refused'],
    [{ kind: 'api', status: 400, type: 'invalid_request_error', message: 'bad request' }, 'api'],
    [{ kind: 'api', status: 404, type: 'not_found_error', message: 'no such model' }, 'api'],
  ] as const) {
    it(`does not repeat what cannot end otherwise: ${error.message}`, async () => {
      const bench = await openBench();
      const id = await bench.submit();
      await bench.run(failing(error), facultyOf({ recover: { command: 'touch ran' } }));
      const { item, foci } = await bench.look(id);
      assert.deepEqual([item.state, item.attempts, foci.length], ['dead', 1, 1]);
      assert.deepEqual(item.outcome?.error, { kind, message: error.message });
      assert.equal(item.outcome?.summary, error.message);
    });
  }

  for (const error of [
    { kind: 'api', status: 500, type: 'api_error', message: 'oops' },
    { kind: 'overloaded', message: 'busy' },
    { kind: 'stream_cut', message: 'cut' },
    { kind: 'malformed', message: 'garbage' },
  ] as const) {
    it(`tries again after ${error.kind}`, async () => {
      const bench = await openBench();
      const id = await bench.submit();
      await bench.run(failing(error));
      const { item } = await bench.look(id);
      assert.deepEqual([item.state, item.attempts], ['queued', 1]);
    });
  }

  it('begins anew from the ledger where a later Animus wrote what this one cannot read, and counts no attempt', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    await bench.run(
      writtenModel([{ calls: [note('the weir is dry')] }, { error: { kind: 'auth', message: 'no', key: 'k' } }]),
    );
    await resolveWait(bench.db, await onlyWait(bench), 'there');
    const { focus } = await bench.look(id);
    await bench.db.query('update animus.focus_messages set format_version = 2 where focus_id = $1 and n = 2', [
      focus?.id ?? '',
    ]);
    const client = writtenModel([{ text: 'ok' }]);
    await bench.run(client);
    assert.deepEqual([(await bench.look(id)).item.state, client.requests], ['queued', []]);
    await bench.run(client);
    const { item, foci } = await bench.look(id);
    assert.deepEqual(
      [item.state, item.attempts, foci.map(({ status, attempt, error }) => [status, attempt, error?.kind])],
      [
        'completed',
        0,
        [
          ['cancelled', 1, 'unreadable'],
          ['completed', 1, undefined],
        ],
      ],
    );
    assert.match(JSON.stringify(client.requests[0]?.messages), /the weir is dry/);
  });

  it('is dead at once where its model does not exist', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    await bench.run({ kind: 'unknown', message: 'No provider is named "x".' });
    const { item } = await bench.look(id);
    assert.deepEqual([item.state, item.outcome?.error?.kind], ['dead', 'unknown_model']);
  });

  it('takes an error of the host itself for a failed attempt, and logs where it was', async () => {
    const bench = await openBench();
    bench.redactor.add('pass', 'hunter2-hunter2');
    const id = await bench.submit();
    const models = {
      open: () => {
        throw new Error('a bug with hunter2-hunter2');
      },
      rejectCredential: () => undefined,
      costOf: costMicros,
    };
    await bench.run(writtenModel([]), facultyOf(), { models });
    const { item, focus } = await bench.look(id);
    assert.deepEqual([item.state, item.attempts, focus?.error?.kind], ['queued', 1, 'internal']);
    assert.equal(focus?.error?.message, 'The host met an error of its own: a bug with [redacted:pass]');
    const line = bench.logged.find(({ event }) => event === 'focus.failed');
    assert.match(String(line?.facts.stack), /focus-failures/);
  });

  it('[F11] fails the attempt of an item that was taken over three times without anything new', async () => {
    const bench = await openBench();
    const id = await bench.submit({ maxAttempts: 2 });
    const unused = writtenModel([{ text: 'ok' }]);
    for (let death = 1; death <= 3; death += 1) {
      await bench.claim();
      assert.deepEqual(await bench.nextHost(), [id]);
      const { item } = await bench.look(id);
      assert.deepEqual([item.state, item.attempts, item.resumesWithoutProgress], ['queued', 0, death]);
    }
    await bench.run(unused);
    assert.equal(unused.requests.length, 0);
    const { item, focus } = await bench.look(id);
    assert.deepEqual([item.state, item.attempts, item.resumesWithoutProgress], ['queued', 1, 0]);
    assert.equal(focus?.error?.kind, 'no_progress');
    assert.match(focus?.error?.message ?? '', /died 3 times in a row/);
    // The second attempt has its own three lives.
    await bench.makeDue(id);
    for (let death = 1; death <= 3; death += 1) {
      await bench.claim();
      await bench.nextHost();
    }
    await bench.run(unused);
    const buried = await bench.look(id);
    assert.deepEqual([buried.item.state, buried.item.attempts], ['dead', 2]);
    assert.equal(buried.item.outcome?.error?.kind, 'no_progress');
  });

  it('[F11] starts counting anew with every recorded turn', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    for (let death = 1; death <= 4; death += 1) {
      const never = barrier();
      const begun = barrier();
      const client = writtenModel((turn) => {
        if (turn === death + 1) begun.open();
        return turn <= death ? { calls: [note(`turn ${turn}`)] } : { after: never.reached };
      });
      const abort = new AbortController();
      const claim = await bench.claim(facultyOf(), { abort: abort.signal });
      const running = runFocus(bench.dependencies(client), claim);
      await begun.reached;
      assert.deepEqual(await bench.nextHost(), [id]);
      abort.abort();
      await running;
      assert.equal((await bench.look(id)).item.resumesWithoutProgress, 1);
    }
    await bench.run(writtenModel(() => ({ text: 'ok' })));
    const { item, entries } = await bench.look(id);
    assert.deepEqual([item.state, item.attempts, entries.length], ['completed', 0, 4]);
  });

  it("[F3] writes nothing more once its lease is another's", async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const asleep = barrier();
    const reached = barrier();
    const effects: string[] = [];
    const act = worldTool({
      name: 'act',
      effect: 'write',
      run: (text) => {
        effects.push(text);
        return { content: 'done', isError: false };
      },
    });
    const sleeper = writtenModel((turn) => {
      if (turn === 1) return { calls: [note('mine')] };
      reached.open();
      return { text: 'late', calls: [note('late'), { name: 'act', input: { text: 'late' } }], after: asleep.reached };
    });
    const zombie = await bench.claim();
    const changes = { workspaceTools: [act] };
    const running = runFocus(bench.dependencies(sleeper, changes), zombie);
    await reached.reached;
    await bench.nextHost();
    const heir = writtenModel((turn) => (turn === 2 ? { calls: [note('by the heir')] } : { text: 'ok' }));
    await bench.run(heir, facultyOf(), changes);
    const before = await bench.look(id);
    asleep.open();
    await running;
    assert.deepEqual(await bench.look(id), before);
    assert.deepEqual(effects, []);
    assert.equal(before.item.state, 'completed');
    assert.deepEqual(
      before.entries.map(({ content }) => content),
      ['mine', 'by the heir'],
    );
    assert.ok(bench.logged.some(({ event, facts }) => event === 'focus.fenced' && facts.work_id === id));
  });

  it('finds its own claim again when the answer to it was lost', async () => {
    const bench = await openBench();
    const [first, second] = [await bench.submit(), await bench.submit()];
    const scope = { places: [bench.place], faculties: ['general'] };
    const claimed = await claimNext(
      lossyDatabase(bench.db, (count) => count === 1),
      bench.hostId,
      scope,
    );
    assert.equal(claimed?.item.id, first);
    assert.deepEqual([claimed?.focus.workItemId, claimed?.lease.focusId], [first, claimed?.focus.id]);
    assert.equal((await bench.look(second)).item.state, 'queued');
    const leases = await bench.db.query('select token from animus.leases where host_id = $1', [bench.hostId]);
    assert.deepEqual(leases, [{ token: claimed?.lease.token }]);
  });

  it('gives the lease back when it is asked to stop, and the next host goes on', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const stopping = new AbortController();
    const client = writtenModel((turn) => {
      stopping.abort();
      return turn === 1 ? { calls: [note('one')] } : { text: 'ok' };
    });
    const claim = await bench.claim(facultyOf(), { stopping: stopping.signal });
    await runFocus(bench.dependencies(client), claim);
    const released = await bench.look(id);
    assert.deepEqual([released.item.state, released.focus?.status], ['queued', 'released']);
    assert.deepEqual([released.item.attempts, released.item.resumesWithoutProgress], [0, 0]);
    await bench.run(client);
    const { item, entries, foci } = await bench.look(id);
    assert.deepEqual([item.state, entries.length, foci.length], ['completed', 1, 1]);
    assert.deepEqual(
      client.requests.map(({ turn }) => turn),
      [1, 2],
    );
  });

  it('lets a tool end by itself when a drain has waited long enough for the model, and begins no other', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const [stopping, abort] = [new AbortController(), new AbortController()];
    const act = worldTool({
      name: 'act',
      effect: 'write',
      run: async (_text, { signal }) => {
        stopping.abort();
        abort.abort();
        return { content: signal.aborted ? 'told to end' : 'done', isError: false };
      },
    });
    const client = writtenModel([{ calls: ['a', 'b'].map((text) => ({ name: 'act', input: { text } })) }]);
    const signals = { stopping: stopping.signal, abort: abort.signal, lost: new AbortController().signal };
    const claim = await bench.claim(facultyOf(), signals);
    await runFocus(bench.dependencies(client, { workspaceTools: [act] }), claim);
    const { item, focus, calls } = await bench.look(id);
    assert.deepEqual([item.state, focus?.status], ['queued', 'released']);
    assert.deepEqual(
      calls.map(({ state, result }) => [state, result?.content]),
      [
        ['done', 'done'],
        ['requested', undefined],
      ],
    );
  });

  it('does nothing but give the lease back when it is stopped before it began', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const claim = await bench.claim(facultyOf(), { stopping: AbortSignal.abort() });
    await runFocus(bench.dependencies(writtenModel([])), claim);
    const { item, focus, messages } = await bench.look(id);
    assert.deepEqual([item.state, focus?.status, focus?.phase, messages], ['queued', 'released', 'orient', []]);
  });
});
