/** The queue beside others: from a submission to its start, and how many no-ops go through. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from '../src/host/db/types.ts';
import { benchDatabases } from './bench-databases.ts';
import type { Cleanup } from './cleanup.ts';
import { countingDb } from './counting-db.ts';
import { alternate, type Contender, figures } from './measure.ts';
import { type BenchedQueue, graphileWorker, ourQueue, pgBoss } from './queue-contenders.ts';
import { figureTable, type Report } from './report.ts';
import type { Subject, SubjectContext } from './subject.ts';

const OURS = 'Animus';
/** Jobs of one round, submitted eight at a time. */
const JOBS = 100;
const SUBMITTERS = 8;
/** What a queue still does after a job was begun, such as recording its end. */
const SETTLE_MS = 30;
const BEGINS_WITHIN_MS = 20_000;

const latency = (name: string) => `${name}: submit to start`;
const perJob = (name: string) => `${name}: a no-op of ${JOBS} at once`;

export const queue: Subject = { name: 'queue', limitMs: 180_000, run };

async function run({ cleanup, signal }: SubjectContext): Promise<Report> {
  const { openEmbedded, server, note } = await benchDatabases(cleanup);
  const queues = [await ourQueue(`PGlite, ${OURS}`, await openEmbedded(), cleanup)];
  const notes = [note];
  const failed = (name: string, error: unknown) => notes.push(`${name}: not measured: ${(error as Error).message}`);
  try {
    queues.push(await proven(await pgBoss('PGlite, pg-boss', null, cleanup)));
    notes.push(
      'pg-boss on PGlite runs in the same thread as the bench, by its own adapter; ours has a thread of its own.',
    );
  } catch (error) {
    failed('PGlite, pg-boss', error);
  }
  if (server) {
    queues.push(await ourQueue(`Postgres, ${OURS}`, await server.open('animus'), cleanup));
    queues.push(await proven(await pgBoss('Postgres, pg-boss', server.url, cleanup)));
    queues.push(await proven(await graphileWorker('Postgres, graphile-worker', server.url, cleanup)));
  }
  const [one, many] = [await roundTripsOf(1, openEmbedded, cleanup), await roundTripsOf(JOBS, openEmbedded, cleanup)];
  notes.push(
    `Ours asks the database ${one} times for a job alone, and ${many / JOBS} times for each of ${JOBS} at once.`,
  );
  signal.throwIfAborted();
  const contenders = queues.flatMap((benched) => [oneAlone(benched), manyAtOnce(benched)]);
  const samples = await alternate(contenders, { warmUps: 2, counted: 15, budgetMs: 90_000, signal });
  const names = queues.map(({ name }) => name);
  const [base = ''] = names;
  const rows = [latency, perJob].flatMap((label) => figures(samples, names.map(label), label(base)));
  return {
    title: 'Queue: start latency and no-op throughput',
    meaning: [
      'One job alone into an idle queue, from the call to its start; and the time per job when 100 are submitted eight at a',
      'time and four may run at once. Ours makes a lease, a focus and its events with each; the others keep one row a job.',
    ],
    ...figureTable(rows, base),
    notes: [
      ...notes,
      'pg-boss and graphile-worker are woken by notification too; pg-boss takes batches of four, and polls each half second.',
    ],
  };
}

/** From before the first submission until nothing more is asked; so many go in eight at a time. */
async function roundTripsOf(jobs: number, open: () => Promise<Db>, cleanup: Cleanup): Promise<number> {
  const db = countingDb(await open());
  const benched = await ourQueue('counted', db, cleanup);
  await sleep(SETTLE_MS);
  const before = db.counts.roundTrips;
  await begunAfter(benched, jobs, () => submitAll(benched, jobs));
  await sleep(SETTLE_MS * 10);
  return db.counts.roundTrips - before;
}

/** One job goes through before anything is measured. */
async function proven(benched: BenchedQueue): Promise<BenchedQueue> {
  await begunAfter(benched, 1, () => benched.submit());
  await sleep(SETTLE_MS);
  return benched;
}

function oneAlone(benched: BenchedQueue): Contender {
  return async () => {
    const ms = await begunAfter(benched, 1, () => benched.submit());
    await sleep(SETTLE_MS);
    return { [latency(benched.name)]: ms };
  };
}

function manyAtOnce(benched: BenchedQueue): Contender {
  return async () => {
    const ms = await begunAfter(benched, JOBS, () => submitAll(benched, JOBS));
    await sleep(SETTLE_MS);
    return { [perJob(benched.name)]: ms / JOBS };
  };
}

async function submitAll({ submit }: BenchedQueue, jobs: number): Promise<void> {
  let left = jobs;
  const submitter = async () => {
    for (left -= 1; left >= 0; left -= 1) await submit();
  };
  await Promise.all(Array.from({ length: SUBMITTERS }, submitter));
}

/** Milliseconds from before `submit` until the last of `count` jobs was begun. */
async function begunAfter(benched: BenchedQueue, count: number, submit: () => Promise<void>): Promise<number> {
  const all = Promise.withResolvers<number>();
  const limit = setTimeout(
    () => all.reject(new Error(`${benched.name} did not begin ${count} jobs within 20 s`)),
    BEGINS_WITHIN_MS,
  );
  let left = count;
  benched.onBegun(() => {
    left -= 1;
    if (left === 0) all.resolve(performance.now());
  });
  const begin = performance.now();
  try {
    const [end] = await Promise.all([all.promise, submit()]);
    return end - begin;
  } finally {
    clearTimeout(limit);
  }
}
