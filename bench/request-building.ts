/** What it costs to build a request, early and late in a long focus. */
import * as z from 'zod';
import type { ContextRows } from '../src/host/engine/engage/context/types.ts';
import { buildRequest } from '../src/host/engine/engage/stream-answer.ts';
import { defineTool } from '../src/host/engine/engage/tool.ts';
import type { EngageConfig } from '../src/host/engine/engage/types.ts';
import { ledgerAppend } from '../src/host/engine/tools/ledger-append.ts';
import { buildRequestBody } from '../src/host/llm/anthropic/request.ts';
import { configOf, runInMemory } from './engine-loops.ts';
import { type InstantAnswer, instantModel, ledgerTurn } from './instant-model.ts';
import { alternate, type Contender, figures, ratioOf } from './measure.ts';
import { figureTable, type Report, readable } from './report.ts';
import type { Subject, SubjectContext } from './subject.ts';

const [EARLY, LATE] = [10, 200];

/** About 1,500 tokens. */
const LINES = 'A heron stands in the pond; the water is still, and so is it.\n'.repeat(97);

const look = defineTool({
  kind: 'world',
  name: 'look',
  effect: 'read',
  timeoutMs: 30_000,
  description: 'Looks.',
  input: z.strictObject({ turn: z.int() }),
  run: async () => ({ content: LINES, isError: false }),
});

const TOOLS = [ledgerAppend, look];

type Kept = { name: string; turn: number; folding: boolean };

const KEPT: readonly Kept[] = [
  { name: `turn ${EARLY}`, turn: EARLY, folding: true },
  { name: `turn ${LATE}`, turn: LATE, folding: true },
  { name: `turn ${LATE}, nothing folded`, turn: LATE, folding: false },
];

const asRequest = (name: string) => `rows to request, ${name}`;
const asBody = (name: string) => `rows to JSON, ${name}`;

export const requestBuilding: Subject = { name: 'request', run };

async function run({ signal }: SubjectContext): Promise<Report> {
  const contenders: Contender[] = [];
  const sizes = new Map<string, number>();
  for (const kept of KEPT) {
    const config = configFor(kept);
    const rows = await rowsBefore(kept, config);
    const build = () => buildRequest(config, rows, kept.turn);
    const write = () => JSON.stringify(buildRequestBody(build(), 'anthropic'));
    sizes.set(kept.name, write().length);
    contenders.push(async () => ({
      [asRequest(kept.name)]: timeOf(build, 1000),
      [asBody(kept.name)]: timeOf(write, 50),
    }));
  }
  const samples = await alternate(contenders, { warmUps: 3, counted: 15, budgetMs: 8000, signal });
  const [early, late, whole] = KEPT.map(({ name }) => name) as [string, string, string];
  const rows = [asRequest, asBody].flatMap((label) => figures(samples, [early, late, whole].map(label), label(early)));
  const kilobytes = (name: string) => `${readable((sizes.get(name) ?? Number.NaN) / 1024)} KiB`;
  const times = (label: string, comparison: string) => `${readable(ratioOf(samples, label, comparison))} times`;
  return {
    title: `Request building: microseconds per request, turn ${EARLY} and turn ${LATE}`,
    meaning: [
      'From the rows that the loop holds to the request, and on to the JSON that goes to Anthropic. Each turn has a ledger entry',
      'and a result of 1,500 tokens; every tenth is a step, which folds. Both turns are right before one: requests are largest.',
    ],
    ...figureTable(rows, `turn ${EARLY}`, 'µs'),
    notes: [
      `To JSON, turn ${LATE} takes ${times(asBody(late), asBody(early))} as long as turn ${EARLY} with folding, ${times(asBody(whole), asBody(early))} without.`,
      `The JSON has ${kilobytes(early)} in turn ${EARLY}, ${kilobytes(late)} in turn ${LATE}, and ${kilobytes(whole)} there with nothing folded.`,
    ],
  };
}

/** Without folding a window that holds all of it: else room would be made another way. */
function configFor({ folding }: Kept): EngageConfig {
  const config = configOf({ tools: TOOLS });
  const context = { ...config.context, truncateClosedBlocks: folding };
  return { ...config, context: folding ? context : { ...context, windowTokens: 2_000_000 } };
}

/** As the loop has them when the turn is about to begin. */
async function rowsBefore({ turn }: Kept, config: EngageConfig): Promise<ContextRows> {
  const client = instantModel((asked) => answer(asked, turn - 1));
  const journal = await runInMemory({ client, tools: TOOLS, context: config.context });
  const { context } = await journal.load();
  // The last answer only ended the run.
  return { ...context, messages: context.messages.slice(0, -1) };
}

function answer(turn: number, turns: number): InstantAnswer {
  const { text, calls } = ledgerTurn(turn, turns);
  if (calls.length === 0) return { text, calls };
  return { text, calls: [...calls, { id: `look_${turn}`, name: 'look', input: { turn } }] };
}

function timeOf(work: () => unknown, repeats: number): number {
  const begin = performance.now();
  for (let repeat = 0; repeat < repeats; repeat += 1) work();
  return (performance.now() - begin) / repeats;
}
