/** When a request would fill too much of the model's window, or did not fit: the ledger, then a summary, stand for the rest. */
import assert from 'node:assert/strict';
import type { ContextSettings } from '../../../src/host/engine/engage/context/types.ts';
import type { EngageEvent } from '../../../src/host/engine/engage/types.ts';
import { ledgerAppend } from '../../../src/host/engine/tools/ledger-append.ts';
import type { CompletionRequest, LlmError } from '../../../src/host/llm/types.ts';
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
import { type WrittenAnswer, writtenModel } from '../../support/engine-model.ts';

const entry = (entry_type: string, content: string) => ({ name: 'ledger_append', input: { entry_type, content } });
const LOOK = worldTool({
  name: 'look',
  run: (text) => ({ content: text.padEnd(Number(/\d+/.exec(text)?.[0] ?? 0), '.'), isError: false }),
});
const EXCEEDED: LlmError = { kind: 'context_exceeded', message: 'prompt is too long' };

type Answers = (turn: number, request: CompletionRequest) => WrittenAnswer;
type Options = { changes?: Partial<ContextSettings>; cuts?: readonly Cut[]; emit?: (event: EngageEvent) => void };

async function converse(answers: Answers, { changes = {}, cuts = [], emit }: Options = {}) {
  const settings = {
    ...CONTEXT_SETTINGS,
    windowTokens: 10_000,
    compactKeepRecent: 4,
    ledgerNudgeInterval: 0,
    ...changes,
  };
  const journal = new MemoryJournal('The task.', settings);
  const requests: CompletionRequest[] = [];
  for (const cut of [...cuts, undefined]) {
    journal.revive(cut);
    const client = counting(writtenModel(answers));
    try {
      const options = { client, journal, settings, tools: [LOOK, ledgerAppend], ...(emit ? { emit } : {}) };
      const result = await runLoop(options);
      requests.push(...client.requests);
      requests.forEach(assertPairsWhole);
      return { journal, requests, result };
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      requests.push(...client.requests);
    }
  }
  throw new Error('It never came to its end.');
}

/** Looks at `characters` in each of so many turns, and then ends. */
const looking =
  (turns: number, characters: number): Answers =>
  (turn) => {
    if (turn === undefined || turn === 0) return { text: 'All herons so far: 12.' };
    if (turn > turns) return { text: 'Done.' };
    const note = turn === 1 ? [entry('finding', 'Two herons at the weir.')] : [];
    return { calls: [...note, { name: 'look', input: { text: `${characters} of turn ${turn} ` } }] };
  };

const kinds = ({ cuts }: MemoryJournal) => cuts.map(({ kind, turn }) => [kind, turn]);

