/**
 * Removes what finished foci left: their transcripts by age, and by size the oldest first; then their folders on this
 * machine. In small steps, so that work that comes in between waits for one of them at most.
 */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Db } from '../db/types.ts';
import { prunedAmong, pruneOldest, storeBytes, transcriptBytes, transcriptTableBytes } from '../store/foci/prune.ts';

const PRUNE_EVERY_MS = 60 * 60_000;
const FOCI_AT_ONCE = 10;
const FOLDERS_AT_ONCE = 500;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export type RetentionOptions = {
  db: Db;
  schema: string;
  /** The places that this host serves. */
  places: readonly string[];
  storeFolder: string;
  days: number;
  /** Of all our tables together; null where there is no bound. */
  maxBytes: number | null;
  /** Told of each step that removed something. */
  onPruned?: (foci: number, bytes: number) => void;
  /** Milliseconds of a clock that only goes forward. */
  now?: () => number;
};

export class Retention {
  #options: RetentionOptions;
  #now: () => number;
  #doneAt = Number.NEGATIVE_INFINITY;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Once an hour, while `mayGoOn`: what was broken off goes on at the next call. Gives how many foci were pruned. */
  async pruneIfDue(mayGoOn: () => boolean): Promise<number> {
    if (this.#now() - this.#doneAt < PRUNE_EVERY_MS) return 0;
    const at = this.#now();
    const pruned = (await this.#pruneByAge(mayGoOn)) + (await this.#pruneBySize(mayGoOn));
    await this.#removeFolders(mayGoOn);
    if (mayGoOn()) this.#doneAt = at;
    return pruned;
  }

  async #pruneByAge(mayGoOn: () => boolean): Promise<number> {
    let foci = 0;
    while (mayGoOn()) {
      const count = (await this.#step(this.#options.days)).foci;
      foci += count;
      if (count === 0) break;
    }
    return foci;
  }

  async #pruneBySize(mayGoOn: () => boolean): Promise<number> {
    let [foci, excess] = [0, mayGoOn() ? await this.#excessBytes() : 0];
    while (excess > 0 && mayGoOn()) {
      const step = await this.#step(0);
      if (step.foci === 0) break;
      foci += step.foci;
      excess -= step.bytes;
    }
    return foci;
  }

  async #step(olderThanDays: number): Promise<{ foci: number; bytes: number }> {
    const { db, places, onPruned } = this.#options;
    const { ids, bytes } = await pruneOldest(db, { places, olderThanDays, limit: FOCI_AT_ONCE });
    if (ids.length > 0) onPruned?.(ids.length, bytes);
    return { foci: ids.length, bytes };
  }

  /**
   * By how much the rows are over the bound. Files do not shrink when rows go, their room is used again: what counts is
   * what lies in the tables that pruning empties, and the whole of the others.
   */
  async #excessBytes(): Promise<number> {
    const { db, schema, maxBytes } = this.#options;
    if (maxBytes === null) return 0;
    const files = await storeBytes(db, schema);
    if (files <= maxBytes) return 0;
    const emptied = await transcriptTableBytes(db, schema);
    return files - emptied + Math.min(emptied, await transcriptBytes(db)) - maxBytes;
  }

  /** Those of pruned foci, also where a host ended between the rows and the folder. Others are left alone. */
  async #removeFolders(mayGoOn: () => boolean): Promise<void> {
    const { db, storeFolder } = this.#options;
    const foci = path.join(storeFolder, 'foci');
    const names = (await namesIn(foci)).filter((name) => UUID.test(name));
    for (let at = 0; at < names.length && mayGoOn(); at += FOLDERS_AT_ONCE) {
      for (const id of await prunedAmong(db, names.slice(at, at + FOLDERS_AT_ONCE))) {
        await rm(path.join(foci, id), { recursive: true, force: true });
      }
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
