/** A store as months of work leave it, filled by the database itself before any host has opened it. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { readMigrations } from '../src/host/db/migrate.ts';
import { openDatabase, POSTGRES_MAJOR } from '../src/host/db/open-database.ts';
import type { Db } from '../src/host/db/types.ts';
import { uuidv7 } from '../src/rendezvous/ids.ts';
import { writeStoreFile } from '../src/rendezvous/store-files.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const ENTRIES_PER_ITEM = 50;

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
const ITEMS_AT_ONCE = 400;

/** So many entries in a database without any. Gives the ids of the items, the newest first. */
export async function seedEntries(db: Db, place: string, entries: number): Promise<string[]> {
  await db.query(ITEMS, [place, entries / ENTRIES_PER_ITEM]);
  const step = ITEMS_AT_ONCE * ENTRIES_PER_ITEM;
  for (let from = 0; from < entries; from += step) {
    await db.query(ENTRIES, [entries, ENTRIES_PER_ITEM, from / ENTRIES_PER_ITEM, (from + step) / ENTRIES_PER_ITEM]);
  }
  await db.exec('analyze');
  const items = await db.query<{ id: string }>('select id from animus.work_items where place = $1 order by id desc', [
    place,
  ]);
  return items.map(({ id }) => id);
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

/** Three items take turns, as three slots do. */
const ENTRIES = `with numbered as (
    select n, (n / ($2 * 3)) * 3 + n % 3 + 1 as item, (n % ($2 * 3)) / 3 + 1 as seq from generate_series(0, $1::int - 1) n
  ), entry as (
    select n, least(item, $1 / $2) as item, row_number() over (partition by least(item, $1 / $2) order by n) as seq
    from numbered where least(item, $1 / $2) > $3::int and least(item, $1 / $2) <= $4::int
  ), heads as (
    insert into animus.ledger_heads (work_item_id, seq) select ${idOf(1, 'item')}, max(seq) from entry group by item
  )
  insert into animus.work_ledger (id, work_item_id, faculty, seq, entry_type, content, data, created_at)
  select ${idOf(2, 'n')}, ${idOf(1, 'item')}, 'general', seq,
    (array['plan', 'finding', 'finding', 'decision', 'step', 'error', 'note'])[n % 7 + 1],
    'Entry ' || n || ': the claim query of the queue reads 41 rows for each one that it takes, which the index explains',
    case when n % 3 = 0 then '{"files":["src/date.ts:2"]}'::jsonb else '{}' end, ${secondsAgo('($1 - n) * 40')}
  from entry`;
