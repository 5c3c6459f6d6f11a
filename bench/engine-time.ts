/** What the engine itself costs: the same conversation with and without its durability, and in other libraries. */
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Db } from '../src/host/db/types.ts';
import { ledgerAppend } from '../src/host/engine/tools/ledger-append.ts';
import type { Message } from '../src/host/llm/types.ts';
import { type Counts, countingDb } from './counting-db.ts';
import { type Conversation, prepareInDatabase, runByHand, runInMemory } from './engine-loops.ts';
import { instantModel, ledgerTurn } from './instant-model.ts';
import { alternate, type Contender, figures, median, ratioOf } from './measure.ts';
import { openAsTheHost } from './open-as-the-host.ts';
import { type OtherConversation, runByAgents, runByAi } from './other-loops.ts';
import { figureTable, type Report, readable } from './report.ts';
import type { Subject, SubjectContext } from './subject.ts';

const TURNS = 50;
/** A run without a database takes some milliseconds: so short a moment says little. */
const SHORT_RUN_REPEATS = 5;

const BY_HAND = 'a loop written by hand';
const BY_HAND_KEPT = 'by hand, each message kept in PGlite';
const BY_AI = 'ai (Vercel AI SDK), generateText';
const BY_AGENTS = '@openai/agents, tracing off';
const IN_MEMORY = 'our loop, journal in memory';
const IN_DATABASE = 'our loop, as the host runs it';
const LABELS = [BY_HAND, BY_AI, BY_AGENTS, IN_MEMORY, BY_HAND_KEPT, IN_DATABASE];

export const engineTime: Subject = { name: 'engine', run };

async function run({ cleanup, signal }: SubjectContext): Promise<Report> {
  const db = await openAsTheHost(realpathSync(mkdtempSync(path.join(tmpdir(), 'engine-'))));
  cleanup.add(() => db.close());
  const samples = await alternate(await contendersOn(db), { warmUps: 1, counted: 9, budgetMs: 20_000, signal });
  const times = (label: string, comparison: string) => `${readable(ratioOf(samples, label, comparison))} times`;
  const { transactions, statements, roundTrips } = await countPerTurn(db);
  return {
    title: `Engine time per turn (runs of ${TURNS} turns, ledger on, no hooks)`,
    meaning: [
      'All but the model, which answers at once: each turn is a text and one call, which writes a ledger entry. The others check',
      'the same arguments and run the same tool, but what it writes goes nowhere. A real model takes seconds for a turn.',
    ],
    ...figureTable(figures(samples, LABELS, BY_HAND), 'the loop by hand'),
    notes: [
      `In memory ours takes ${times(IN_MEMORY, BY_AI)} as long as ai, and ${times(IN_MEMORY, BY_AGENTS)} as long as @openai/agents.`,
      'As the host runs it, each step is committed to PGlite before the next begins; budgets, permissions and guards are real.',
      `That takes ${times(IN_DATABASE, BY_HAND_KEPT)} as long as by hand with two inserts, and ${times(IN_DATABASE, BY_AI)} as long as ai, which keeps nothing.`,
      `A turn is ${transactions} transactions: ${statements} statements with begin and commit, in ${roundTrips} round trips.`,
    ],
  };
}

async function contendersOn(db: Db): Promise<Contender[]> {
  await db.exec('create table animus.bench_messages (n bigserial primary key, message jsonb not null)');
  const keep = (message: Message) =>
    db.query('insert into animus.bench_messages (message) values ($1)', [JSON.stringify(message)]);
  const others: OtherConversation = { answer: (turn) => ledgerTurn(turn, TURNS), turns: TURNS, tools: [ledgerAppend] };
  return [
    () => perTurn(BY_HAND, () => runByHand(conversation(TURNS)), SHORT_RUN_REPEATS),
    () => perTurn(BY_AI, () => runByAi(others), SHORT_RUN_REPEATS),
    () => perTurn(BY_AGENTS, () => runByAgents(others), SHORT_RUN_REPEATS),
    () => perTurn(IN_MEMORY, () => runInMemory(conversation(TURNS)), SHORT_RUN_REPEATS),
    () => perTurn(BY_HAND_KEPT, () => runByHand(conversation(TURNS), keep)),
    async () => {
      const runIt = await prepareInDatabase(db);
      return perTurn(IN_DATABASE, () => runIt(conversation(TURNS)));
    },
  ];
}

async function perTurn(label: string, work: () => Promise<unknown>, repeats = 1) {
  const times: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const begin = performance.now();
    await work();
    times.push((performance.now() - begin) / TURNS);
  }
  return { [label]: median(times) };
}

function conversation(turns: number): Conversation {
  return { client: instantModel((turn) => ledgerTurn(turn, turns)), tools: [ledgerAppend] };
}

/** The difference of a long and a short run: what happens once in a run falls out. */
async function countPerTurn(db: Db): Promise<Counts> {
  const [few, many] = [10, 20];
  const count = async (turns: number) => {
    const counting = countingDb(db);
    const work = await prepareInDatabase(counting);
    const before = { ...counting.counts };
    await work(conversation(turns));
    const { transactions, statements, roundTrips } = counting.counts;
    return {
      transactions: transactions - before.transactions,
      statements: statements - before.statements,
      roundTrips: roundTrips - before.roundTrips,
    };
  };
  const [short, long] = [await count(few), await count(many)];
  return {
    transactions: (long.transactions - short.transactions) / (many - few),
    statements: (long.statements - short.statements) / (many - few),
    roundTrips: (long.roundTrips - short.roundTrips) / (many - few),
  };
}
