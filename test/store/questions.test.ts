/** Questions and their answers: no answer falls between two transactions. */
import assert from 'node:assert/strict';
import type { Db } from '../../src/host/db/types.ts';
import type { Claimed } from '../../src/host/engine/dispatch/claim.ts';
import type { WaitingCall } from '../../src/host/engine/engage/types.ts';
import { type Answered, answerQuestion } from '../../src/host/engine/focus/answer.ts';
import { completeFocus, parkFocus } from '../../src/host/engine/focus/ending.ts';
import { DbJournal } from '../../src/host/engine/focus/journal.ts';
import { Redactor } from '../../src/host/engine/redaction/redactor.ts';
import { askUser } from '../../src/host/engine/tools/ask-user.ts';
import { openBudget, readBudgets } from '../../src/host/store/budgets/budgets.ts';
import { findQuestions, readOpenQuestions } from '../../src/host/store/questions/questions.ts';
import { openWaits, wakeForTarget } from '../../src/host/store/work/waits.ts';
import { shortId, uuidv7 } from '../../src/rendezvous/ids.ts';
import { losing } from '../support/database-faults.ts';
import { pauseBeforeCommit, untilBlockedBy, without } from '../support/database-interleaving.ts';
import { onEachDatabase } from '../support/databases.ts';
import { claimed, countRows, history, OTHER_PLACE, OUTCOME, PLACE, running, stateOf } from './work-rows.ts';

const tool = askUser({ headless: false });

/** Records an answer that asks these questions; gives what settles it with a database of the test's choice. */
async function asking(db: Db, claim: Claimed, questions: readonly string[]) {
  const journal = (on: Db, { lease }: Claimed) => new DbJournal(on, lease, 'scripted/demo', new Redactor());
  const { calls } = await journal(db, claim).recordAnswer({
    turn: 1,
    blocks: questions.map((question, at) => {
      return { type: 'tool_use', id: `q${at}`, name: 'ask_user', input: { question } };
    }),
    stopReason: { kind: 'tool_use' },
    usage: { input: 1, cacheRead: 0, cacheWrite: 0, output: 1, reasoning: 0 },
  });
  const waiting = calls.map((call): WaitingCall => {
    const context = {
      workItemId: claim.item.id,
      focusId: claim.focus.id,
      faculty: 'general',
      workspace: '/w',
      knownFile: async () => undefined,
      signal: new AbortController().signal,
      callId: call.id,
    };
    const evaluate: WaitingCall['evaluate'] = (stored, tx) => {
      assert.ok(tool.kind === 'waiting');
      return tool.evaluate(call.input, context, stored, tx);
    };
    return { call, evaluate };
  });
  return (on: Db, by: Claimed = claim) => journal(on, by).settleCalls(waiting);
}

const answer = (db: Db, id: string, text = 'yes'): Promise<Answered> =>
  answerQuestion(db, id, { given: { text }, by: 'a test' });

/** A budget of 100 turns is used up, and the focus parked. */
async function parkedForBudget(db: Db) {
  const claim = await running(db);
  const limits = { maxTurns: 100, maxTokens: null, maxCostMicros: null, maxDurationMs: null };
  await db.transaction((tx) => openBudget(tx, claim.item.id, limits));
  const id = uuidv7();
  const data = { limit: 'turns', most: 100, spent: 100, raise_to: 200 };
  const choices = ['Raise the limit to 200 turns and go on', 'Stop here'];
  const question = { id, toolCallId: null, kind: 'budget', turn: 100, text: 'Go on?', choices, data } as const;
  const park = (on: Db) =>
    parkFocus(on, claim.lease, { kind: 'budget', targets: [id], wakeInMs: null, question: { ...question, choices } });
  return { claim, id, park };
}

