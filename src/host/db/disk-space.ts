/**
 * Room on the disk under the database. A CHECKPOINT that fails for lack of it leaves PGlite spinning at the next query,
 * so there is none without a look, and no new work is begun below the bound.
 */
import { statfsSync } from 'node:fs';
import { SQLSTATE } from './sqlstate.ts';
import { DbError } from './types.ts';

export const LEAST_FREE_BYTES = 200 * 1024 * 1024;

/** After a refused write nothing new is begun for this long; the heartbeat writes meanwhile, so it is tried often enough. */
export const REFUSED_PAUSES_MS = 30_000;

/** Bytes an ordinary user may still write there. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Whether the database refused a write because its disk is full. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof DbError && error.code === SQLSTATE.diskFull;
}

export type DiskSpaceOptions = {
  /** Bytes free under the embedded database; undefined for a server, whose disk nobody here can look at. */
  free: (() => number) | undefined;
  /** Milliseconds of a clock that only goes forward. */
  now?: () => number;
};

export class DiskSpace {
  #free: (() => number) | undefined;
  #now: () => number;
  #refusedAt = Number.NEGATIVE_INFINITY;

  constructor({ free, now = () => performance.now() }: DiskSpaceOptions) {
    this.#free = free;
    this.#now = now;
  }

  /** The database has refused a write for lack of room, whatever a look at the disk says. */
  noteRefused(): void {
    this.#refusedAt = this.#now();
  }

  /** Whether there is room for a CHECKPOINT or a VACUUM. */
  get isEnough(): boolean {
    return this.whyPaused() === undefined;
  }

  /** Why nothing new may be begun now; undefined where it may. */
  whyPaused(): string | undefined {
    if (this.#free && this.#free() < LEAST_FREE_BYTES) {
      return "less than 200 MB are free on the store's disk: nothing new is begun until there is more";
    }
    if (this.#now() - this.#refusedAt >= REFUSED_PAUSES_MS) return undefined;
    return 'the database refused to write because its disk is full: nothing new is begun until it takes writes again';
  }
}
