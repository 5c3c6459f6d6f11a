/** Opens the configured database and brings its schema up to date, or says why that cannot be. */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AnimusError } from '../../protocol/errors.ts';
import { type Migration, migrate, type SchemaState, schemaState } from './migrate.ts';
import { openPglite, type PgliteDb } from './pglite-db.ts';
import { restoreFolder } from './restore.ts';
import type { Db } from './types.ts';

export const POSTGRES_MAJOR = 18;

export type DatabaseOptions = {
  /** postgres://…, or null for the embedded database. */
  url: string | null;
  schema: string;
  storeFolder: string;
  /** A backup that is to be taken instead of what is there, where this file is there. */
  pendingRestore?: string;
  /** A file that says, where it is there, which database the store was moved to. */
  movedMarker?: string;
  template: string | null;
  migrations: Migration[];
  onLost(reason: string): void;
  onReopened(): void;
  onGivenUp?(): void;
  onDiskFull?(): void;
  onListenerError(error: unknown): void;
};

/** Throws AnimusError `store_newer`, `store_altered` or `store_unavailable`; nothing is changed then. */
export async function openDatabase(options: DatabaseOptions): Promise<Db> {
  return options.url === null ? openEmbedded(options) : openServer(options, options.url);
}

async function openServer(options: DatabaseOptions, url: string): Promise<Db> {
  // Only those who use a server pay for loading its client.
  const { openPostgres } = await import('./postgres-db.ts');
  let db: Db;
  try {
    const { schema, onLost, onListenerError } = options;
    const onDiskFull = () => options.onDiskFull?.();
    db = await openPostgres({ url, schema, onLost, onListenerError, onDiskFull });
  } catch (error) {
    throw new AnimusError(
      'store_unavailable',
      (error as Error).message,
      'Start the server or correct ANIMUS_DATABASE_URL (database.url), then run the command again.',
      { cause: error },
    );
  }
  return migrated(db, options);
}

/**
 * Written into the data folder when the first migration is through. A folder without it was cut off while it was made, and
 * nobody was ever told that anything in it is safe: it is made again.
 */
const READY_MARKER = 'animus-ready';

/** The first one is kept all the same: a person may have put it there. Later ones are our own unfinished tries. */
function moveAside(folder: string): void {
  if (!existsSync(folder)) return;
  const aside = `${folder}.unfinished`;
  if (existsSync(aside)) rmSync(folder, { recursive: true });
  else renameSync(folder, aside);
}

async function openEmbedded(options: DatabaseOptions): Promise<Db> {
  const folder = path.join(options.storeFolder, 'db', `pg${POSTGRES_MAJOR}`);
  const marker = path.join(folder, READY_MARKER);
  refuseMoved(options);
  const { pendingRestore } = options;
  if (pendingRestore && existsSync(pendingRestore)) {
    await restoreFolder(folder, pendingRestore, () => openBackup(folder, options, pendingRestore));
  }
  const fresh = !existsSync(marker);
  if (fresh) moveAside(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const template = fresh ? options.template : null;
  let db = await openFolder(folder, options, template);
  const state = await checkedState(db, options);
  if (state.kind === 'older') {
    await db.close();
    const copy = `${folder}.before-migration`;
    rmSync(copy, { recursive: true, force: true });
    cpSync(folder, copy, { recursive: true });
    db = await openFolder(folder, options, null);
  }
  if (state.kind !== 'current') await orClose(db, () => migrate(db, options.migrations));
  if (fresh) writeFileSync(marker, '', { mode: 0o600 });
  return db;
}

/** Makes the folder from a backup and looks whether it is a store that this version can read. */
async function openBackup(folder: string, options: DatabaseOptions, backup: string): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const db = await openFolder(folder, options, backup);
  const state = await checkedState(db, options);
  await db.close();
  if (state.kind === 'empty') throw new Error('there is no store in it');
  writeFileSync(path.join(folder, READY_MARKER), '', { mode: 0o600 });
}

function refuseMoved({ movedMarker }: DatabaseOptions): void {
  if (!movedMarker || !existsSync(movedMarker)) return;
  const target = readFileSync(movedMarker, 'utf8').trim();
  throw new AnimusError(
    'store_moved',
    `This store was moved to ${target}. What lies here is as it was then, and is not opened.`,
    `Set database.url in config.toml (or ANIMUS_DATABASE_URL) to that database. To go on with the old copy instead, delete ${movedMarker}.`,
  );
}

async function openFolder(folder: string, options: DatabaseOptions, template: string | null): Promise<PgliteDb> {
  try {
    const { schema, onLost, onReopened, onListenerError } = options;
    const events = { onLost, onReopened, onListenerError, onGivenUp: () => options.onGivenUp?.() };
    const onDiskFull = () => options.onDiskFull?.();
    return await openPglite({ schema, ...events, onDiskFull, folder, ...(template ? { template } : {}) });
  } catch (error) {
    throw new AnimusError(
      'store_unavailable',
      `The embedded database in ${folder} does not open: ${(error as Error).message}`,
      'Nothing was changed. Move the folder aside to begin with an empty store, or restore a copy of it.',
      { cause: error },
    );
  }
}

async function migrated(db: Db, options: DatabaseOptions): Promise<Db> {
  await checkedState(db, options);
  await orClose(db, () => migrate(db, options.migrations));
  // Another host may have brought it further in the meantime.
  await checkedState(db, options);
  return db;
}

/** Nobody is handed a database that failed, so nobody else could close it. */
async function orClose<T>(db: Db, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await db.close();
    throw error;
  }
}

async function checkedState(db: Db, { migrations }: DatabaseOptions): Promise<SchemaState> {
  return orClose(db, async () => {
    const state = await schemaState(db, migrations);
    if (state.kind === 'newer') {
      throw new AnimusError(
        'store_newer',
        `The store was written by a newer Animus (its schema is ${state.applied}, this one knows ${state.known}). Nothing was changed.`,
        'Update Animus, then run the command again.',
      );
    }
    if (state.kind === 'altered') {
      throw new AnimusError(
        'store_altered',
        `The store was made with another text of migration ${state.name} than this Animus has. Nothing was changed.`,
        'Use the version of Animus that made it, or begin with an empty store.',
      );
    }
    return state;
  });
}
