/** Long conversations, and odd ones: what they send, how it stays the same, and that it stays small. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ContextSettings } from '../../../src/host/engine/engage/context/types.ts';
import { ledgerAppend } from '../../../src/host/engine/tools/ledger-append.ts';
import type { CompletionRequest } from '../../../src/host/llm/types.ts';
import {
  assertPairsWhole,
  CONTEXT_SETTINGS,
  counting,
  requestPieces,
  sizeOf,
  textsOf,
} from '../../support/engine-context.ts';
import { runLoop, worldTool } from '../../support/engine-loop.ts';
import { Crash, type Cut, MemoryJournal } from '../../support/engine-memory-journal.ts';
import { type WrittenAnswer, type WrittenCall, type WrittenModel, writtenModel } from '../../support/engine-model.ts';
import { MODELLED, MODELLED_WORK, recordOf, remarkOf, SharedCount } from '../../support/long-work.ts';

const entry = (entry_type: string, content: string) => ({ name: 'ledger_append', input: { entry_type, content } });
const looking = (system: string, onLook: (text: string) => void = () => undefined) =>
  worldTool({
    name: 'look',
    description: system,
    run: (text) => {
      onLook(text);
      return { content: text.padEnd(Number(/^\d+/.exec(text)?.[0] ?? 0), '.'), isError: false };
    },
  });

const { turns: TURNS, stepEvery: STEP_EVERY, resultCharacters: RESULT, headCharacters: HEAD } = MODELLED_WORK;

/** What a turn writes down, in a line: thousands of steps are to come. */
function briefRecordOf(turn: number, stepEvery: number): WrittenCall[] {
  if (turn % stepEvery === 0)
    return [entry('step', `Went through part ${turn / stepEvery}: nothing is retried there.`)];
  return turn % stepEvery === 1 ? [entry('finding', `src/part-${turn}.ts:${turn} decides what is retried.`)] : [];
}

function working(turns: number, stepEvery: number, record = recordOf) {
  return (turn: number): WrittenAnswer => {
    if (turn > turns) return { text: 'Done.' };
    const look = { name: 'look', input: { text: `${RESULT} characters of turn ${turn} ` } };
    return { text: remarkOf(turn), calls: [look, ...record(turn, stepEvery)] };
  };
}

type Work = {
  changes?: Partial<ContextSettings>;
  stepEvery?: number;
  model?: WrittenModel;
  onRequest(request: CompletionRequest): void;
};

async function work(turns: number, { changes = {}, stepEvery = STEP_EVERY, model, onRequest }: Work) {
  const settings = { ...CONTEXT_SETTINGS, windowTokens: 200_000, ...changes };
  const journal = new MemoryJournal('Find what is retried.', settings);
  const written = model ?? counting(writtenModel(working(turns, stepEvery)));
  const client = {
    ...written,
    stream(request: CompletionRequest, signal: AbortSignal) {
      onRequest(request);
      const events = written.stream(request, signal);
      // Of thousands of requests none is kept.
      written.requests.length = 0;
      return events;
    },
  };
  const tools = [looking('x'.repeat(HEAD)), ledgerAppend];
  const result = await runLoop({ client, journal, settings, tools, maxTurns: turns + 1 });
  assert.deepEqual(result, { kind: 'end_turn', text: 'Done.' });
  return journal;
}

