/** The entries of all work of a place, newest first, page by page. */
import type { Queryable } from '../../db/types.ts';
import { ENTRY_COLUMNS, type EntryType, type LedgerEntry } from './ledger.ts';

export type RecentFilter = {
  place: string;
  types?: readonly EntryType[];
  workItemId?: string;
  /** Words to look for, as in a web search. */
  query?: string;
};

/** Times have microseconds in the database and milliseconds here, so the cursor compares what both can tell apart. */
const MATCHES = `exists (select 1 from animus.work_items w where w.id = l.work_item_id and w.place = $1)
  and ($2::text[] is null or l.entry_type = any($2::text[]))
  and ($3::uuid is null or l.work_item_id = $3)
  and ($4::text is null or to_tsvector('english', l.content) @@ websearch_to_tsquery('english', $4))`;

/** The bound on the time itself says nothing more, but an index can begin there. */
const OLDER = `${MATCHES} and ($5::timestamptz is null or (l.created_at < $5::timestamptz + interval '1 millisecond'
  and (date_trunc('milliseconds', l.created_at), l.id) < ($5::timestamptz, $6::uuid)))`;

/**
 * At most `limit` entries older than the cursor; the newest ones without it. The index on the time, or on the words, finds the
 * page; what shares the page's last millisecond is looked up besides, and only all that is sorted. The millisecond is
 * bounded on both sides: of a bound on one side the database expects a third of all entries, and reads on that account.
 */
export async function recentEntries(
  db: Queryable,
  filter: RecentFilter,
  before: { createdAt: Date; id: string } | null,
  limit: number,
): Promise<LedgerEntry[]> {
  return db.query<LedgerEntry>(
    `with page as materialized (
       select l.* from animus.work_ledger l where ${OLDER} order by l.created_at desc limit $7::int
     ), last as materialized (
       select date_trunc('milliseconds', min(created_at)) as ms from page
     )
     select ${ENTRY_COLUMNS} from (
       select * from page
       union all select l.* from animus.work_ledger l, last
       where ${OLDER} and l.created_at >= last.ms and l.created_at < last.ms + interval '1 millisecond'
         and l.id not in (select id from page)
     ) l
     order by date_trunc('milliseconds', l.created_at) desc, l.id desc limit $7::int`,
    [...parameters(filter), before?.createdAt ?? null, before?.id ?? null, limit],
  );
}

export async function countEntries(db: Queryable, filter: RecentFilter): Promise<number> {
  const [row] = await db.query<{ total: number }>(
    `select count(*) as total from animus.work_ledger l where ${MATCHES}`,
    parameters(filter),
  );
  return row?.total ?? 0;
}

function parameters({ place, types, workItemId, query }: RecentFilter) {
  return [place, types ?? null, workItemId ?? null, query ?? null];
}
