/** Calls that wait: the loop runs what can run, parks for the rest, and asks the model again when every call has its result. */
import assert from 'node:assert/strict';
import type { Evaluation, StoredCallWait } from '../../../src/host/engine/engage/tool.ts';
import { runLoop, storeTool, waitingTool, worldTool } from '../../support/engine-loop.ts';
import { Crash, type Cut, MemoryJournal } from '../../support/engine-memory-journal.ts';
import { type WrittenCall, writtenModel } from '../../support/engine-model.ts';

const call = (name: string, text: string): WrittenCall => ({ name, input: { text } });

/** What is there by now, and what was asked of it. */
class Harbour {
  readonly there = new Set<string>();
  readonly asked: [string, StoredCallWait | null][] = [];
  wakeInMs: number | null = null;

  tool = waitingTool('await', (text, stored): Evaluation => {
    this.asked.push([text, stored]);
    if (this.there.has(text)) return { kind: 'result', result: { content: `${text} is there`, isError: false } };
    if (stored?.isDue) return { kind: 'result', result: { content: `${text} is late`, isError: false } };
    const { wakeInMs } = this;
    return { kind: 'wait', wait: { kind: 'children', targets: [text], mode: 'all', wakeInMs } };
  });
}

function setUp(calls: readonly WrittenCall[]) {
  const [harbour, journal] = [new Harbour(), new MemoryJournal()];
  const client = writtenModel([{ calls }, { text: 'done' }]);
  const ran: string[] = [];
  const echo = worldTool({
    name: 'echo',
    run: (text) => {
      ran.push(text);
      return { content: text, isError: false };
    },
  });
  const tools = [harbour.tool, echo, storeTool('keep')];
  return { harbour, journal, client, ran, tools, run: () => runLoop({ client, journal, tools }) };
}

const resultsOf = (journal: MemoryJournal): string[] =>
  journal.messages.flatMap(({ blocks }) =>
    blocks.flatMap((block) => (block.type === 'tool_result' ? block.content : [])),
  );

describe('engage, with calls that wait', () => {
  it('goes on at once where what is awaited is there', async () => {
    const { harbour, client, journal, run } = setUp([call('await', 'a')]);
    harbour.there.add('a');
    assert.deepEqual(await run(), { kind: 'end_turn', text: 'done' });
    assert.deepEqual([resultsOf(journal), client.requests.length], [['a is there'], 2]);
  });

  it('runs what can run, parks, and asks the model again when every call has its result, in the order asked', async () => {
    const calls = [call('await', 'a'), call('echo', 'x'), call('await', 'b'), call('keep', 'row')];
    const { harbour, client, journal, ran, run } = setUp(calls);
    assert.deepEqual(await run(), { kind: 'parked', waitsFor: 'children' });
    assert.deepEqual([ran, journal.rows, client.requests.length], [['x'], ['row'], 1]);
    assert.ok(!journal.log.some((write) => write.startsWith('close')));

    harbour.there.add('b');
    assert.deepEqual(await run(), { kind: 'parked', waitsFor: 'children' });
    assert.deepEqual(
      journal.calls.map(({ result }) => result?.content),
      [undefined, 'x', 'b is there', 'keep: row'],
    );
    assert.equal(client.requests.length, 1, 'one call still has no result');

    harbour.there.add('a');
    assert.deepEqual(await run(), { kind: 'end_turn', text: 'done' });
    assert.deepEqual(resultsOf(journal), ['a is there', 'x', 'b is there', 'keep: row']);
    assert.deepEqual([ran, journal.rows, client.requests.length], [['x'], ['row'], 2], 'nothing ran twice');
  });

  it('gives a wait its time once, and tells the tool when that has come', async () => {
    const { harbour, journal, run } = setUp([call('await', 'a')]);
    harbour.wakeInMs = 300;
    await run();
    harbour.wakeInMs = 900;
    await run();
    assert.equal(journal.waits.get('1.0')?.wakeInMs, 300);
    assert.deepEqual(
      harbour.asked.map(([, stored]) => stored?.isDue),
      [undefined, false],
    );
    journal.due.add('1.0');
    assert.deepEqual(await run(), { kind: 'end_turn', text: 'done' });
    assert.deepEqual(resultsOf(journal), ['a is late']);
  });

  it('a wake too many parks again, and changes nothing', async () => {
    const { harbour, client, journal, run } = setUp([call('await', 'a')]);
    await run();
    const before = structuredClone(journal.calls);
    for (let wake = 0; wake < 3; wake += 1) assert.equal((await run()).kind, 'parked');
    assert.deepEqual([journal.calls, client.requests.length, harbour.asked.length], [before, 1, 4]);
  });

  it('makes an error of what a tool throws, and settles the others without it', async () => {
    const { harbour, journal, client, run, tools } = setUp([
      call('await', 'a'),
      call('broken', 'b'),
      call('await', 'c'),
    ]);
    tools.push(
      waitingTool('broken', () => {
        throw new Error('it broke');
      }),
    );
    assert.equal((await run()).kind, 'parked');
    harbour.there.add('a').add('c');
    assert.equal((await run()).kind, 'end_turn');
    assert.deepEqual(resultsOf(journal), ['a is there', 'broken failed: it broke', 'c is there']);
    assert.equal(client.requests.length, 2);
  });

  it('answers a call whose tool is gone by the time it wakes', async () => {
    const { journal, client, run, tools } = setUp([call('await', 'a')]);
    await run();
    tools.splice(0, 1);
    assert.equal((await runLoop({ client, journal, tools })).kind, 'end_turn');
    assert.match(resultsOf(journal).join(), /There is no tool "await"/);
  });

  it('an aborted focus settles nothing', async () => {
    const { journal, client, tools, harbour } = setUp([call('await', 'a')]);
    const abort = new AbortController();
    const run = () => {
      abort.abort();
      return { content: 'x', isError: false };
    };
    const stop = worldTool({ name: 'stop', run });
    const stopping = writtenModel([{ calls: [call('await', 'a'), call('stop', 's')] }]);
    const result = await runLoop({ client: stopping, journal, tools: [...tools, stop], abort: abort.signal });
    assert.deepEqual([result.kind, harbour.asked, client.requests.length], ['stopped', [], 0]);
  });

  for (const when of ['before', 'after'] as const) {
    it(`[F1] cut ${when} each of its writes, it comes to the same end`, async () => {
      const calls = [call('await', 'a'), call('echo', 'x'), call('await', 'b')];
      const calm = setUp(calls);
      await live(calm, []);
      const writes = calm.journal.log.length;
      for (let at = 1; at <= writes; at += 1) {
        const cut = setUp(calls);
        await live(cut, [{ at, when }]);
        assert.deepEqual(cut.journal.messages, calm.journal.messages, `cut ${when} write ${at}`);
      }
    });
  }
});

/** Wakes the loop until it ends: a is there after its first park, b after its second. */
async function live({ harbour, journal, run }: ReturnType<typeof setUp>, cuts: Cut[]): Promise<void> {
  for (let lives = 0; lives < 10; lives += 1) {
    try {
      // A cut counts writes over all lives until it has happened.
      if (lives === 0) journal.revive(cuts[0]);
      const result = await run();
      if (result.kind !== 'parked') return;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      journal.revive();
    }
    if (!harbour.there.has('a')) harbour.there.add('a');
    else harbour.there.add('b');
  }
  throw new Error('It never came to its end.');
}
