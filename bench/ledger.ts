/** The ledger as it grows: adding an entry, and the reads that people and agents make, at three sizes. */
import type { Db } from '../src/host/db/types.ts';
import { appendEntry, readEntries } from '../src/host/store/ledger/ledger.ts';
import { recentEntries } from '../src/host/store/ledger/recent.ts';
import { uuidv7 } from '../src/rendezvous/ids.ts';
import { benchDatabases } from './bench-databases.ts';
import { alternate, type Contender, figures } from './measure.ts';
import { figureTable, type Report } from './report.ts';
import { seedEntries } from './seeded-store.ts';
import type { Subject, SubjectContext } from './subject.ts';

const SMALLEST = 1e3;
const SIZES = [SMALLEST, 1e5, 1e6];
/** Sizes above this are measured only where there is the time to fill them. */
const ALWAYS_UP_TO = 1e5;
/** A size whose filling would take longer than this, by what the one before took, is left out. */
const MOST_SEEDING_MS = 240_000;
const PAGE = 500;

const OPERATIONS = [
  'append',
  'last 50 of an item',
  'findings of an item',
  'search, rare words',
  'page of recent',
] as const;

export const ledger: Subject = { name: 'ledger', limitMs: 600_000, run };

type Filled = { name: string; size: number; db: Db; place: string; item: string };

async function run({ cleanup, signal }: SubjectContext): Promise<Report> {
  const { openEmbedded, server, note } = await benchDatabases(cleanup);
  const notes = [note];
  const filled = await fillAll('PGlite', openEmbedded, notes, signal);
  if (server) {
    let schemas = 0;
    const open = () => {
      schemas += 1;
      return server.open(`animus_${schemas}`);
    };
    filled.push(...(await fillAll('Postgres', open, notes, signal)));
  }
  const samples = await alternate(filled.map(operations), { warmUps: 2, counted: 15, budgetMs: 60_000, signal });
  const rows = OPERATIONS.flatMap((operation) =>
    filled.flatMap((one) => {
      const smallest = filled.find(({ name }) => name === one.name) ?? one;
      return figures(samples, [labelOf(one, operation)], labelOf(smallest, operation));
    }),
  );
  return {
    title: 'Ledger: adding and reading as it grows',
    meaning: [
      'Through the same functions as a host, PGlite in its thread: one entry in a transaction of its own; the newest 50 and the',
      'findings of one item; 500 entries, or fewer, with words that one entry in the place has; the newest 500 of the place.',
    ],
    ...figureTable(rows, `${inWords(SMALLEST)} entries`),
    notes,
  };
}

async function fillAll(name: string, open: () => Promise<Db>, notes: string[], signal: AbortSignal): Promise<Filled[]> {
  const all: Filled[] = [];
  let perEntry = 0;
  for (const size of SIZES) {
    signal.throwIfAborted();
    if (size > ALWAYS_UP_TO && perEntry * size > MOST_SEEDING_MS) {
      const seconds = Math.round((perEntry * size) / 1000);
      notes.push(
        `${name}, ${inWords(size)} entries: not measured, since filling it would take some ${seconds} s here.`,
      );
      continue;
    }
    const db = await open();
    const place = uuidv7();
    const begin = performance.now();
    const [item] = await seedEntries(db, place, size);
    perEntry = (performance.now() - begin) / size;
    if (item === undefined) throw new Error('Nothing was filled in.');
    all.push({ name, size, db, place, item });
  }
  return all;
}

const inWords = (size: number) => size.toLocaleString('en');

const labelOf = ({ name, size }: Filled, operation: (typeof OPERATIONS)[number]) =>
  `${operation}: ${name}, ${inWords(size)} entries`;

function operations(filled: Filled): Contender {
  const { db, place, item, size } = filled;
  const entry = { workItemId: item, focusId: null, faculty: 'general', entryType: 'note', data: {} } as const;
  const works: Record<(typeof OPERATIONS)[number], () => Promise<unknown>> = {
    append: () =>
      db.transaction((tx) => appendEntry(tx, { ...entry, id: uuidv7(), content: 'One more thing was seen.' })),
    'last 50 of an item': () => readEntries(db, { workItemId: item, lastN: 50 }),
    'findings of an item': () => readEntries(db, { workItemId: item, entryType: 'finding', lastN: 50 }),
    'search, rare words': () => recentEntries(db, { place, query: `"entry ${Math.floor(size / 3)}"` }, null, PAGE),
    'page of recent': () => recentEntries(db, { place }, null, PAGE),
  };
  return async () => {
    const measured: Record<string, number> = {};
    for (const operation of OPERATIONS) {
      const begin = performance.now();
      await works[operation]();
      measured[labelOf(filled, operation)] = performance.now() - begin;
    }
    return measured;
  };
}
