/** What it takes to find out what the other work does: at little work, and at a hundred times as much. */
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readMigrations } from '../src/host/db/migrate.ts';
import { openDatabase } from '../src/host/db/open-database.ts';
import type { Db } from '../src/host/db/types.ts';
import { type AwarenessSettings, buildDigest } from '../src/host/engine/awareness/digest.ts';
import { facultySchema } from '../src/host/engine/faculties/schema.ts';
import { readWorkItem } from '../src/host/store/work/find.ts';
import { idOfRow, insertManyRows } from '../test/store/many-rows.ts';
import { findPostgres, startPostgres } from '../test/support/postgres-server.ts';
import { alternate, type Contender, figures } from './measure.ts';
import { figureTable, type Report } from './report.ts';
import type { Subject, SubjectContext } from './subject.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const PLACE = '01900000-0000-7000-8000-00000000cccc';
const [FEW, MANY] = [100, 10_000];
const ENTRIES_EACH = 10;

export const awareness: Subject = { name: 'awareness', run };

const label = (database: string, items: number) => `${database}: ${items.toLocaleString('en')} items`;

async function run({ cleanup, signal }: SubjectContext): Promise<Report> {
  const databases: [name: string, url: string | null][] = [['PGlite', null]];
  const notes: string[] = [];
  const programs = findPostgres();
  if (programs) {
    const postgres = await startPostgres(programs);
    cleanup.add(() => postgres.remove());
    databases.push(['Postgres', postgres.url]);
  } else notes.push('Postgres: not measured, because no server is installed here (Debian: postgresql).');

  const contenders: Contender[] = [];
  for (const [name, url] of databases) {
    for (const items of [FEW, MANY]) {
      signal.throwIfAborted();
      const db = await openFilled(url, items);
      cleanup.add(() => db.close());
      contenders.push(digestOf(db, label(name, items)));
    }
  }
  const samples = await alternate(contenders, { warmUps: 5, counted: 50, budgetMs: 20_000, signal });
  const tables = databases.map(([name]) => {
    const labels = [label(name, FEW), label(name, MANY)];
    return figureTable(figures(samples, labels, label(name, FEW)), `${FEW} items`);
  });
  return {
    title: 'Time to build an awareness digest',
    meaning: [
      `For an item of a place with so many others and ${ENTRIES_EACH} ledger entries each: three queries, the choice of what is`,
      'relevant, and its text of at most 1,500 tokens. A focus does this once, when it begins.',
    ],
    header: tables[0]?.header ?? [],
    cells: tables.flatMap(({ cells }) => cells),
    rows: tables.flatMap(({ rows }) => rows),
    notes,
  };
}

/** In a database of its own, in PGlite without statistics, as nobody gathers them there. */
async function openFilled(url: string | null, items: number): Promise<Db> {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'awareness-')));
  const db = await openDatabase({
    url,
    schema: `animus_${items}`,
    storeFolder: path.join(folder, 'store'),
    template: null,
    migrations: readMigrations(path.join(ROOT, 'migrations')),
    onLost: (reason) => console.error(`The database was lost: ${reason}`),
    onReopened: () => undefined,
    onListenerError: (error) => console.error(error),
  });
  await insertManyRows(db, { items, entriesEach: ENTRIES_EACH }, PLACE);
  return db;
}

function digestOf(db: Db, name: string): Contender {
  const settings: AwarenessSettings = facultySchema.parse({ faculty: { name: 'bench', description: 'x' } }).faculty
    .awareness;
  return async () => {
    const item = await readWorkItem(db, idOfRow(20));
    if (!item) throw new Error('The item is missing.');
    const begin = performance.now();
    const { text } = await buildDigest(db, { place: PLACE, workspace: '/w', item }, settings);
    const took = performance.now() - begin;
    if (text === '') throw new Error('The digest is empty.');
    return { [name]: took };
  };
}
