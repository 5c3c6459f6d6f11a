/**
 * What a finished focus leaves behind and nobody needs for ever: its conversation, calls and hook runs. The focus's own
 * row stays with its costs, as do ledger, outcome and events.
 */
import type { Db, Queryable } from '../../db/types.ts';

/** The tables whose rows of a focus go, and the columns in them that make up their size. */
const TRANSCRIPT: Readonly<Record<string, readonly string[]>> = {
  focus_messages: ['content'],
  // Before the calls, which would take them along uncounted.
  file_changes: ['before_content', 'diff'],
  tool_calls: ['input', 'effective_input', 'started_data', 'raw_result', 'result'],
  context_blocks: ['stub'],
  context_cuts: ['content'],
  artifacts: ['content'],
  hook_runs: ['output', 'stderr_tail'],
  known_files: ['content'],
};

/** What a row takes besides those columns, index entries included; about. */
const ROW_BYTES = 300;

const sizeOf = (columns: readonly string[]) =>
  [ROW_BYTES, ...columns.map((column) => `coalesce(pg_column_size(t.${column}), 0)`)].join(' + ');

export type PruneScope = {
  places: readonly string[];
  /** Only foci that ended so long ago; 0 for all that have ended. */
  olderThanDays: number;
  /** At most so many foci at once. */
  limit: number;
};

export type Pruned = {
  ids: string[];
  /** What their rows took, about. */
  bytes: number;
};

/**
 * Removes the transcripts of a few foci, the ones that ended first, in one transaction. Only where the work item has ended
 * too. What another host is at is left to it, so nobody waits for anybody.
 */
export async function pruneOldest(db: Db, { places, olderThanDays, limit }: PruneScope): Promise<Pruned> {
  return db.transaction(async (tx) => {
    const rows = await tx.query<{ id: string }>(
      `select f.id from animus.foci f
       where f.ended_at < now() - $2 * interval '1 day' and f.pruned_at is null and exists (
         select 1 from animus.work_items w where w.id = f.work_item_id and w.place = any($1::uuid[])
           and w.state in ('completed', 'dead', 'cancelled'))
       order by f.ended_at, f.id limit $3 for no key update of f skip locked`,
      [places, olderThanDays, limit],
    );
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) return { ids, bytes: 0 };
    let bytes = 0;
    for (const [table, columns] of Object.entries(TRANSCRIPT)) {
      const [gone] = await tx.query<{ bytes: number }>(
        `with gone as (delete from animus.${table} t where t.focus_id = any($1::uuid[]) returning ${sizeOf(columns)} as bytes)
         select coalesce(sum(bytes), 0)::float8 as bytes from gone`,
        [ids],
      );
      bytes += gone?.bytes ?? 0;
    }
    await tx.query('update animus.foci set pruned_at = now() where id = any($1::uuid[])', [ids]);
    return { ids, bytes };
  });
}

/** Those of the foci whose transcripts are gone. */
export async function prunedAmong(db: Queryable, ids: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    'select id from animus.foci where id = any($1::uuid[]) and pruned_at is not null',
    [ids],
  );
  return rows.map(({ id }) => id);
}

/** What the tables take on the disk, in bytes, with the room in them that is free to be used again. */
export async function storeBytes(db: Queryable, schema: string): Promise<number> {
  const [row] = await db.query<{ bytes: number }>(
    `select coalesce(sum(pg_total_relation_size(oid)), 0)::float8 as bytes from pg_class
     where relnamespace = $1::regnamespace and relkind = 'r'`,
    [schema],
  );
  return row?.bytes ?? 0;
}

/** What the transcripts that are there take, about. Reads through their tables, so it is asked for seldom. */
export async function transcriptBytes(db: Queryable): Promise<number> {
  const sums = Object.entries(TRANSCRIPT).map(
    ([table, columns]) => `(select coalesce(sum(${sizeOf(columns)}), 0) from animus.${table} t)`,
  );
  const [row] = await db.query<{ bytes: number }>(`select (${sums.join(' + ')})::float8 as bytes`);
  return row?.bytes ?? 0;
}

/** What the transcripts' tables take on the disk, in bytes. */
export async function transcriptTableBytes(db: Queryable, schema: string): Promise<number> {
  const [row] = await db.query<{ bytes: number }>(
    `select coalesce(sum(pg_total_relation_size(oid)), 0)::float8 as bytes from pg_class
     where relnamespace = $1::regnamespace and relname = any($2::text[])`,
    [schema, Object.keys(TRANSCRIPT)],
  );
  return row?.bytes ?? 0;
}
