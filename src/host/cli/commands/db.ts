/** animus db backup, restore, move. */
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { AnimusError } from '../../../protocol/errors.ts';
import { databaseUrl } from '../../../protocol/host.ts';
import { tryLock } from '../../../rendezvous/file-lock.ts';
import { movedMarkerFile, pendingRestoreFile } from '../../../rendezvous/store-files.ts';
import { showKey } from '../as-person.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, connect, connectIfRunning, withHost } from '../session.ts';
import { plainName, table } from '../terminal.ts';
import { untilGone } from './host.ts';

/** A backup is packed with gzip. */
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

export async function dbBackup(session: CliSession, _options: object, given?: string): Promise<number> {
  requireEmbedded(session);
  const file = given ? path.resolve(given) : defaultBackup(session.location.store);
  const { bytes } = await withHost(session, (client) => client.request('db/backup', { file, pid: process.pid }));
  const { terminal, json } = session;
  if (json) terminal.out(JSON.stringify({ file, bytes }));
  else terminal.out(`${plainName(file)}  ${megabytes(bytes)}\n  animus db restore takes it back, here`);
  return EXIT.done;
}

/** In the store's own folder, named by the time. */
function defaultBackup(store: string): string {
  const folder = path.join(store, 'backups');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const time = new Date()
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
  return path.join(folder, `animus-${time}.tar.gz`);
}

/** Lays the backup where the next host takes it, and starts that host: it keeps the old folder until the new one is open. */
export async function dbRestore(session: CliSession, _options: object, given: string): Promise<number> {
  requireEmbedded(session);
  const { store } = session.location;
  const file = path.resolve(given);
  requireBackup(file);
  if (await connectIfRunning(session)) throw hostRunning();
  mkdirSync(path.join(store, 'db'), { recursive: true, mode: 0o700 });
  const lock = tryLock(path.join(store, 'lock.db'));
  if (!lock) throw hostRunning();
  try {
    refuseMoved(store);
    layReady(file, pendingRestoreFile(store));
  } finally {
    lock.release();
  }
  const client = await connect(session);
  try {
    // The database's own answer: what does not open is said here, and the old folder is back by then.
    await client.request('trust/show', {});
  } catch (error) {
    // This host leaves; the next one opens what was there before.
    await client.closed;
    await untilGone(store, client.host.instance_id);
    throw error;
  }
  const { terminal, json } = session;
  terminal.out(json ? JSON.stringify({ restored: true, file }) : `Restored from ${plainName(file)}.`);
  return EXIT.done;
}

function requireBackup(file: string): void {
  const start = Buffer.alloc(GZIP_MAGIC.length);
  try {
    const descriptor = openSync(file, 'r');
    try {
      readSync(descriptor, start);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw notABackup(`${file} cannot be read: ${(error as Error).message}`);
  }
  if (!start.equals(GZIP_MAGIC)) throw notABackup(`${file} is no backup: it is not packed with gzip.`);
}

function notABackup(message: string): AnimusError {
  return new AnimusError(
    'invalid_params',
    `${message} Nothing was changed.`,
    'Give a file that animus db backup made.',
  );
}

/** Under its name only when it is whole and on the disk. */
function layReady(from: string, to: string): void {
  const aside = `${to}.new`;
  try {
    copyFileSync(from, aside);
    const descriptor = openSync(aside, 'r+');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(aside, to);
  } catch (error) {
    rmSync(aside, { force: true });
    throw new AnimusError(
      'store_unavailable',
      `The backup could not be laid into the store: ${(error as Error).message}. Nothing was changed.`,
      'Make room on the disk, then run the command again.',
      { cause: error },
    );
  }
}

function hostRunning(): AnimusError {
  return new AnimusError(
    'host_running',
    'A host has this store open, so it cannot be replaced. Nothing was changed.',
    'Close its windows in VS Code, run animus host stop, then this again.',
  );
}

function refuseMoved(store: string): void {
  const marker = movedMarkerFile(store);
  if (!existsSync(marker)) return;
  throw new AnimusError(
    'store_moved',
    'This store was moved to a Postgres server. Nothing was changed.',
    `To go on with the embedded one instead, delete ${marker}.`,
  );
}

export async function dbMove(session: CliSession, _options: object, given: string): Promise<number> {
  requireEmbedded(session);
  const parsed = databaseUrl.safeParse(given);
  if (!parsed.success) {
    const message = parsed.error.issues[0]?.message ?? 'not a URL';
    throw new AnimusError(
      'invalid_params',
      `The target: ${message}.`,
      'As in animus db move postgres://user@host/name',
    );
  }
  const { terminal, json, location } = session;
  const client = await connect(session);
  terminal.note('Waiting for running work to reach a recorded point, then copying …');
  await showKey(session, client);
  const moved = await client.request('db/move', { url: parsed.data, pid: process.pid });
  await client.closed;
  await untilGone(location.store, client.host.instance_id);
  if (json) {
    terminal.out(JSON.stringify(moved));
    return EXIT.done;
  }
  const rows = moved.tables.filter((copied) => copied.rows > 0).map((copied) => [copied.name, String(copied.rows)]);
  terminal.out(`Moved to ${plainName(moved.target)}, schema ${plainName(moved.schema)}; every row was compared.`);
  if (rows.length > 0) terminal.out(table(rows, terminal.width));
  terminal.out(
    'To go on there, set in config.toml, or as ANIMUS_DATABASE_URL:\n  [database]\n  url = "the URL that you gave"',
  );
  terminal.out('Until then no host starts here: the embedded store stays as it is, and is not opened.');
  return EXIT.done;
}

function requireEmbedded({ config }: CliSession): void {
  const { url, schema } = config.database;
  if (url === null) return;
  throw new AnimusError(
    'not_embedded',
    'The store is on a Postgres server, which has tools of its own for this.',
    `Back up: pg_dump --format=custom --schema=${schema} --file=FILE URL. Restore into an empty database: pg_restore --dbname=URL FILE.`,
  );
}

const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