onEachDatabase('questions', {}, (database) => {
  it('the transaction that keeps the answer queues the work', async () => {
    const { db } = database;
    const claim = await running(db);
    const turn = await asking(db, claim, ['Which?']);
    assert.deepEqual(await turn(db), { kind: 'parked', waitsFor: 'answer' });
    const [question] = await readOpenQuestions(db, PLACE);
    assert.ok(question);
    assert.deepEqual(await readOpenQuestions(db, OTHER_PLACE), []);
    for (const digits of [question.id, shortId(question.id), claim.item.id, shortId(claim.item.id)]) {
      assert.deepEqual(
        (await findQuestions(db, PLACE, digits)).map(({ id }) => id),
        [question.id],
        digits,
      );
    }
    assert.equal((await answer(db, question.id)).kind, 'answered');
    assert.equal(await stateOf(db, claim.item.id), 'queued');
    const settled = await turn(db, await claimed(db));
    assert.ok(settled.kind === 'settled');
    assert.deepEqual([...settled.results.values()], [{ content: 'A person answered:\nyes', isError: false }]);
    assert.deepEqual(await openWaits(db, [PLACE]), []);
    assert.deepEqual((await history(db, claim.item.id)).slice(2, 4), [
      'running → waiting: waits for answer',
      'waiting → queued: answered',
    ]);
  });

  for (const loss of ['before commit', 'after commit'] as const) {
    it(`an answer that is lost ${loss}, and given again, is one answer`, async () => {
      const { db } = database;
      const { claim, id, park } = await parkedForBudget(db);
      await park(losing(db, [loss]));
      assert.equal(await countRows(db, 'questions'), 1);
      await assert.rejects(answer(losing(db, [loss]), id, '150'));
      assert.equal((await answer(db, id, '150')).kind, 'answered');
      assert.equal((await answer(db, id, '150')).kind, 'answered');
      assert.equal((await answer(db, id, '300')).kind, 'answered_before');
      const budget = (await readBudgets(db, [claim.item.id])).get(claim.item.id);
      assert.equal(budget?.maxTurns, 150);
      assert.equal((await history(db, claim.item.id)).filter((event) => event.endsWith('answered')).length, 1);
    });

    it(`a question that is asked, and lost ${loss}, is one question`, async () => {
      const { db } = database;
      const turn = await asking(db, await running(db), ['Which?', 'How many?']);
      assert.deepEqual(await turn(losing(db, [loss])), { kind: 'parked', waitsFor: 'answer' });
      assert.equal(await countRows(db, 'questions'), 2);
    });
  }

  it('an owner of a budget is asked one thing at a time', async () => {
    const { db } = database;
    const { claim, id, park } = await parkedForBudget(db);
    await park(db);
    const [first] = await readOpenQuestions(db, PLACE, [claim.item.id]);
    assert.equal(first?.id, id);
    await assert.rejects(
      db.query(
        `insert into animus.questions (id, work_item_id, focus_id, kind, turn, text)
         values ($1, $2, $3, 'budget', 1, 'again?')`,
        [uuidv7(), claim.item.id, claim.focus.id],
      ),
      { code: '23505' },
    );
  });

  it('nobody waits for the answer to a question whose work has ended', async () => {
    const { db } = database;
    const claim = await running(db);
    const turn = await asking(db, claim, ['Which?']);
    await turn(db);
    const [question] = await readOpenQuestions(db, PLACE);
    await answer(db, question?.id ?? '');
    const again = await claimed(db);
    await completeFocus(db, again.lease, OUTCOME);
    assert.deepEqual(await readOpenQuestions(db, PLACE), []);
    assert.equal((await answer(db, question?.id ?? '', 'no')).kind, 'answered_before');
    assert.equal((await answer(db, uuidv7())).kind, 'not_found');
  });

  it('wakes nobody who waits for something else', async () => {
    const { db } = database;
    const { claim, park } = await parkedForBudget(db);
    await park(db);
    assert.equal(await db.transaction((tx) => wakeForTarget(tx, claim.item.id, uuidv7(), 'answered')), false);
    assert.equal(await stateOf(db, claim.item.id), 'waiting');
  });
});

onEachDatabase('questions on several connections', { connections: 'several' }, (database) => {
  /** One of two questions is answered; the focus is about to park again for the other when that is answered too. */
  async function answeredWhileParking(answering: (db: Db) => Db) {
    const { db } = database;
    const claim = await running(db);
    const turn = await asking(db, claim, ['One?', 'Two?']);
    await turn(db);
    const [one, two] = await readOpenQuestions(db, PLACE);
    assert.ok(one && two);
    await answer(db, one.id);
    const again = await claimed(db);
    const paused = pauseBeforeCommit(db);
    const parking = turn(paused.db, again);
    const pid = await paused.reached;
    const late = answer(answering(await database.connect()), two.id);
    return { claim, parking, late, pid, resume: paused.resume };
  }

  it('an answer that comes while the focus parks for it wakes the work', async () => {
    const { claim, parking, late, pid, resume } = await answeredWhileParking((db) => db);
    await untilBlockedBy(database.db, pid);
    resume();
    assert.equal((await parking).kind, 'parked');
    assert.equal((await late).kind, 'answered');
    assert.equal(await stateOf(database.db, claim.item.id), 'queued');
  });

  it('without the lock on the item it would wake nobody', async () => {
    const lock = /^select 1 from animus\.work_items where id = \$1 for no key update$/;
    const { claim, parking, late, resume } = await answeredWhileParking((db) => without(db, lock));
    assert.equal((await late).kind, 'answered');
    resume();
    assert.equal((await parking).kind, 'parked');
    assert.equal(await stateOf(database.db, claim.item.id), 'waiting');
  });
});