describe('a long context', function () {
  this.timeout(120_000);

  it('[eng-15] sends a tenth of what it would without folding, over two hundred turns and without a call of its own', async () => {
    const send = async (changes: Partial<ContextSettings>) => {
      const count = new SharedCount();
      let calls = 0;
      const onRequest = (request: CompletionRequest) => {
        assert.ok(request.turn !== undefined, 'no summarising call');
        assertPairsWhole(request);
        count.add(requestPieces(request));
        calls += 1;
      };
      await work(TURNS, { changes, onRequest });
      return { ...count.figures, calls };
    };
    const bounded = await send({});
    const whole = await send({ truncateClosedBlocks: false, windowTokens: 10_000_000 });
    console.log(`      bounded ${JSON.stringify(bounded)}, whole ${JSON.stringify(whole)}`);
    assert.deepEqual([bounded.calls, whole.calls], [TURNS + 1, TURNS + 1]);
    assert.ok(bounded.sent <= whole.sent / 10, `${bounded.sent} of ${whole.sent} tokens`);
    assert.ok(bounded.peak <= MODELLED.peak, `${bounded.peak}`);
    // Else it would be another work than the one that was modelled.
    assert.ok(Math.abs(whole.sent / MODELLED.whole - 1) < 0.02, `${whole.sent}`);
  });

  it('[eng-16] begins each request as the one before, but for what was folded since', async () => {
    const count = new SharedCount();
    const onRequest = (request: CompletionRequest) => {
      const pieces = requestPieces(request);
      const turn = request.turn ?? 0;
      const { same, before } = count.add(pieces);
      if ((turn - 1) % STEP_EVERY !== 0)
        assert.equal(same, sizeOf(before), `turn ${turn} goes on where the last one ended`);
      else if (turn > 1) {
        // The stub comes where the open block was; everything before it stays.
        const stubs = textsOf(request).filter((text) => text.startsWith('[completed step'));
        assert.equal(stubs.length, (turn - 1) / STEP_EVERY);
        const stub = pieces.findIndex((piece) => piece.includes(JSON.stringify(stubs.at(-1)).slice(1, -1)));
        assert.equal(same, sizeOf(pieces.slice(0, stub)), `turn ${turn}`);
      }
    };
    await work(TURNS, { onRequest });
    const { sharedPercent, sent, anew } = count.figures;
    console.log(`      ${JSON.stringify(count.figures)}`);
    assert.ok(sharedPercent >= MODELLED.sharedPercent, `${sharedPercent} % of ${sent}`);
    assert.ok(anew <= MODELLED.anew, `${anew} tokens that were not sent before`);
    assert.ok(sent <= MODELLED.sent, `${sent} tokens`);
  });

  it('marks what is to be kept after the last stub, and nowhere else', async () => {
    const onRequest = ({ messages }: CompletionRequest) => {
      const texts = messages.flatMap(({ content }) => content.filter((block) => block.type === 'text'));
      const marked = texts.filter(({ cacheBreakpoint }) => cacheBreakpoint);
      const stubs = texts.filter(({ text }) => text.startsWith('[completed step'));
      assert.deepEqual(marked, stubs.slice(-1));
    };
    await work(40, { onRequest });
  });

  it('[eng-16] stays as small over two thousand steps as over four hundred', async () => {
    const peaks: number[] = [];
    const stepEvery = 3;
    const onRequest = (request: CompletionRequest) => {
      const period = Math.floor(((request.turn ?? 0) - 1) / (200 * stepEvery));
      const size = textsOf(request).join('').length + request.messages.length * RESULT;
      peaks[period] = Math.max(peaks[period] ?? 0, size);
    };
    const turns = 2000 * stepEvery;
    // Counting the bytes of so many requests would take most of the time.
    const model = writtenModel(working(turns, stepEvery, briefRecordOf));
    const journal = await work(turns, { changes: { windowTokens: 100_000 }, stepEvery, model, onRequest });
    // Within the first few hundred steps the row of stubs comes to hold what it may.
    const [, settled = 0] = peaks;
    assert.equal(journal.blocks.length, 2000);
    assert.ok(
      peaks.every((peak) => peak <= settled * 1.01),
      `${peaks}`,
    );
    const shrinks = journal.cuts.length;
    console.log(`      peaks ${peaks.map((peak) => Math.round(peak / 4))}; the stubs shrank ${shrinks} times`);
    assert.ok(journal.cuts.every(({ kind }) => kind === 'stubs'));
    assert.ok(shrinks > 10 && shrinks < 100, `${shrinks}`);
    const last = journal.cuts.at(-1);
    assert.ok(last?.kind === 'stubs' && last.count > 1700 && last.firstSeq === 2, JSON.stringify(last));
  });
});

const turnOf = fc.record({
  looks: fc.array(fc.integer({ min: 1, max: 6000 }), { minLength: 1, maxLength: 3 }),
  entries: fc.array(fc.constantFrom('step', 'finding', 'note', 'decision', 'plan'), { maxLength: 3 }),
  said: fc.boolean(),
});
const cut = fc.record({
  at: fc.integer({ min: 1, max: 60 }),
  when: fc.constantFrom('before' as const, 'after' as const),
});
const bounds = fc.record({
  windowTokens: fc.constantFrom(4000, 8000, 100_000),
  foldMinTokens: fc.constantFrom(0, 500, 2000),
  ledgerNudgeInterval: fc.constantFrom(0, 1, 3),
  compactKeepRecent: fc.constantFrom(1, 4, 10),
  truncateClosedBlocks: fc.boolean(),
});

