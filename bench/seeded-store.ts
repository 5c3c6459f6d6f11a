/** A store as months of work leave it, filled by the database itself before any host has opened it. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { readMigrations } from '../src/host/db/migrate.ts';
import { openDatabase, POSTGRES_MAJOR } from '../src/host/db/open-database.ts';
import type { Db, EmbeddedDb } from '../src/host/db/types.ts';
import { uuidv7 } from '../src/rendezvous/ids.ts';
import { writeStoreFile } from '../src/rendezvous/store-files.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const ENTRIES_PER_ITEM = 50;
/** Items take turns in adding, as foci in so many slots do. */
const ITEMS_IN_TURN = 3;

/** So many entries, 50 of each work item, over the weeks up to now. Items are done, three at a time. */
export async function seedStore(storeFolder: string, workspace: string, entries: number): Promise<void> {
  const place = uuidv7();
  mkdirSync(storeFolder, { recursive: true, mode: 0o700 });
  writeStoreFile(storeFolder, { store_id: place, folders: [workspace], postgres_major: POSTGRES_MAJOR });
  const fail = (reason: unknown) => {
    throw reason;
  };
  const db = await openDatabase({
    url: null,
    schema: 'animus',
    storeFolder,
    template: path.join(ROOT, 'dist/host/database-template.tar.gz'),
    migrations: readMigrations(path.join(ROOT, 'migrations')),
    onLost: fail,
    onReopened: () => undefined,
    onListenerError: fail,
  });
  try {
    await seedEntries(db, place, entries);
  } finally {
    await db.close();
  }
}

/** At most so many at once: a statement that takes half a minute counts as one that hangs. */
const ENTRIES_AT_ONCE = 150 * ENTRIES_PER_ITEM * ITEMS_IN_TURN;

/**
 * So many entries in a database without any. Gives the ids of the items, the newest first. The indexes that serve reads are
 * built when all is there, as they would be by a restore: entry by entry they take most of the time.
 */
export async function seedEntries(db: Db, place: string, entries: number): Promise<string[]> {
  const indexes = await dropIndexes(db);
  await db.query(ITEMS, [place, entries / ENTRIES_PER_ITEM]);
  for (let from = 0; from < entries; from += ENTRIES_AT_ONCE) {
    await db.query(ENTRIES, [entries, ENTRIES_PER_ITEM, from, Math.min(from + ENTRIES_AT_ONCE, entries)]);
  }
  for (const definition of indexes) await atLength(db, definition);
  await atLength(db, 'analyze');
  const items = await db.query<{ id: string }>('select id from animus.work_items where place = $1 order by id desc', [
    place,
  ]);
  return items.map(({ id }) => id);
}

/** Gives what makes them again. The ones that keep numbers and ids unique stay. */
async function dropIndexes(db: Db): Promise<string[]> {
  const indexes = await db.query<{ name: string; definition: string }>(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
     where indrelid = 'animus.work_ledger'::regclass and not indisunique`,
  );
  for (const { name } of indexes) await db.exec(`drop index ${name}`);
  return indexes.map(({ definition }) => definition);
}

/** What works through a whole table may take its time. */
function atLength(db: Db, statement: string): Promise<void> {
  return db.kind === 'pglite' ? (db as EmbeddedDb).maintain(statement) : db.exec(statement);
}

/** Ids begin with the time as those of a host do, so that the newest stand at an index's end. */
const idOf = (kind: number, number: string) =>
  `('01900000-000${kind}-7000-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`;

const secondsAgo = (seconds: string) => `now() - make_interval(secs => ${seconds})`;

const ITEMS = `insert into animus.work_items (id, place, root_id, faculty, description, state, max_attempts, provenance,
    outcome, event_seq, created_at, updated_at, resolved_at)
  select ${idOf(1, 'n')}, $1, ${idOf(1, 'n')}, 'general', 'Look through part ' || n || ' of the sources' ||
      repeat(' and say what is to be done there', 4), 'completed', 3, '{"source":"cli"}',
    '{"success":true,"summary":"Looked through, and nothing is to be done.","duration_ms":60000}', 3,
    ${secondsAgo('($2 - n) * 2000 + 2600')}, ${secondsAgo('($2 - n) * 2000 + 600')}, ${secondsAgo('($2 - n) * 2000 + 600')}
  from generate_series(1, $2::int) n`;

/** Entries from $3 to below $4, which must be all of the items that they belong to. */
const ENTRIES = `with numbered as (
    select n, least((n / ($2 * ${ITEMS_IN_TURN})) * ${ITEMS_IN_TURN} + n % ${ITEMS_IN_TURN} + 1, $1 / $2) as item
    from generate_series($3::int, $4::int - 1) n
  ), entry as (
    select n, item, row_number() over (partition by item order by n) as seq from numbered
  ), heads as (
    insert into animus.ledger_heads (work_item_id, seq) select ${idOf(1, 'item')}, max(seq) from entry group by item
  )
  insert into animus.work_ledger (id, work_item_id, faculty, seq, entry_type, content, data, created_at)
  select ${idOf(2, 'n')}, ${idOf(1, 'item')}, 'general', seq,
    (array['plan', 'finding', 'finding', 'decision', 'step', 'error', 'note'])[n % 7 + 1],
    'Entry ' || n || ': the claim query of the queue reads 41 rows for each one that it takes, which the index explains',
    case when n % 3 = 0 then '{"files":["src/date.ts:2"]}'::jsonb else '{}' end, ${secondsAgo('($1 - n) * 40')}
  from entry`;
