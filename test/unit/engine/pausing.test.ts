/** Pausing what runs, with a real dispatcher whose clock stands still: soon, at a recorded point, and nothing is lost. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { mock } from 'node:test';
import type { DispatcherOptions } from '../../../src/host/engine/dispatch/dispatcher.ts';
import { endingWhenHeld } from '../../../src/host/engine/focus/ending-when-held.ts';
import { pauseWork, resumeWork } from '../../../src/host/engine/focus/hold.ts';
import { moveWork } from '../../../src/host/engine/focus/move.ts';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import type { FocusDependencies } from '../../../src/host/engine/focus/types.ts';
import type { CompletionRequest, LlmEvent } from '../../../src/host/llm/types.ts';
import { pausePlace, resumePlace } from '../../../src/host/store/work/pauses.ts';
import { inTransactions } from '../../support/database-interleaving.ts';
import { childTools, delegate, modelOfTasks } from '../../support/engine-children.ts';
import { dyingDatabase, lossyDatabase } from '../../support/engine-database.ts';
import { POLL_MS, settled, stateOf, useDispatchers } from '../../support/engine-dispatch.ts';
import { type Bench, facultyOf, openBench } from '../../support/engine-focus.ts';
import { barrier, worldTool } from '../../support/engine-loop.ts';
import { type WrittenAnswer, writtenModel } from '../../support/engine-model.ts';
import { until } from '../../support/engine-wait.ts';

const never = new Promise<never>(() => undefined);
const by = 'a test';
const note = (content: string) => ({ name: 'ledger_append', input: { entry_type: 'note', content } });

describe('pausing', function () {
  this.timeout(60_000);
  const { start, catalogue, addFaculty } = useDispatchers();

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

  /** The item is parked for the pause, and holds nothing. */
  async function assertParked(bench: Bench, id: string): Promise<void> {
    await until(async () => (await stateOf(bench, id)) === 'waiting');
    const { item, focus } = await bench.look(id);
    assert.deepEqual([focus?.status, item.attempts], ['parked', 0]);
    assert.deepEqual(await bench.db.query('select 1 from animus.leases where work_item_id = $1', [id]), []);
  }

  it('while the model answers: the answer is kept, its calls begin when the work goes on, and nothing is asked twice', async () => {
    const bench = await openBench();
    const [asked, answered] = [barrier(), barrier()];
    const client = writtenModel((turn): WrittenAnswer => {
      asked.open();
      return turn === 1 ? { calls: [note('first')], after: answered.reached } : { text: 'Done.' };
    });
    const id = await bench.submit();
    await serve(bench, client);
    await asked.reached;
    assert.equal(await pauseWork(bench.db, { id, by }), 1);
    await settled(bench);
    assert.equal(await stateOf(bench, id), 'running', 'the answer is under way');
    answered.open();
    await assertParked(bench, id);
    const paused = await bench.look(id);
    assert.deepEqual(
      paused.calls.map(({ state }) => state),
      ['requested'],
    );
    assert.deepEqual(paused.entries, []);
    await resumeWork(bench.db, { id, by });
    await until(async () => (await stateOf(bench, id)) === 'completed');
    const { entries, foci } = await bench.look(id);
    assert.deepEqual([entries.length, foci.length, client.requests.length], [1, 1, 2]);
  });

  it('while a tool runs: it ends by itself, its result is kept, and the next one does not begin', async () => {
    const bench = await openBench();
    const [begun, done] = [barrier(), barrier()];
    const ran: string[] = [];
    const tool = worldTool({
      name: 'work',
      effect: 'write',
      run: async (text, { signal }) => {
        ran.push(text);
        begun.open();
        if (text === 'long') await done.reached;
        return { content: signal.aborted ? 'aborted' : 'done', isError: false };
      },
    });
    const calls = ['long', 'next'].map((text) => ({ name: 'work', input: { text } }));
    const client = writtenModel([{ calls }, { text: 'Done.' }]);
    const id = await bench.submit();
    await serve(bench, client, { workspaceTools: [tool] });
    await begun.reached;
    await pauseWork(bench.db, { id, by });
    await settled(bench);
    done.open();
    await assertParked(bench, id);
    assert.deepEqual(ran, ['long']);
    const { calls: recorded } = await bench.look(id);
    assert.deepEqual(
      recorded.map(({ state, result }) => [state, result?.content]),
      [
        ['done', 'done'],
        ['requested', undefined],
      ],
    );
    await resumeWork(bench.db, { id, by });
    await until(async () => (await stateOf(bench, id)) === 'completed');
    assert.deepEqual(ran, ['long', 'next']);
  });

  it('while a phase command runs: it ends by itself, and is not run again', async () => {
    const bench = await openBench();
    const file = path.join(bench.storeFolder, 'runs');
    const go = path.join(bench.storeFolder, 'go');
    addFaculty('patient', `[faculty.orient]\ncommand = "echo . >> ${file}; while [ ! -e ${go} ]; do sleep 0.05; done"`);
    const client = writtenModel([{ text: 'Done.' }]);
    const id = await bench.submit({ faculty: 'patient' });
    await serve(bench, client);
    await until(() => existsSync(file));
    await pauseWork(bench.db, { id, by });
    writeFileSync(go, '');
    await assertParked(bench, id);
    assert.deepEqual(client.requests, []);
    await resumeWork(bench.db, { id, by });
    await until(async () => (await stateOf(bench, id)) === 'completed');
    const runs = await bench.db.query("select 1 from animus.hook_runs where event = 'orient' and focus_id = $1", [
      (await bench.look(id)).focus?.id ?? '',
    ]);
    assert.equal(runs.length, 1);
  });

  it('of a tree holds what is parked, running and queued, and the tree goes on as if nothing had been', async () => {
    const bench = await openBench();
    const [asked, answered] = [barrier(), barrier()];
    const client = modelOfTasks({
      root: delegate(['child', 'other']),
      child: () => {
        asked.open();
        return { text: 'seven herons', after: answered.reached };
      },
      other: () => ({ text: 'two cranes' }),
    });
    const id = await bench.submit({ description: 'root' });
    const { dispatcher } = await serve(bench, client, { engineTools: childTools() }, { maxConcurrent: 1 });
    await asked.reached;
    await until(async () => (await stateOf(bench, id)) === 'waiting');
    assert.equal(await pauseWork(bench.db, { id, by }), 3);
    answered.open();
    await until(() => dispatcher.runningCount === 0);
    mock.timers.tick(POLL_MS);
    await settled(bench);
    assert.equal(dispatcher.runningCount, 0);
    assert.notEqual(await stateOf(bench, id), 'completed');
    await resumeWork(bench.db, { id, by });
    await until(async () => (await stateOf(bench, id)) === 'completed');
    assert.match((await bench.look(id)).item.outcome?.summary ?? '', /2 of 2 children have ended/);
  });

  it('of all work ends what runs, begins nothing, and outlives the host', async () => {
    const bench = await openBench();
    const [asked, answered] = [barrier(), barrier()];
    const client = writtenModel((turn): WrittenAnswer => {
      asked.open();
      return turn === 1 ? { calls: [note('first')], after: answered.reached } : { text: 'Done.' };
    });
    const id = await bench.submit();
    const first = await serve(bench, client);
    await asked.reached;
    await bench.db.transaction((tx) => pausePlace(tx, bench.place, by));
    const later = await bench.submit();
    answered.open();
    await until(() => first.dispatcher.runningCount === 0);
    await first.dispatcher.drain();
    const second = await serve(bench, client);
    mock.timers.tick(POLL_MS);
    await settled(bench);
    assert.equal(second.dispatcher.runningCount, 0);
    assert.deepEqual([await stateOf(bench, id), await stateOf(bench, later)], ['queued', 'queued']);
    await bench.db.transaction((tx) => resumePlace(tx, bench.place));
    for (const each of [id, later]) await until(async () => (await stateOf(bench, each)) === 'completed');
    assert.equal((await bench.look(id)).foci.length, 1);
  });

  it('is found at the next poll by a host that hears of nothing', async () => {
    const bench = await openBench();
    const [asked, answered] = [barrier(), barrier()];
    const client = writtenModel(() => {
      asked.open();
      return { calls: [note('first')], after: answered.reached };
    });
    const id = await bench.submit();
    const deaf = {
      ...inTransactions(bench.db, (body) => bench.db.transaction(body)),
      listen: async () => async () => undefined,
    };
    const { held } = await start(bench, {
      run: async (claim) => {
        held.claims.push(claim);
        await runFocus(bench.dependencies(client), claim);
      },
      catalogue: catalogue(),
      db: deaf,
    });
    await asked.reached;
    await pauseWork(bench.db, { id, by });
    await settled(bench);
    assert.equal(held.claims[0]?.held.aborted, false);
    mock.timers.tick(POLL_MS);
    await until(() => held.claims[0]?.held.aborted === true);
    answered.open();
    await assertParked(bench, id);
  });

  it('[F1] loses nothing, whichever transaction the host dies before or after, or loses the answer of', async () => {
    const model = () => writtenModel([{ calls: [note('first'), note('second')] }, { text: 'Done.' }]);
    let held = 0;
    for (const when of ['before', 'after', 'lossy'] as const) {
      for (let at = 1; at <= 8; at += 1) {
        const bench = await openBench();
        const id = await bench.submit();
        const db = when === 'lossy' ? lossyDatabase(bench.db, (n) => n === at) : dyingDatabase(bench.db, at, when);
        const hold = new AbortController();
        const claim = await bench.claim(facultyOf(), { stopping: hold.signal, held: hold.signal });
        const client = writtenModel((turn): WrittenAnswer => {
          const answer = turn === 1 ? { calls: [note('first'), note('second')] } : { text: 'Done.' };
          return { ...answer, after: pauseWork(bench.db, { id, by }).then(() => hold.abort()) };
        });
        await runFocus(bench.dependencies(client, { db }), claim);
        await bench.nextHost();
        // One that died before the model was asked was not paused yet.
        if ((await bench.look(id)).item.pausedAt) {
          held += 1;
          assert.equal(await bench.tryClaim(), undefined, `${when} ${at}: it is held`);
          await resumeWork(bench.db, { id, by });
        }
        while ((await bench.look(id)).item.state !== 'completed') {
          await bench.run(model());
          await bench.nextHost();
        }
        const { item, entries, foci } = await bench.look(id);
        assert.deepEqual([item.attempts, foci.length], [0, 1], `${when} ${at}`);
        assert.deepEqual(
          entries.map(({ content }) => content),
          ['first', 'second'],
          `${when} ${at}`,
        );
      }
    }
    assert.ok(held >= 18, `${held} of 24 were held`);
  });

  it('gives a model call under way a while to end, and then aborts it', async () => {
    const request: CompletionRequest = { model: 'm', system: [], messages: [], tools: [], maxTokens: 1 };
    const collect = async (events: AsyncIterable<LlmEvent>) => {
      const all: LlmEvent[] = [];
      for await (const event of events) all.push(event);
      return all.at(-1);
    };
    const held = new AbortController();
    const endless = endingWhenHeld(
      writtenModel(() => ({ text: 'x', after: never })),
      { held: held.signal, abort: new AbortController().signal },
      1,
    );
    const ended = collect(endless.stream(request, new AbortController().signal));
    held.abort();
    const last = await ended;
    assert.ok(last?.type === 'failed' && last.error.kind === 'cancelled');
    const answer = barrier();
    const late = new AbortController();
    const slow = endingWhenHeld(
      writtenModel(() => ({ text: 'x', after: answer.reached })),
      { held: late.signal, abort: new AbortController().signal },
      3_600_000,
    );
    const whole = collect(slow.stream(request, new AbortController().signal));
    late.abort();
    answer.open();
    assert.equal((await whole)?.type, 'done');
  });
});

describe('work that was moved', function () {
  this.timeout(60_000);

  it('begins anew from the ledger, is told so, and hears again what people said', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const there = await openBench();
    const client = writtenModel((turn): WrittenAnswer => {
      if (turn === 1) return { calls: [note('the weir is dry')] };
      const move = { id, to: there.place, from: 'mill:/old', target: 'mill:/new', by };
      return { text: 'too late', after: moveWork(bench.db, move) };
    });
    await bench.run(client);
    assert.ok(bench.logged.some(({ event }) => event === 'focus.fenced'));
    const again = writtenModel([{ text: 'Done.' }]);
    await there.run(again);
    const { item, foci } = await there.look(id);
    assert.deepEqual(
      [item.state, item.attempts, foci.map(({ status }) => status)],
      ['completed', 0, ['cancelled', 'completed']],
    );
    const task = JSON.stringify(again.requests[0]?.messages[0]);
    for (const told of ['== MOVED ==', 'mill:/old', 'Files may differ', 'the weir is dry']) {
      assert.ok(task.includes(told), told);
    }
  });
});
