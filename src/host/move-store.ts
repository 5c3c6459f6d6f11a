/** From the embedded database to a server, with every row; afterwards the embedded one is marked and never opened by accident. */
import { renameSync, writeFileSync } from 'node:fs';
import { AnimusError } from '../protocol/errors.ts';
import { movedMarkerFile } from '../rendezvous/store-files.ts';
import { databaseLabel } from './config/database-label.ts';
import { copyStore, TargetNotEmpty } from './db/copy-store.ts';
import { readMigrations } from './db/migrate.ts';
import { openDatabase } from './db/open-database.ts';
import type { CopiedTable } from './db/table-shapes.ts';
import { type Db, DbError, DbLost } from './db/types.ts';
import type { HostOptions } from './host-options.ts';

export type Moved = { target: string; schema: string; tables: readonly CopiedTable[] };

/** Nothing may write to `source` meanwhile. Throws AnimusError `store_unavailable` or `target_not_empty`; the store is whole then. */
export async function moveStore({ store, config, assets }: HostOptions, source: Db, url: string): Promise<Moved> {
  const { schema } = config.database;
  const target = databaseLabel(url);
  const ignore = () => undefined; // a listener is never set, and what is lost shows in the calls
  const db = await openDatabase({
    url,
    schema,
    storeFolder: store,
    template: null,
    migrations: readMigrations(assets.migrations),
    ...{ onLost: ignore, onReopened: ignore, onListenerError: ignore },
  });
  try {
    await requireUnicode(db);
    const tables = await copyStore(source, db, schema);
    markMoved(store, `${target}, schema ${schema}`);
    return { target, schema, tables };
  } catch (error) {
    throw translated(error, target, schema);
  } finally {
    await db.close();
  }
}

async function requireUnicode(db: Db): Promise<void> {
  const [row] = await db.query<{ encoding: string }>("select current_setting('server_encoding') as encoding");
  if (row?.encoding === 'UTF8') return;
  throw new AnimusError(
    'store_unavailable',
    `The target database is in ${row?.encoding}, which cannot hold all texts. Nothing was moved.`,
    "Make one with: create database NAME encoding 'UTF8' template template0",
  );
}

/** Whole or not there. */
function markMoved(store: string, target: string): void {
  const file = movedMarkerFile(store);
  writeFileSync(`${file}.new`, `${target}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function translated(error: unknown, target: string, schema: string): unknown {
  if (error instanceof TargetNotEmpty) {
    return new AnimusError(
      'target_not_empty',
      `${error.message} Nothing was moved: ${target} must not hold another store in the schema ${schema}.`,
      `Give another database, another ANIMUS_DATABASE_SCHEMA, or remove what is there: drop schema ${schema} cascade`,
      { cause: error },
    );
  }
  if (error instanceof DbLost) {
    return new AnimusError(
      'store_unavailable',
      `The connection was lost in the middle: ${error.message}. The store is as it was.`,
      'Run the command again: a copy that was whole is recognised.',
      { cause: error },
    );
  }
  if (!(error instanceof DbError)) return error;
  return new AnimusError(
    'store_unavailable',
    `${target} refused: ${error.message}. Nothing was moved.`,
    'Correct it there, then run the command again.',
    { cause: error },
  );
}