describe('room in a context', () => {
  it('[eng-20] puts the ledger in the place of all but the newest messages, once the window fills', async () => {
    const { journal, requests } = await converse(looking(12, 3000));
    assert.deepEqual(kinds(journal), [['compaction', 10]]);
    const [cut] = journal.cuts;
    const at = (cut?.turn ?? 0) - 1;
    const [before, after] = [requests[at - 1], requests[at]];
    assert.ok(before && after);
    assert.ok(sizeOf(requestPieces(after)) < sizeOf(requestPieces(before)) / 1.5);
    assert.equal(after.messages.length, 5, 'the task with the ledger, and the four newest messages');
    assert.match(textsOf(after)[1] ?? '', /FINDINGS\n\[1\] Two herons at the weir\./);
    // What came next goes on after the same beginning.
    const next = requests[at + 1];
    assert.deepEqual(next?.messages.slice(0, 5), after.messages);
    assert.ok(cut && 'measuredTokens' in cut && cut.measuredTokens > 7000 && cut.measuredTokens < 10_000);
  });

  it('[eng-20] measures by what the provider reported, and not by its own guess', async () => {
    const count = async (charactersPerToken: number) => {
      const settings = { ...CONTEXT_SETTINGS, windowTokens: 10_000, ledgerNudgeInterval: 0 };
      const journal = new MemoryJournal('The task.', settings);
      const client = counting(writtenModel(looking(8, 3000)), charactersPerToken);
      await runLoop({ client, journal, settings, tools: [LOOK, ledgerAppend] });
      return journal.cuts.length;
    };
    assert.equal(await count(8), 0);
    assert.ok((await count(2)) > 0);
  });

  it('takes a summary where the newest turns alone are too much, and counts the call', async () => {
    const { journal, requests } = await converse(looking(2, 30_000));
    assert.deepEqual(kinds(journal), [
      ['summary', 2],
      ['summary', 3],
    ]);
    const asked = requests.filter(({ turn }) => turn === undefined);
    assert.equal(asked.length, journal.cuts.length);
    assert.ok(asked.every((request) => request.tools.length === 0 && sizeOf(requestPieces(request)) < 28_000));
    const after = requests[requests.findIndex(({ turn }) => turn === undefined) + 1];
    assert.match(
      textsOf(after as CompletionRequest).join('\n'),
      /Two herons at the weir[\s\S]*All herons so far: 12\./,
    );
  });

  it('asks the model for room first where it says that the request did not fit', async () => {
    let refusals = 0;
    const { journal, requests, result } = await converse((turn, request) => {
      if (turn === 4 && refusals < 2) {
        refusals += 1;
        return { error: EXCEEDED };
      }
      return looking(6, 2000)(turn, request);
    });
    assert.equal(result.kind, 'end_turn');
    assert.deepEqual(kinds(journal), [
      ['compaction', 4],
      ['summary', 4],
    ]);
    assert.equal(requests.filter(({ turn }) => turn === 4).length, 3);
  });

  it('makes room as well where the answer outgrew the context, and asks again', async () => {
    const events: EngageEvent[] = [];
    let outgrown = false;
    const { journal, result } = await converse(
      (turn, request) => {
        if (turn !== 3 || outgrown) return looking(4, 2000)(turn, request);
        outgrown = true;
        return { text: 'half an', calls: [{ name: 'look', input: { text: 'x' } }], stop: 'context_exceeded' };
      },
      { emit: (event) => events.push(event) },
    );
    assert.equal(result.kind, 'end_turn');
    assert.deepEqual(kinds(journal), [['compaction', 3]]);
    assert.ok(journal.calls.every(({ name, result: given }) => name !== 'look' || given !== null));
    assert.ok(events.some(({ type, turn }) => type === 'retry' && turn === 3));
  });

  it('ends with a typed failure where nothing is left to cut', async () => {
    const refusing = await converse(() => ({ error: EXCEEDED }));
    assert.deepEqual(refusing.result, { kind: 'model_failed', error: EXCEEDED });
    assert.deepEqual(kinds(refusing.journal), []);
    const later = await converse((turn, request) => {
      return turn === 3 ? { error: EXCEEDED } : looking(4, 2000)(turn, request);
    });
    assert.deepEqual(later.result, { kind: 'model_failed', error: EXCEEDED });
    assert.deepEqual(kinds(later.journal), [
      ['compaction', 3],
      ['summary', 3],
    ]);
    assert.equal(later.requests.filter(({ turn }) => turn === 3).length, 3);
  });

  it('goes on without a summary that the model refuses, and ends as it does where it cannot be reached', async () => {
    const answers =
      (error: LlmError): Answers =>
      (turn, request) =>
        turn === 0 ? { error } : looking(2, 30_000)(turn, request);
    const refused = await converse(answers({ kind: 'refused', message: 'no' }));
    assert.equal(refused.result.kind, 'end_turn');
    const auth: LlmError = { kind: 'auth', message: 'a bad key' };
    assert.deepEqual((await converse(answers(auth))).result, { kind: 'model_failed', error: auth });
  });

  it('[F1] cuts where it had cut, whichever write it died at', async () => {
    const answers = looking(12, 3000);
    const calm = await converse(answers);
    for (let at = 1; at <= calm.journal.log.length; at += 1) {
      for (const when of ['before', 'after'] as const) {
        const { journal, requests } = await converse(answers, { cuts: [{ at, when }] });
        assert.deepEqual(journal.messages, calm.journal.messages);
        assert.deepEqual(journal.cuts, calm.journal.cuts);
        const seen = new Set(requests.map((request) => JSON.stringify(request)));
        assert.deepEqual(seen, new Set(calm.requests.map((request) => JSON.stringify(request))), `${when} ${at}`);
      }
    }
  });
});
