/**
 * A lock that the kernel releases with its process: an exclusive transaction on a small SQLite file. It holds across pid
 * namespaces and leaves nothing stale behind. Not for network file systems.
 */
import { createRequire } from 'node:module';
import type { DatabaseSync } from 'node:sqlite';

export type FileLock = { release(): void };

const SQLITE_BUSY = 5;

/** Takes the lock at once, or returns undefined where another process holds it. */
export function tryLock(file: string): FileLock | undefined {
  // Loaded here and not at the top: some runtimes warn of it, and not every command locks.
  const sqlite = createRequire(import.meta.url)('node:sqlite') as typeof import('node:sqlite');
  const database: DatabaseSync = new sqlite.DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('begin exclusive');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
  return { release: () => database.close() };
}
