/** Questions of agents, and foci that go round in circles: asked, answered, and what comes of the answers. */
import assert from 'node:assert/strict';
import { answerQuestion } from '../../../src/host/engine/focus/answer.ts';
import { cancelWork } from '../../../src/host/engine/focus/cancel.ts';
import { SAID } from '../../../src/host/engine/focus/insert-besides.ts';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import { askUser } from '../../../src/host/engine/tools/ask-user.ts';
import type { CompletionRequest } from '../../../src/host/llm/types.ts';
import { isOpenQuestion, readOpenQuestions } from '../../../src/host/store/questions/questions.ts';
import { openWaits } from '../../../src/host/store/work/waits.ts';
import { answered, openQuestion } from '../../support/engine-budgets.ts';
import { lastResults } from '../../support/engine-children.ts';
import { OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { type Bench, facultyOf, openBench } from '../../support/engine-focus.ts';
import { worldTool } from '../../support/engine-loop.ts';
import { type WrittenAnswer, type WrittenModel, writtenModel } from '../../support/engine-model.ts';

const asking = (question: string, choices?: string[]) => ({
  name: 'ask_user',
  input: { question, ...(choices ? { choices } : {}) },
});

const tools = { engineTools: [askUser({ headless: false })] };
const results = (request: CompletionRequest) => lastResults(request).map(({ content }) => content);

describe('questions', function () {
  this.timeout(OPENING_LIMIT_MS);
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench();
  });

  const stateOf = async (id: string) => (await bench.look(id)).item.state;
  /** Gives back what it was answered. */
  const asker = (...calls: ReturnType<typeof asking>[]): WrittenModel =>
    writtenModel((turn, request) => (turn === 1 ? { calls } : { text: results(request).join(' | ') }));

  it('parks the focus until somebody answers, and gives the answer as the result', async () => {
    const id = await bench.submit();
    await bench.run(asker(asking('Which river?', ['Elbe', 'Oder'])), facultyOf(), tools);
    const { item, calls, focus } = await bench.look(id);
    assert.deepEqual([item.state, focus?.status, calls[0]?.state], ['waiting', 'parked', 'waiting']);
    const question = await openQuestion(bench);
    assert.deepEqual(
      [question.kind, question.text, question.choices, question.toolCallId, question.turn],
      ['ask', 'Which river?', ['Elbe', 'Oder'], calls[0]?.id, 1],
    );
    const [wait] = await openWaits(bench.db, [bench.place]);
    assert.deepEqual([wait?.kind, wait?.targets], ['answer', [question.id]]);
    const kept = await answered(bench, { choice: 2 });
    assert.deepEqual([kept.answer, kept.verdict, kept.answeredBy], ['Oder', 'answer', 'a test']);
    // Another host goes on.
    await bench.nextHost();
    await bench.run(asker(), facultyOf(), tools);
    assert.equal((await bench.look(id)).item.outcome?.summary, 'A person answered:\nOder');
    assert.deepEqual(await readOpenQuestions(bench.db, bench.place), []);
  });

  it('takes words of a person, and the same answer twice as one', async () => {
    const id = await bench.submit();
    await bench.run(asker(asking('Which river?', ['Elbe'])), facultyOf(), tools);
    const { id: questionId } = await openQuestion(bench);
    const say = (given: { text: string } | { choice: number }) =>
      answerQuestion(bench.db, questionId, { given, by: 'a test' });
    assert.equal((await say({ choice: 2 })).kind, 'no_answer');
    assert.equal((await say({ text: '  ' })).kind, 'no_answer');
    assert.equal((await say({ text: 'elbe' })).kind, 'answered');
    const events = (await bench.look(id)).events.length;
    assert.equal((await say({ choice: 1 })).kind, 'answered');
    assert.equal((await say({ text: 'Weser' })).kind, 'answered_before');
    assert.equal((await bench.look(id)).events.length, events);
    await bench.run(asker(), facultyOf(), tools);
    assert.equal((await bench.look(id)).item.outcome?.summary, 'A person answered:\nElbe');
  });

  it('waits for all that one turn asks; answered one by one', async () => {
    const id = await bench.submit();
    await bench.run(asker(asking('One?'), asking('Two?')), facultyOf(), tools);
    const [one, two] = await readOpenQuestions(bench.db, bench.place);
    await answerQuestion(bench.db, two?.id ?? '', { given: { text: 'second' }, by: 'a test' });
    assert.equal(await stateOf(id), 'queued');
    await bench.run(asker(), facultyOf(), tools);
    assert.equal(await stateOf(id), 'waiting');
    await answerQuestion(bench.db, one?.id ?? '', { given: { text: 'first' }, by: 'a test' });
    await bench.run(asker(), facultyOf(), tools);
    const summary = (await bench.look(id)).item.outcome?.summary;
    assert.equal(summary, 'A person answered:\nfirst | A person answered:\nsecond');
  });

  it('tells the agent that nobody is there, where nobody is', async () => {
    const id = await bench.submit();
    await bench.run(asker(asking('Which river?')), facultyOf(), { engineTools: [askUser({ headless: true })] });
    const { item } = await bench.look(id);
    assert.deepEqual([item.state, /^Nobody can be asked here/.test(item.outcome?.summary ?? '')], ['completed', true]);
  });

  it('is over with the work that asked', async () => {
    const id = await bench.submit();
    await bench.run(asker(asking('Which river?')), facultyOf(), tools);
    const { id: questionId } = await openQuestion(bench);
    await cancelWork(bench.db, { id, tree: true, by: 'a test' });
    assert.equal(await isOpenQuestion(bench.db, questionId), false);
    const late = await answerQuestion(bench.db, questionId, { given: { text: 'Elbe' }, by: 'a test' });
    assert.equal(late.kind, 'over');
    assert.equal(await stateOf(id), 'cancelled');
  });

  it('answers bad arguments with an error result', async () => {
    const id = await bench.submit();
    await bench.run(asker(asking(' '), asking('x', [''])), facultyOf(), tools);
    assert.match((await bench.look(id)).item.outcome?.summary ?? '', /^Bad arguments for ask_user:.*\| Bad arguments/s);
  });
});

