/** What work may use: reached, asked about, raised or stopped, and shared by a whole tree. */
import assert from 'node:assert/strict';
import { answerQuestion } from '../../../src/host/engine/focus/answer.ts';
import { releaseFocus } from '../../../src/host/engine/focus/ending.ts';
import { DAY } from '../../../src/host/engine/focus/engage-phase.ts';
import { moveWork } from '../../../src/host/engine/focus/move.ts';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import type { FocusDependencies } from '../../../src/host/engine/focus/types.ts';
import { readOpenQuestions } from '../../../src/host/store/questions/questions.ts';
import type { AskedBudget } from '../../../src/host/store/work/types.ts';
import { openWaits } from '../../../src/host/store/work/waits.ts';
import { inTransactions } from '../../support/database-interleaving.ts';
import { answered, choosing, DEAR_MICROS, openQuestion, PRICED, spentOn, using } from '../../support/engine-budgets.ts';
import { childTools, delegate, modelOfTasks } from '../../support/engine-children.ts';
import { OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { type Bench, type FacultyKeys, facultyOf, openBench } from '../../support/engine-focus.ts';
import { barrier, worldTool } from '../../support/engine-loop.ts';
import { type WrittenAnswer, writtenModel } from '../../support/engine-model.ts';

const look = worldTool({ name: 'look' });
/** Turns that look at another thing each, then an end. */
const looking = (turns: number) =>
  writtenModel((turn): WrittenAnswer => {
    return turn <= turns ? { calls: [{ name: 'look', input: { text: `at ${turn}` } }] } : { text: 'All seen.' };
  });

const small = (budget: FacultyKeys['budget'] = {}, engage: FacultyKeys['engage'] = {}) =>
  facultyOf({ budget, engage: { max_tokens: 100, ...engage } });

const priced = (changes: Partial<FocusDependencies> = {}): Partial<FocusDependencies> => ({
  workspaceTools: [look],
  defaultModel: PRICED,
  ...changes,
});

describe('budgets', function () {
  this.timeout(OPENING_LIMIT_MS);
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench();
  });

  const stateOf = async (id: string) => (await bench.look(id)).item.state;

  it('parks the focus with a question when its cost is reached; raised, it goes on to its end', async () => {
    const id = await bench.submit({ budget: { max_cost_usd: 0.04 } });
    const model = using(looking(4));
    await bench.run(model, small(), priced());
    const parked = await bench.look(id);
    assert.deepEqual([parked.item.state, parked.focus?.status, model.requests.length], ['waiting', 'parked', 2]);
    const question = await openQuestion(bench);
    assert.deepEqual([question.kind, question.turn, question.workItemId], ['budget', 2, id]);
    assert.match(question.text, /of \$0\.04 it has spent \$0\.03, and the next answer may cost up to \$0\.01\. Shall/);
    assert.deepEqual(question.choices, ['Raise the limit to $0.08 and go on', 'Stop here']);
    const [wait] = await openWaits(bench.db, [bench.place]);
    assert.deepEqual([wait?.kind, wait?.targets], ['budget', [question.id]]);

    await answered(bench, { choice: 1 });
    assert.equal(await stateOf(id), 'queued');
    await bench.run(model, small(), priced());
    const { item, foci } = await bench.look(id);
    assert.deepEqual([item.state, item.outcome?.summary, item.attempts, foci.length], ['completed', 'All seen.', 0, 1]);
    assert.equal((await spentOn(bench, id)).costMicros, 5 * DEAR_MICROS);
    assert.equal((await spentOn(bench, id)).tokens, 5 * 11_000);
  });

  it('stops where the person says so, without a retry and without another call', async () => {
    const id = await bench.submit({ budget: { max_cost_usd: 0.02 } });
    const model = using(looking(4));
    await bench.run(model, small(), priced());
    await answered(bench, { choice: 2 });
    await bench.run(model, small(), priced());
    const { item, foci } = await bench.look(id);
    assert.deepEqual([item.state, item.outcome?.success, item.outcome?.error?.kind], ['completed', false, 'budget']);
    assert.match(item.outcome?.error?.message ?? '', /has spent \$0\.01.* Asked about it, a test stopped it\.$/);
    assert.deepEqual([foci.length, model.requests.length], [1, 1]);
  });

  for (const [title, budget, expected] of [
    [
      'tokens',
      { max_tokens: 25_000 },
      /of 25,000 tokens it has spent 22,000 tokens, and the next answer may take up to/,
    ],
    ['cost', { max_cost_usd: 0.04 }, /of \$0\.04 it has spent \$0\.03/],
    ['turns', { max_turns: 2 }, /^The limit of 2 turns is reached\.$/],
  ] as const) {
    it(`ends as budget where nobody is there to be asked: ${title}`, async () => {
      const id = await bench.submit({ budget: budget as AskedBudget });
      const model = using(looking(9));
      await bench.run(model, small(), priced({ headless: true }));
      const { item, foci } = await bench.look(id);
      assert.deepEqual([item.state, item.outcome?.error?.kind, item.attempts], ['completed', 'budget', 0]);
      assert.match(item.outcome?.error?.message ?? '', expected);
      assert.deepEqual([model.requests.length, foci.length], [2, 1]);
      assert.deepEqual(await readOpenQuestions(bench.db, bench.place), []);
    });
  }

  it('[eng-6] max_turns parks with a question, and a person may say how many there shall be', async () => {
    const id = await bench.submit();
    const faculty = facultyOf({ engage: { max_turns: 2 } });
    await bench.run(looking(3), faculty, priced());
    const question = await openQuestion(bench);
    assert.equal(question.text, 'The limit of 2 turns is reached. Shall it go on?');
    for (const text of ['2', 'as many as you like', '$5', '1.5 h']) {
      const refused = await answerQuestion(bench.db, question.id, { given: { text }, by: 'a test' });
      assert.equal(refused.kind, 'no_answer', text);
    }
    assert.equal(await stateOf(id), 'waiting');
    await answered(bench, { text: '3 turns' });
    await bench.run(looking(3), faculty, priced());
    assert.match((await openQuestion(bench)).text, /limit of 3 turns/);
    await answered(bench, { choice: 1 });
    await bench.run(looking(3), faculty, priced());
    assert.equal(await stateOf(id), 'completed');
  });

  it("takes the item's own budget over its faculty's, and the faculty's where the item has none", async () => {
    for (const [budget, asked] of [
      [null, true],
      [{ max_tokens: 1_000_000 }, false],
    ] as const) {
      bench = await openBench();
      const id = await bench.submit({ budget });
      await bench.run(using(looking(1)), small({ max_tokens: 100 }), priced());
      assert.equal(await stateOf(id), asked ? 'waiting' : 'completed');
    }
  });

  it('counts the time in which it runs, and not that in which it is parked', async () => {
    const id = await bench.submit({ budget: { max_duration_seconds: 100 } });
    const hours = (column: string, interval: string) =>
      bench.db.query(`update animus.foci set ${column} = ${column} - interval '${interval}' where work_item_id = $1`, [
        id,
      ]);
    const slow = worldTool({
      name: 'look',
      run: async () => {
        await hours('running_since', '60 seconds');
        return { content: 'seen', isError: false };
      },
    });
    const claim = await bench.claim(small());
    await runFocus(bench.dependencies(looking(2), priced({ workspaceTools: [slow] })), claim);
    const question = await openQuestion(bench);
    assert.match(question.text, /it may run for 100 s, and has run for 2 min\./);
    // A day passes.
    await hours('started_at', '1 day');
    await answered(bench, { text: '30 min' });
    await bench.run(looking(2), small(), priced());
    assert.equal(await stateOf(id), 'completed');
    const { ms } = await spentOn(bench, id);
    assert.ok(ms >= 120_000 && ms < 200_000, `${ms} ms`);
  });

  it('refuses to limit a cost that nobody knows, before anything is asked of the model', async () => {
    const id = await bench.submit({ budget: { max_cost_usd: 100 }, model: 'anthropic/claude-of-tomorrow' });
    const model = looking(1);
    await bench.run(model, small(), priced());
    const { item, foci } = await bench.look(id);
    assert.deepEqual([item.state, item.outcome?.error?.kind, foci.length], ['dead', 'unknown_price', 1]);
    assert.match(item.outcome?.error?.message ?? '', /the price of anthropic\/claude-of-tomorrow is not known/);
    assert.equal(model.requests.length, 0);
  });

  it('reckons with the model that a hook chose, and asks none whose cost nobody knows', async () => {
    const id = await bench.submit({ budget: { max_cost_usd: 1 } });
    const model = looking(1);
    const run = (chosen: string) => bench.run(model, small(), priced({ hooksOf: () => choosing(chosen) }));
    await run('anthropic/claude-of-tomorrow');
    const { item } = await bench.look(id);
    assert.deepEqual([item.state, item.outcome?.error?.kind], ['dead', 'unknown_price']);
    assert.match(item.outcome?.error?.message ?? '', /the price of anthropic\/claude-of-tomorrow is not known/);
    assert.deepEqual(await bench.db.query('select 1 from animus.reservations where work_item_id = $1', [id]), []);
    const dearId = await bench.submit({ budget: { max_cost_usd: 0.002 } });
    await run('anthropic/claude-opus-4-8');
    assert.equal(await stateOf(dearId), 'waiting');
    assert.match(
      (await openQuestion(bench)).text,
      /^The next answer may cost up to \$\d+\.\d+, and the limit of this work is \$0\.0020\./,
    );
    assert.equal(model.requests.length, 0);
  });

  it('holds back what the model may think, besides its answer', async () => {
    const id = await bench.submit({ budget: { max_tokens: 10_000 } });
    const model = looking(0);
    await bench.run(model, small({}, { thinking: 'high' }), priced());
    assert.deepEqual([await stateOf(id), model.requests.length], ['waiting', 0]);
    assert.match((await openQuestion(bench)).text, /The next answer may take up to 1[5-9],\d{3} tokens/);
  });

  it('charges the call of a host that died as if it had been billed', async () => {
    const id = await bench.submit({ budget: { max_cost_usd: 1 } });
    const claim = await bench.claim(small());
    const dead = { ...looking(1), stream: () => neverending() };
    const running = runFocus(bench.dependencies(dead, priced()), claim);
    await untilReserved(bench, id);
    const [held] = await bench.db.query<{ cost: number }>(
      'select cost_micros as cost from animus.reservations where work_item_id = $1',
      [id],
    );
    assert.equal((await spentOn(bench, id)).costMicros, 0);
    assert.deepEqual(await bench.nextHost(), [id]);
    await bench.run(using(looking(0)), small(), priced());
    assert.equal((await spentOn(bench, id)).costMicros, (held?.cost ?? 0) + DEAR_MICROS);
    assert.ok((held?.cost ?? 0) > 0);
    assert.equal(await stateOf(id), 'completed');
    neverends.abort();
    await running;
  });

  for (const [kind, isCharged] of [
    ['overloaded', false],
    ['http', false],
    ['stream_cut', true],
  ] as const) {
    it(`${isCharged ? 'charges' : 'charges nothing for'} a call that failed as ${kind}`, async () => {
      const id = await bench.submit({ budget: { max_cost_usd: 1 } });
      await bench.run(writtenModel([{ error: { kind, message: 'x' } }]), small(), priced());
      assert.equal((await spentOn(bench, id)).costMicros > 0, isCharged);
      assert.deepEqual(await bench.db.query('select 1 from animus.reservations where work_item_id = $1', [id]), []);
    });
  }

  it('counts what children spend against the work above; they end, and only the root asks', async () => {
    const tools = childTools();
    const model = using(
      modelOfTasks({
        parent: delegate(['child']),
        child: (turn) => ({ calls: [{ name: 'look', input: { text: `at ${turn}` } }] }),
      }),
    );
    const id = await bench.submit({ description: 'parent', budget: { max_cost_usd: 0.07 } });
    const changes = priced({ engineTools: tools });
    await bench.run(model, small(), changes); // spawns in its first turn, awaits in its second
    assert.equal(await stateOf(id), 'waiting');
    const child = (await bench.run(model, small(), changes)).item;
    const { outcome, state } = (await bench.look(child.id)).item;
    assert.deepEqual([state, outcome?.error?.kind], ['completed', 'budget']);
    assert.match(
      outcome?.error?.message ?? '',
      /^The budget of the work #[0-9a-f]{8} above this one has too little left: of \$0\.07/,
    );
    assert.equal((await spentOn(bench, child.id)).costMicros, 2 * DEAR_MICROS);
    assert.equal((await spentOn(bench, id)).costMicros, 4 * DEAR_MICROS);
    assert.deepEqual(await readOpenQuestions(bench.db, bench.place), []);
    await bench.run(model, small(), changes);
    assert.equal((await openQuestion(bench)).workItemId, id);
  });

  it("an agent's word for its child lifts no limit of the child's faculty", async () => {
    const provenance = { source: 'child' } as const;
    const id = await bench.submit({ provenance, budget: { max_tokens: 1_000_000, max_turns: 1000 } });
    await bench.run(using(looking(1)), small({ max_tokens: 100 }, { max_turns: 7 }), priced({ headless: true }));
    const { item, focus } = await bench.look(id);
    assert.match(item.outcome?.error?.message ?? '', /limit of this work is 100 tokens\. Nothing of it is spent/);
    assert.equal(focus?.config?.maxTurns, 7);
  });

  it('waits while calls under way may turn out smaller, and goes on when they have', async () => {
    const root = await bench.submit({ budget: { max_tokens: 20_000 } });
    const claim = await bench.claim(small());
    const other = await heldReservation(bench, root, 19_000);
    const model = looking(0);
    const looked = barrier();
    let looks = 0;
    const db = inTransactions(bench.db, async (body) => {
      const result = await bench.db.transaction(body);
      if ((result as { kind?: string } | undefined)?.kind === 'busy') looks += 1;
      if (looks === 2) looked.open();
      return result;
    });
    const running = runFocus(bench.dependencies(model, priced({ db })), claim);
    await looked.reached;
    assert.equal(model.requests.length, 0);
    await other.release();
    await running;
    assert.deepEqual([await stateOf(root), model.requests.length], ['completed', 1]);
  });

  it('rests for the day when the place has spent what it may, and is woken by the next', async () => {
    const id = await bench.submit();
    const model = using(looking(3));
    await bench.run(model, small(), priced({ dayCapMicros: 20_000 }));
    const { item } = await bench.look(id);
    assert.deepEqual([item.state, model.requests.length], ['waiting', 2]);
    const [wait] = await openWaits(bench.db, [bench.place]);
    assert.deepEqual([wait?.kind, wait?.targets], ['budget', [DAY]]);
    const left = (wait?.wakeAt?.getTime() ?? 0) - Date.now();
    assert.ok(left > -60_000 && left <= 24 * 3_600_000, `${left} ms`);
    assert.equal(wait?.wakeAt?.toISOString().slice(11, 16), '00:00');
  });

  it('asks anew about work that was moved while its question was open', async () => {
    const there = await openBench();
    const id = await bench.submit({ budget: { max_cost_usd: 0.04 } });
    await bench.run(using(looking(9)), small(), priced());
    const before = await openQuestion(bench);
    await moveWork(bench.db, { id, to: there.place, from: 'mill:/old', target: 'mill:/new', by: 'a test' });
    const late = await answerQuestion(bench.db, before.id, { given: { choice: 1 }, by: 'a test' });
    assert.equal(late.kind, 'over');
    await there.run(using(looking(9)), small(), priced());
    const { item } = await there.look(id);
    assert.deepEqual([item.state, item.attempts], ['waiting', 0]);
    const question = await openQuestion(there);
    assert.ok(question.kind === 'budget' && question.id !== before.id);
  });

  it('holds nothing back any more for a call whose request fits nowhere', async () => {
    const id = await bench.submit({ budget: { max_cost_usd: 1 } });
    const model = writtenModel(() => ({ error: { kind: 'context_exceeded', message: 'too long' } }));
    await bench.run(model, small(), priced());
    assert.equal(await stateOf(id), 'dead');
    assert.deepEqual(await bench.db.query('select 1 from animus.reservations where work_item_id = $1', [id]), []);
    assert.equal((await spentOn(bench, id)).costMicros, 0);
  });

  for (const [title, left] of [
    ['nothing was counted', 'delete from animus.budgets where work_item_id = $1'],
    ['something was spent', 'update animus.budgets set max_turns = null, max_tokens = null where work_item_id = $1'],
  ] as const) {
    it(`work that began before there were limits gets those of its faculty: ${title}`, async () => {
      const id = await bench.submit();
      const stopping = new AbortController();
      const claim = await bench.claim(small({ max_tokens: 25_000 }), { stopping: stopping.signal });
      const model = using(looking(9));
      const first = { ...look, run: async () => ({ content: `${stopping.abort()}`, isError: false }) } as typeof look;
      await runFocus(bench.dependencies(model, priced({ workspaceTools: [first] })), claim);
      await bench.db.query(left, [id]);
      await bench.run(model, small({ max_tokens: 45_000 }), priced());
      assert.equal(await stateOf(id), 'waiting');
      assert.match((await openQuestion(bench)).text, /of 45,000 tokens it has spent/);
      await answered(bench, { text: '60,000' });
      await bench.run(model, small({ max_tokens: 45_000 }), priced());
      assert.match((await openQuestion(bench)).text, /of 60,000 tokens it has spent/);
    });
  }

  it('keeps a raised limit over a release and another attempt', async () => {
    await bench.submit({ budget: { max_cost_usd: 0.04 } });
    await bench.run(using(looking(9)), small(), priced());
    await answered(bench, { text: '$0.10' });
    const claim = await bench.claim(small());
    await releaseFocus(bench.db, claim.lease);
    await bench.run(using(looking(9)), small(), priced());
    assert.match((await openQuestion(bench)).text, /of \$0\.10 it has spent \$0\.0[89]/);
  });
});

const neverends = new AbortController();

/** A call that is under way until the end of the test. */
async function* neverending(): AsyncGenerator<never> {
  await new Promise<void>((resolve) => neverends.signal.addEventListener('abort', () => resolve()));
  yield* [];
}

async function untilReserved(bench: Bench, id: string): Promise<void> {
  const query = () => bench.db.query('select 1 from animus.reservations where work_item_id = $1', [id]);
  while ((await query()).length === 0) await new Promise((resolve) => setImmediate(resolve));
}

/** A call of another focus in the same tree that may still use so many tokens. */
async function heldReservation(bench: Bench, rootId: string, tokens: number) {
  const child = await bench.submit({ parent: { id: rootId, rootId, depth: 0 } });
  const { lease } = await bench.claim(small());
  await bench.db.query(
    `insert into animus.reservations (id, work_item_id, root_id, focus_id, token, tokens, cost_micros)
     values ($1, $2, $3, $4, $5, $6, 0)`,
    [lease.focusId, child, rootId, lease.focusId, lease.token, tokens],
  );
  return { release: () => bench.db.query('delete from animus.reservations where work_item_id = $1', [child]) };
}
