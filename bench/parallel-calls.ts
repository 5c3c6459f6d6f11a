/** Calls of one turn that take their time: beside each other, and one after the other. */
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { defineTool } from '../src/host/engine/engage/tool.ts';
import type { Journal } from '../src/host/engine/engage/types.ts';
import { type Conversation, prepareInDatabase, runInMemory } from './engine-loops.ts';
import { type InstantAnswer, instantModel } from './instant-model.ts';
import { alternate, type Contender, figures, ratioOf } from './measure.ts';
import { openAsTheHost } from './open-as-the-host.ts';
import { figureTable, type Report, readable } from './report.ts';
import type { Subject, SubjectContext } from './subject.ts';

const CALLS = 8;
const CALL_MS = 100;

const JOURNALS = ['in memory', 'as the host runs it'] as const;
type Kept = (typeof JOURNALS)[number];

const inTurn = (kept: Kept) => `${kept}: one after the other`;
const together = (kept: Kept) => `${kept}: beside each other`;

const wait = defineTool({
  kind: 'world',
  name: 'wait',
  effect: 'read',
  timeoutMs: 30_000,
  description: 'Waits.',
  input: z.strictObject({ number: z.int() }),
  run: async ({ number }) => {
    await sleep(CALL_MS);
    return { content: `Waited, ${number}.`, isError: false };
  },
});

export const parallelCalls: Subject = { name: 'parallel', run };

async function run({ cleanup, signal }: SubjectContext): Promise<Report> {
  const db = await openAsTheHost(realpathSync(mkdtempSync(path.join(tmpdir(), 'parallel-'))));
  cleanup.add(() => db.close());
  const prepare = {
    'in memory': async () => runInMemory,
    'as the host runs it': () => prepareInDatabase(db),
  } satisfies Record<Kept, () => Promise<(conversation: Conversation) => Promise<unknown>>>;
  const contenders: Contender[] = JOURNALS.flatMap((kept) => [
    async () => ({ [inTurn(kept)]: await timeOfCalls(await prepare[kept](), 1) }),
    async () => ({ [together(kept)]: await timeOfCalls(await prepare[kept](), CALLS) }),
  ]);
  const samples = await alternate(contenders, { warmUps: 1, counted: 5, budgetMs: 12_000, signal });
  const rows = JOURNALS.flatMap((kept) => figures(samples, [inTurn(kept), together(kept)], inTurn(kept)));
  const speedUp = (kept: Kept) => readable(ratioOf(samples, inTurn(kept), together(kept)));
  return {
    title: `Parallel calls: ${CALLS} reads of ${CALL_MS} ms in one turn of our loop`,
    meaning: [
      "From the model's answer, which asks for all of them, until all have their results: hooks, permissions, records and runs.",
      `One after the other is what max_parallel_tools = 1 does. No more than ${CALLS} times as fast is possible.`,
    ],
    ...figureTable(rows, 'one after the other'),
    notes: JOURNALS.map((kept) => `Beside each other, ${kept}: ${speedUp(kept)} times as fast as one after the other.`),
  };
}

/** Milliseconds from the recorded answer until all results are recorded. */
async function timeOfCalls(runIt: (conversation: Conversation) => Promise<unknown>, mostAtOnce: number) {
  let [begin, end] = [Number.NaN, Number.NaN];
  const watch = (journal: Journal) => {
    const [recordAnswer, closeTurn] = [journal.recordAnswer.bind(journal), journal.closeTurn.bind(journal)];
    journal.recordAnswer = async (answer) => {
      const recorded = await recordAnswer(answer);
      if (recorded.calls.length > 0) begin = performance.now();
      return recorded;
    };
    journal.closeTurn = (message) => {
      end = performance.now();
      return closeTurn(message);
    };
  };
  await runIt({ client: instantModel(answer), tools: [wait], maxParallelTools: mostAtOnce, watch });
  return end - begin;
}

function answer(turn: number): InstantAnswer {
  if (turn > 1) return { text: 'Done.', calls: [] };
  const numbers = Array.from({ length: CALLS }, (_, at) => at + 1);
  return {
    text: 'I wait.',
    calls: numbers.map((number) => ({ id: `call_${number}`, name: 'wait', input: { number } })),
  };
}
