/**
 * Room on the disk under the embedded database. A CHECKPOINT that fails for lack of it leaves PGlite spinning at the next
 * query, so there is none without a look, and no new work is begun below the bound.
 */
import { statfsSync } from 'node:fs';
import type { Db } from './types.ts';

export const LEAST_FREE_BYTES = 200 * 1024 * 1024;

/** Bytes an ordinary user may still write there. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

const CHECKPOINT_EVERY_MS = 5 * 60_000;

/** PGlite has no checkpointer of its own: without this its log grows for as long as the host lives. */
export function checkpointRegularly(db: Db, folder: string, onError: (error: unknown) => void): () => void {
  const timer = setInterval(() => {
    try {
      if (freeBytes(folder) >= LEAST_FREE_BYTES) db.exec('checkpoint').catch(onError);
    } catch (error) {
      onError(error);
    }
  }, CHECKPOINT_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
