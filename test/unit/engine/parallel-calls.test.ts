import assert from 'node:assert/strict';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import { OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { openBench } from '../../support/engine-focus.ts';
import { barrier, runLoop, worldTool } from '../../support/engine-loop.ts';
import { MemoryJournal } from '../../support/engine-memory-journal.ts';
import { writtenModel } from '../../support/engine-model.ts';
import { until } from '../../support/engine-wait.ts';

type Effect = 'read' | 'write' | 'exclusive';

/** Tools of each effect that say when they begin and end, and end when they are told to. */
function recorder() {
  const log: string[] = [];
  const gates = new Map<string, ReturnType<typeof barrier>>();
  const gateOf = (text: string) => {
    const gate = gates.get(text) ?? barrier();
    gates.set(text, gate);
    return gate;
  };
  let running = 0;
  let most = 0;
  const tool = (effect: Effect) =>
    worldTool({
      name: effect,
      effect,
      run: async (text) => {
        running += 1;
        most = Math.max(most, running);
        log.push(`begin ${text}`);
        await gateOf(text).reached;
        running -= 1;
        log.push(`end ${text}`);
        return { content: `${text} is done`, isError: false };
      },
    });
  return {
    log,
    tools: [tool('read'), tool('write'), tool('exclusive')],
    letEnd: (text: string) => gateOf(text).open(),
    begun: () => log.filter((line) => line.startsWith('begin ')).map((line) => line.slice(6)),
    most: () => most,
  };
}

function turnOf(calls: readonly (readonly [Effect, string])[], maxParallelTools = 8, abort?: AbortSignal) {
  const journal = new MemoryJournal();
  const client = writtenModel([
    { calls: calls.map(([name, text]) => ({ name, input: { text } })) },
    { text: 'All is done.' },
  ]);
  const rec = recorder();
  const ended = runLoop({ client, journal, tools: rec.tools, maxParallelTools, ...(abort ? { abort } : {}) });
  const results = () =>
    journal.messages.flatMap(({ blocks }) => blocks.filter((block) => block.type === 'tool_result'));
  return { ...rec, journal, ended, results };
}

const reads = (count: number) => Array.from({ length: count }, (_, at) => ['read', `r${at}`] as const);

describe('the calls of one turn', () => {
  before(function () {
    this.timeout(OPENING_LIMIT_MS);
  });

  it('[eng-11] [eng-12] all reads begin before any has ended, and results go back in the order asked', async () => {
    const turn = turnOf(reads(8));
    await until(() => turn.begun().length === 8);
    assert.deepEqual(
      turn.log,
      reads(8).map(([, text]) => `begin ${text}`),
    );
    for (const [, text] of reads(8).reverse()) turn.letEnd(text);
    assert.deepEqual(await turn.ended, { kind: 'end_turn', text: 'All is done.' });
    assert.deepEqual(
      turn.results().map(({ toolUseId, content }) => [toolUseId, content]),
      reads(8).map(([, text], at) => [`call_1_${at}`, `${text} is done`]),
    );
  });

  it('[eng-11] [F18] of fifty reads never more than the limit run at once', async () => {
    const turn = turnOf(reads(50), 5);
    for (let ended = 0; ended < 50; ended += 1) {
      await until(() => turn.begun().length === Math.min(50, ended + 5));
      turn.letEnd(`r${ended}`);
    }
    await turn.ended;
    assert.equal(turn.most(), 5);
    assert.deepEqual(
      turn.begun(),
      reads(50).map(([, text]) => text),
    );
    assert.equal(turn.results().length, 50);
  });

  it('[eng-13] with one at a time each begins when the one before has ended', async () => {
    const calls = [...reads(3), ['write', 'w'], ['read', 'last']] as const;
    const turn = turnOf(calls, 1);
    for (const [, text] of calls) turn.letEnd(text);
    await turn.ended;
    assert.deepEqual(
      turn.log,
      calls.flatMap(([, text]) => [`begin ${text}`, `end ${text}`]),
    );
  });

  it('writes run in the order asked, after the reads before them and before those behind them', async () => {
    const turn = turnOf([
      ['read', 'a'],
      ['read', 'b'],
      ['write', 'c'],
      ['write', 'd'],
      ['read', 'e'],
      ['read', 'f'],
    ]);
    await until(() => turn.begun().length === 2);
    turn.letEnd('b');
    turn.letEnd('a');
    await until(() => turn.begun().length === 3);
    turn.letEnd('c');
    await until(() => turn.begun().length === 4);
    turn.letEnd('d');
    await until(() => turn.begun().length === 6);
    turn.letEnd('f');
    turn.letEnd('e');
    await turn.ended;
    const order = [
      'begin a',
      'begin b',
      'end b',
      'end a',
      'begin c',
      'end c',
      'begin d',
      'end d',
      'begin e',
      'begin f',
    ];
    assert.deepEqual(turn.log, [...order, 'end f', 'end e']);
  });

  it('nothing runs beside an exclusive call', async () => {
    const turn = turnOf([
      ['read', 'a'],
      ['exclusive', 'b'],
      ['read', 'c'],
      ['exclusive', 'd'],
    ]);
    for (const text of ['a', 'b', 'c', 'd']) turn.letEnd(text);
    await turn.ended;
    assert.equal(turn.most(), 1);
    assert.deepEqual(turn.begun(), ['a', 'b', 'c', 'd']);
  });

  it('[F22] a cancel ends all that is under way, records each, and begins none of the rest', async () => {
    const abort = new AbortController();
    const journal = new MemoryJournal();
    const calls = ['a', 'b', 'c'].map((text) => ({ name: 'read', input: { text } }));
    const begun: string[] = [];
    const read = worldTool({
      name: 'read',
      run: async (text, { signal }) => {
        begun.push(text);
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        throw new Error('told to end');
      },
    });
    const client = writtenModel([{ calls }]);
    const ended = runLoop({ client, journal, tools: [read], maxParallelTools: 2, abort: abort.signal });
    await until(() => begun.length === 2);
    abort.abort();
    assert.deepEqual(await ended, { kind: 'stopped' });
    assert.deepEqual(begun, ['a', 'b']);
    assert.deepEqual(
      journal.calls.map(({ end }) => end),
      ['cancelled', 'cancelled', null],
    );
  });

  it('one whose record fails lets no other begin, and those under way end first', async () => {
    const journal = new MemoryJournal();
    const gate = barrier();
    const log: string[] = [];
    const tool = worldTool({
      name: 'read',
      run: async (text) => {
        log.push(`begin ${text}`);
        if (text === 'slow') await gate.reached;
        log.push(`end ${text}`);
        return { content: text, isError: false };
      },
    });
    const calls = ['slow', 'lost', 'never'].map((text) => ({ name: 'read', input: { text } }));
    // The answer, two starts, and then the first result.
    journal.revive({ at: 4, when: 'before' });
    const ended = runLoop({ client: writtenModel([{ calls }]), journal, tools: [tool], maxParallelTools: 2 });
    const failed = assert.rejects(ended, /finish 1.1 done/);
    await until(() => log.includes('end lost'));
    gate.open();
    await failed;
    assert.deepEqual(log, ['begin slow', 'begin lost', 'end lost', 'end slow']);
  });

  it('[eng-11] with a real database rows and results are those of calls in turn', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const rec = recorder();
    const client = writtenModel([
      { calls: reads(12).map(([name, text]) => ({ name, input: { text } })) },
      { text: 'Done.' },
    ]);
    const claim = await bench.claim();
    const ended = runFocus(bench.dependencies(client, { workspaceTools: rec.tools }), claim);
    await until(() => rec.begun().length === 8);
    for (const [, text] of reads(12).reverse()) rec.letEnd(text);
    await ended;
    const { calls, item } = await bench.look(id);
    assert.equal(item.state, 'completed');
    assert.equal(rec.most(), 8);
    assert.deepEqual(
      calls.map(({ position, state, result }) => [position, state, result?.content]),
      reads(12).map(([, text], at) => [at, 'done', `${text} is done`]),
    );
  });
});
