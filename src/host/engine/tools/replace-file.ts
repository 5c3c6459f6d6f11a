/**
 * Puts a file's new content in its place in one step: whoever reads it sees the old or the new, never a part. Every folder
 * on the way is held open while it is used, so that one swapped for a symbolic link in between leads nowhere else. What is
 * there is looked at once more right before that step, under the file's own lock: of two that began with the same content
 * one goes through. Another program can only come between that look and the step, which no file system offers as one.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readlink, realpath, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import { LARGEST_WRITTEN, readAll } from './current-file.ts';
import { oneByOne } from './one-by-one.ts';
import { sha256Of } from './text-file.ts';
import { isInside, type PathRefusal, refusalOf } from './workspace-path.ts';

/**
 * `changed`: the file is not the expected one any more, and was left as it is. `cancelled`: the signal was aborted before the
 * step, which is then never taken. Once it is taken, only what came of it is told.
 */
export type Replaced = { kind: 'replaced' } | { kind: 'changed' } | { kind: 'cancelled' } | PathRefusal;

export type Replacement = {
  /** Real, absolute. */
  workspace: string;
  /** Absolute, inside the workspace, free of symbolic links as far as it exists. Missing folders are made. */
  real: string;
  /** Hash of the content that is to be replaced; null where there is to be no such file. */
  expected: string | null;
  bytes: Buffer;
  /** Aborted, it ends the waiting for the file's lock. */
  signal?: AbortSignal | undefined;
  /** For tests: runs when the folder is open, before anything in it is touched. */
  beforeWrite?: (() => Promise<void>) | undefined;
  /** For tests: runs under the lock, when the file was found to be the expected one. */
  beforeStep?: (() => void) | undefined;
};

type Turn = Pick<Replacement, 'expected' | 'signal' | 'beforeStep'>;

/** Permission bits of a file that was not there before. */
const NEW_FILE_MODE = 0o666;
const FOLDER = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0);
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

export async function replaceFile(order: Replacement): Promise<Replaced> {
  if (order.signal?.aborted) return { kind: 'cancelled' };
  try {
    const folder = await openFolder(order.workspace, path.dirname(order.real));
    if (folder.kind === 'refused') return folder;
    await using _closing = folder.handle;
    await order.beforeWrite?.();
    return await writeInto(folder, order);
  } catch (error) {
    return refusalOf(error);
  }
}

/** Removes a file that lies where it is thought to, and is what it is thought to be. */
export async function removeFile(order: Omit<Replacement, 'bytes' | 'beforeWrite'>): Promise<Replaced> {
  if (order.signal?.aborted) return { kind: 'cancelled' };
  try {
    const folder = await openFolder(order.workspace, path.dirname(order.real));
    if (folder.kind === 'refused') return folder;
    await using _closing = folder.handle;
    return await inTurn(folder, path.basename(order.real), order, unlink);
  } catch (error) {
    return refusalOf(error);
  }
}

async function writeInto(folder: OpenFolder, order: Replacement): Promise<Replaced> {
  const name = path.basename(order.real);
  const mode = await modeOf(path.join(folder.at, name));
  if (mode === 'no_file') return refused('it is no regular file');
  const temporary = path.join(folder.at, `.${name.slice(0, 100)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, NEW_FILE, mode ?? NEW_FILE_MODE);
    try {
      // Asked for when it was made, the bits went through the umask.
      if (mode !== undefined) await file.chmod(mode);
      await file.writeFile(order.bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    const replaced = await inTurn(folder, name, order, (target) => rename(temporary, target));
    if (replaced.kind !== 'replaced') await unlink(temporary);
    return replaced;
  } catch (error) {
    await unlink(temporary).catch((fault: NodeJS.ErrnoException) => {
      if (fault.code !== 'ENOENT') throw fault;
    });
    throw error;
  }
}

/**
 * Looks whether the file is still the expected one and then takes the step, with nobody of this process in between. The lock is
 * the folder's and the name's: one path to a folder is as good as another, and names that differ in case alone may be one file.
 * Two names of one file (hard links) need none, since the step changes what one name means and leaves the other.
 */
async function inTurn(
  folder: OpenFolder,
  name: string,
  { expected, signal, beforeStep }: Turn,
  step: (target: string) => Promise<void>,
): Promise<Replaced> {
  const { dev, ino } = await folder.handle.stat({ bigint: true });
  const turn = async (): Promise<Replaced> => {
    const target = path.join(folder.at, name);
    if ((await hashOf(target)) !== expected) return { kind: 'changed' };
    beforeStep?.();
    // Nothing comes between this and the step: who gave up knows that it was taken by then, or never will be.
    if (signal?.aborted) return { kind: 'cancelled' };
    await step(target);
    return { kind: 'replaced' };
  };
  const key = `${dev}:${ino}:${name.normalize('NFC').toLowerCase()}`;
  return (await oneByOne(key, turn, signal)) ?? { kind: 'cancelled' };
}

/** Of what is there now; null where nothing is, undefined where it is nothing that could be expected. */
async function hashOf(target: string): Promise<string | null | undefined> {
  const file = await openThere(target);
  if (!file) return null;
  await using _closing = file;
  const stats = await file.stat();
  if (!stats.isFile() || stats.size > LARGEST_WRITTEN) return undefined;
  return sha256Of(await readAll(file, stats.size));
}

async function openThere(target: string): Promise<FileHandle | undefined> {
  try {
    return await open(target, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The permission bits to keep; undefined where there is no such file. */
async function modeOf(target: string): Promise<number | 'no_file' | undefined> {
  try {
    const stats = await lstat(target);
    return stats.isFile() ? stats.mode & 0o777 : 'no_file';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

type OpenFolder = { kind: 'opened'; handle: FileHandle /** A path to it that no swap can redirect. */; at: string };

/** Opens the folder step by step from the workspace, making what is missing. No step follows a symbolic link. */
async function openFolder(workspace: string, folder: string): Promise<OpenFolder | PathRefusal> {
  if (!isInside(workspace, folder)) return refused('it lies outside the workspace');
  const steps = path
    .relative(workspace, folder)
    .split(path.sep)
    .filter((step) => step !== '');
  if (process.platform !== 'linux') return openByPath(workspace, folder);
  let handle = await open(workspace, FOLDER);
  for (const step of steps) {
    const next = path.join(heldPath(handle), step);
    try {
      await mkdirUnlessThere(next);
      const opened = await open(next, FOLDER);
      await handle.close();
      handle = opened;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }
  if ((await readlink(heldPath(handle))) === folder) return { kind: 'opened', handle, at: heldPath(handle) };
  await handle.close();
  return refused('its folder was replaced just now; try again');
}

/** Where folders cannot be used through a descriptor, the check afterwards stands alone. */
async function openByPath(workspace: string, folder: string): Promise<OpenFolder | PathRefusal> {
  await mkdir(folder, { recursive: true });
  const real = await realpath(folder);
  if (real !== folder || !isInside(workspace, real)) return refused('its folder was replaced just now; try again');
  return { kind: 'opened', handle: await open(folder, constants.O_RDONLY), at: folder };
}

function heldPath(handle: FileHandle): string {
  return `/proc/self/fd/${handle.fd}`;
}

async function mkdirUnlessThere(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function refused(reason: string): PathRefusal {
  return { kind: 'refused', reason };
}
