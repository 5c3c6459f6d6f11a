/** What the engine itself costs: the same conversation with and without its durability. */
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readMigrations } from '../src/host/db/migrate.ts';
import { openDatabase } from '../src/host/db/open-database.ts';
import type { Db } from '../src/host/db/types.ts';
import { forwardNotifications } from '../src/host/forward-notifications.ts';
import { type Counts, countingDb } from './counting-db.ts';
import { type Conversation, prepareInDatabase, runByHand, runInMemory } from './engine-loops.ts';
import { instantModel } from './instant-model.ts';
import { alternate, figures, median } from './measure.ts';
import { figureTable, type Report, readable } from './report.ts';
import type { Subject, SubjectContext } from './subject.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const TURNS = 100;
/** A run without a database takes some 50 ms: so short a moment says little. */
const SHORT_RUN_REPEATS = 7;
const FILE = 'note.md';

const BY_HAND = 'a loop written by hand';
const IN_MEMORY = 'our loop, journal in memory';
const IN_DATABASE = 'our loop, journal in PGlite';

export const engineTime: Subject = { name: 'engine', run };

async function run({ cleanup, signal }: SubjectContext): Promise<Report> {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'engine-')));
  const workspace = path.join(folder, 'project');
  mkdirSync(workspace);
  writeFileSync(path.join(workspace, FILE), 'A heron stands in the pond.\n'.repeat(100));
  const db = await openAsTheHost(folder);
  cleanup.add(() => db.close());

  const conversation = (turns: number): Conversation => ({ client: instantModel(turns, FILE), workspace });
  const perTurn = async (label: string, work: (conversation: Conversation) => Promise<void>, repeats = 1) => {
    const times: number[] = [];
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const begin = performance.now();
      await work(conversation(TURNS));
      times.push((performance.now() - begin) / TURNS);
    }
    return { [label]: median(times) };
  };
  const contenders = [
    () => perTurn(BY_HAND, runByHand, SHORT_RUN_REPEATS),
    () => perTurn(IN_MEMORY, runInMemory, SHORT_RUN_REPEATS),
    async () => perTurn(IN_DATABASE, await prepareInDatabase(db)),
  ];
  const samples = await alternate(contenders, { warmUps: 2, counted: 9, budgetMs: 25_000, signal });
  const [inDatabase] = figures(samples, [IN_DATABASE], IN_MEMORY);
  const { transactions, statements, roundTrips } = await countPerTurn(db, conversation);
  return {
    title: `Engine time per turn (runs of ${TURNS} turns)`,
    meaning: [
      'All but the model, which answers at once: each turn records one ledger entry and reads one file of 100 lines. By hand',
      'nothing is recorded; with PGlite each step is committed before the next one begins. A model takes seconds a turn.',
    ],
    ...figureTable(figures(samples, [BY_HAND, IN_MEMORY, IN_DATABASE], BY_HAND), 'the loop by hand'),
    notes: [
      `With PGlite a turn takes ${readable(inDatabase?.ratio ?? Number.NaN)} times what the same loop takes in memory.`,
      `It takes ${transactions} transactions: ${statements} statements with begin and commit, in ${roundTrips} round trips.`,
    ],
  };
}

/** The embedded database as a host of the build has it: a thread, a folder, the template, and who listens. */
async function openAsTheHost(folder: string): Promise<Db> {
  const db = await openDatabase({
    url: null,
    schema: 'animus',
    storeFolder: path.join(folder, 'store'),
    template: path.join(ROOT, 'dist/host/database-template.tar.gz'),
    migrations: readMigrations(path.join(ROOT, 'migrations')),
    onLost: (reason) => console.error(`The database was lost: ${reason}`),
    onReopened: () => undefined,
    onListenerError: (error) => console.error(error),
  });
  await forwardNotifications(db, () => undefined);
  return db;
}

/** The difference of a long and a short run: what happens once in a run falls out. */
async function countPerTurn(db: Db, conversation: (turns: number) => Conversation): Promise<Counts> {
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
