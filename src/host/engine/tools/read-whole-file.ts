/**
 * Reading one small file after another without leaving the thread, for the search worker: a tenth of the time of
 * openInWorkspace, and not for the host's own thread. The checks are the same.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { isClosed, isInside } from './workspace-path.ts';

export type WholeFile = { kind: 'read'; bytes: Buffer } | { kind: 'too_large' } | { kind: 'unreadable' };

const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** `real` is absolute and was met free of links. What is no regular file inside the workspace by now is unreadable. */
export function readWholeFile(workspace: string, real: string, mostBytes: number, closedFolder?: string): WholeFile {
  if (isClosed(closedFolder, real)) return { kind: 'unreadable' };
  let descriptor: number | undefined;
  try {
    descriptor = openSync(real, FLAGS);
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || !isStillAt(descriptor, stats, workspace, real)) return { kind: 'unreadable' };
    return stats.size > mostBytes ? { kind: 'too_large' } : { kind: 'read', bytes: readFileSync(descriptor) };
  } catch (error) {
    // Whatever the file system says about one file, the search goes on and counts it.
    if (error instanceof Error && 'syscall' in error) return { kind: 'unreadable' };
    throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function isStillAt(descriptor: number, stats: Stats, workspace: string, real: string): boolean {
  if (!isInside(workspace, real)) return false;
  if (process.platform === 'linux') return readlinkSync(`/proc/self/fd/${descriptor}`) === real;
  if (realpathSync.native(real) !== real) return false;
  const { dev, ino } = statSync(real);
  return dev === stats.dev && ino === stats.ino;
}