describe('a focus that goes round in circles', function () {
  this.timeout(OPENING_LIMIT_MS);
  const look = worldTool({ name: 'look' });
  const broken = worldTool({ name: 'look', run: () => ({ content: 'gone', isError: true }) });
  const again = (turns: number) =>
    writtenModel((turn): WrittenAnswer => {
      return turn <= turns ? { calls: [{ name: 'look', input: { text: 'again' } }] } : { text: 'Enough.' };
    });
  const run = (bench: Bench, client: WrittenModel, changes = {}) =>
    bench.run(client, facultyOf(), { workspaceTools: [look], ...changes });

  it('is warned in the result of the third equal call, and parks as stuck at the sixth', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const client = again(20);
    await run(bench, client);
    const warned = client.requests.map((request) =>
      results(request).some((text) => text.includes('[engine] Look out')),
    );
    assert.deepEqual(warned, [false, false, false, true, true, true]);
    assert.equal((await bench.look(id)).item.state, 'waiting');
    const question = await openQuestion(bench);
    assert.deepEqual([question.kind, question.turn, question.choices], ['stuck', 6, ['Go on', 'Stop here']]);
    assert.match(
      question.text,
      /^It goes round in circles: the same call of look .* 6 times running\. Shall it go on\?/,
    );
  });

  it('counts the same after each resume', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    // Every call is made by another host.
    for (let at = 1; at <= 5; at += 1) {
      const stopping = new AbortController();
      const stopped = worldTool({
        name: 'look',
        run: () => {
          stopping.abort();
          return { content: 'seen', isError: false };
        },
      });
      const claim = await bench.claim(facultyOf(), { stopping: stopping.signal });
      await runFocus(bench.dependencies(again(20), { workspaceTools: [stopped] }), claim);
      assert.equal((await bench.look(id)).item.state, 'queued');
      await bench.nextHost();
    }
    const client = again(20);
    await run(bench, client);
    assert.equal(client.requests.length, 1);
    assert.equal((await openQuestion(bench)).kind, 'stuck');
  });

  it('goes on where a person says so, and starts to count anew', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    await run(bench, again(8));
    await answered(bench, { choice: 1 });
    await run(bench, again(8));
    assert.equal((await bench.look(id)).item.outcome?.summary, 'Enough.');
  });

  it('hears what a person says to it instead, before its next answer', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const client = again(6);
    await run(bench, client);
    await answered(bench, { text: 'Look at the weir.' });
    await run(bench, client);
    const said = client.requests.at(-1)?.messages.at(-1)?.content.at(-1);
    assert.deepEqual(said, { type: 'text', text: `${SAID}\nLook at the weir.` });
    assert.equal((await bench.look(id)).item.state, 'completed');
  });

  it('ends as stuck where the person stops it, or nobody is there, without a retry', async () => {
    for (const headless of [true, false]) {
      const bench = await openBench();
      const id = await bench.submit();
      await run(bench, again(20), { headless });
      if (!headless) {
        await answered(bench, { text: 'stop' });
        await run(bench, again(20));
      }
      const { item, foci } = await bench.look(id);
      assert.deepEqual([item.state, item.outcome?.success, item.outcome?.error?.kind], ['completed', false, 'stuck']);
      assert.match(item.outcome?.summary ?? '', /^It goes round in circles: the same call of look/);
      assert.equal(foci.length, 1);
    }
  });

  it('is seen in a child too, whose parent waits for it', async () => {
    const bench = await openBench();
    const rootId = await bench.submit();
    await bench.claim();
    const id = await bench.submit({ parent: { id: rootId, rootId, depth: 0 } });
    const client = again(20);
    await run(bench, client);
    assert.equal(client.requests.length, 6);
    assert.equal((await openQuestion(bench)).workItemId, id);
  });

  it('parks after six turns in which everything failed, whatever was called', async () => {
    const bench = await openBench();
    await bench.submit();
    const client = writtenModel((turn) => ({ calls: [{ name: 'look', input: { text: String(turn) } }] }));
    await run(bench, client, { workspaceTools: [broken] });
    assert.equal(client.requests.length, 6);
    assert.match((await openQuestion(bench)).text, /every call has failed, turn after turn, 6 times running/);
  });
});