type Turn = { looks: number[]; entries: string[]; said: boolean };

/** Lives as many lives as there are cuts, and then one to its end. */
async function live(turns: readonly Turn[], changes: Partial<ContextSettings>, cuts: readonly Cut[]) {
  const settings = { ...CONTEXT_SETTINGS, ...changes };
  const journal = new MemoryJournal('The task.', settings);
  const heard = new Set<number>();
  const requests: CompletionRequest[] = [];
  const answers = (turn: number): WrittenAnswer => {
    if (turn === 0) return { text: 'A summary.' };
    const asked = turns[turn - 1];
    if (!asked) return { text: 'Done.' };
    const looks = asked.looks.map((size, at) => ({ name: 'look', input: { text: `${size} ${turn}.${at} ` } }));
    return {
      text: `Turn ${turn}.`,
      calls: [...looks, ...asked.entries.map((type, at) => entry(type, `${type} ${turn}.${at}`))],
    };
  };
  // While the turn's calls run: what is said while its answer is awaited comes before it where the host dies, and after it
  // where it does not.
  const speak = (text: string) => {
    const turn = Number(/ (\d+)\.0 /.exec(text)?.[1] ?? 0);
    if (!turns[turn - 1]?.said || heard.has(turn)) return;
    heard.add(turn);
    journal.said.push({ turn, role: 'user', kind: 'person', blocks: [{ type: 'text', text: `Said in ${turn}.` }] });
  };
  for (const next of [...cuts, undefined]) {
    journal.revive(next);
    const client = counting(writtenModel(answers));
    try {
      await runLoop({ client, journal, settings, tools: [looking('Looks.', speak), ledgerAppend] });
      requests.push(...client.requests);
      return { journal, requests };
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      requests.push(...client.requests);
    }
  }
  throw new Error('It never came to its end.');
}

describe('any context', function () {
  this.timeout(120_000);

  it('[eng-14] [eng-17] [F1] sends whole pairs and the same bytes, however its steps fall and whenever its host dies', async () => {
    let [folds, rooms, deaths] = [0, 0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.array(turnOf, { minLength: 1, maxLength: 14 }),
        bounds,
        fc.array(cut, { maxLength: 3 }),
        async (turns, changes, cuts) => {
          const calm = await live(turns, changes, []);
          calm.requests.forEach(assertPairsWhole);
          const broken = await live(turns, changes, cuts);
          assert.deepEqual(broken.journal.messages, calm.journal.messages);
          assert.deepEqual(broken.journal.blocks, calm.journal.blocks);
          assert.deepEqual(broken.journal.cuts, calm.journal.cuts);
          const bytes = (requests: CompletionRequest[]) => new Set(requests.map((request) => JSON.stringify(request)));
          assert.deepEqual(bytes(broken.requests), bytes(calm.requests));
          assertAllThere(turns, calm);
          folds += calm.journal.blocks.filter((block) => block.folds).length;
          rooms += calm.journal.cuts.filter(({ kind }) => kind !== 'stubs').length;
          deaths += cuts.length;
        },
      ),
      { numRuns: 300 },
    );
    // The property says nothing about conversations in which nothing of this happens.
    assert.ok(folds > 100 && rooms > 50 && deaths > 50, `${folds} folds, ${rooms} cuts, ${deaths} deaths`);
  });
});

/** What the last request shows: the newest turn whole, and everything that a person said, once and in order. */
function assertAllThere(turns: readonly Turn[], { requests, journal }: Awaited<ReturnType<typeof live>>): void {
  const last = requests.findLast(({ turn }) => turn !== undefined);
  assert.ok(last);
  const said = textsOf(last).filter((text) => text.startsWith('Said in '));
  const spoken = turns.flatMap((turn, at) => (turn.said ? [`Said in ${at + 1}.`] : []));
  assert.deepEqual(said, spoken);
  for (const { firstMessage, lastMessage, block } of journal.blocks) {
    assert.ok(journal.messages.slice(firstMessage - 1, lastMessage).every((message) => message.block === block));
  }
}
