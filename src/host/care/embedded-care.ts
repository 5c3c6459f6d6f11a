/**
 * What a server does by itself and PGlite does not: CHECKPOINT, without which its log grows for as long as the host lives,
 * and VACUUM. Neither without room on the disk.
 */
import type { DiskSpace } from '../db/disk-space.ts';
import type { EmbeddedDb } from '../db/types.ts';

const CHECKPOINT_EVERY_MS = 5 * 60_000;
const CHECKPOINT_WAL_BYTES = 64 * 1024 * 1024;
const VACUUM_EVERY_MS = 30 * 60_000;

export type EmbeddedCareOptions = {
  db: EmbeddedDb;
  disk: Pick<DiskSpace, 'isEnough'>;
  /** The schema's name. */
  schema: string;
  /** Milliseconds of a clock that only goes forward. */
  now?: () => number;
};

export class EmbeddedCare {
  #options: EmbeddedCareOptions;
  #now: () => number;
  #checkpoint: { at: number; wal: number } | undefined;
  #vacuum: { at: number; wal: number } = { at: Number.NEGATIVE_INFINITY, wal: -1 };

  constructor(options: EmbeddedCareOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Checkpoints when 5 minutes or 64 MB of log have gone by since the last one. Gives whether it did. */
  async checkpointIfDue(): Promise<boolean> {
    const { db, disk } = this.#options;
    if (!disk.isEnough) return false;
    const [at, wal] = [this.#now(), await this.#walBytes()];
    // The first look only begins to count: the database checkpointed when it was closed or recovered.
    this.#checkpoint ??= { at, wal };
    const written = wal - this.#checkpoint.wal;
    const isDue = written >= CHECKPOINT_WAL_BYTES || (written > 0 && at - this.#checkpoint.at >= CHECKPOINT_EVERY_MS);
    if (!isDue) return false;
    await db.maintain('checkpoint');
    this.#checkpoint = { at, wal: await this.#walBytes() };
    return true;
  }

  /**
   * Vacuums and analyzes table by table while `mayGoOn`, so that work that comes waits for one table at most. Every 30
   * minutes, or at once where `soon`, and only where something was written since. Gives whether all was done.
   */
  async vacuumIfDue(mayGoOn: () => boolean, soon = false): Promise<boolean> {
    const { db, disk, schema } = this.#options;
    const at = this.#now();
    if (!soon && at - this.#vacuum.at < VACUUM_EVERY_MS) return false;
    if (!disk.isEnough || (await this.#walBytes()) === this.#vacuum.wal) return false;
    const tables = await db.query<{ name: string }>(
      `select quote_ident(relname) as name from pg_class where relnamespace = $1::regnamespace and relkind = 'r' order by 1`,
      [schema],
    );
    for (const { name } of tables) {
      if (!mayGoOn() || !disk.isEnough) return false;
      await db.maintain(`vacuum (analyze) animus.${name}`);
    }
    this.#vacuum = { at, wal: await this.#walBytes() };
    return true;
  }

  async #walBytes(): Promise<number> {
    const [row] = await this.#options.db.query<{ bytes: number }>(
      "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as bytes",
    );
    return row?.bytes ?? 0;
  }
}
