/** The database as one file: packed while it is open, and on the disk before it has its name. */
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import { freeBytes, LEAST_FREE_BYTES } from './disk-space.ts';
import { SQLSTATE } from './sqlstate.ts';
import { DbError } from './types.ts';

/** Gives the size in bytes. Never writes over a file that is there. */
export async function writeDump(db: PGlite, file: string): Promise<number> {
  refuseExisting(file);
  const packed = new Uint8Array(await (await db.dumpDataDir('gzip')).arrayBuffer());
  requireRoom(path.dirname(file), packed.byteLength);
  const aside = `${file}.${process.pid}.new`;
  try {
    writeWhole(aside, packed);
    // A link fails where a name is taken; a rename would put itself in its place.
    link(aside, file);
    syncFolder(path.dirname(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') refuseExisting(file);
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
  return packed.byteLength;
}

/** A backup must not be what fills the disk under the database. */
function requireRoom(folder: string, bytes: number): void {
  if (freeBytes(folder) >= bytes + LEAST_FREE_BYTES) return;
  const megabytes = Math.ceil(bytes / 1024 / 1024);
  throw new DbError(
    `it takes ${megabytes} MB, and less than 200 MB would be left free in ${folder}.`,
    'ENOSPC',
    undefined,
  );
}

/** Some file systems of memory sticks know no links: there the look before has to do. */
function link(aside: string, file: string): void {
  try {
    linkSync(aside, file);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    renameSync(aside, file);
  }
}

const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'ENOSYS']);

function refuseExisting(file: string): void {
  if (existsSync(file))
    throw new DbError(`${file} is there already, and nothing is written over it.`, SQLSTATE.duplicateFile, undefined);
}

function writeWhole(file: string, bytes: Uint8Array): void {
  const descriptor = openSync(
    file,
    constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    for (let at = 0; at < bytes.byteLength; ) at += writeSync(descriptor, bytes, at);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Windows opens no folders, and needs none of this. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
