/** The work ledger: entries are added and read, never changed. */
import type { JsonObject } from '../../../protocol/json.ts';
import type { Queryable, Tx } from '../../db/types.ts';

export const ENTRY_TYPES = ['plan', 'finding', 'decision', 'step', 'error', 'note'] as const;
export type EntryType = (typeof ENTRY_TYPES)[number];

/** Longest entry, in characters. */
export const ENTRY_MAX_LENGTH = 20_000;

export type LedgerEntry = {
  id: string;
  workItemId: string;
  focusId: string | null;
  faculty: string;
  /** 1, 2, 3 … for each work item, without a gap. */
  seq: number;
  entryType: EntryType;
  content: string;
  data: JsonObject;
  createdAt: Date;
};

export type NewEntry = Pick<
  LedgerEntry,
  'id' | 'workItemId' | 'focusId' | 'faculty' | 'entryType' | 'content' | 'data'
>;

/**
 * Adds an entry and returns its number. The head's row orders the writers of one item, so this belongs near the end of
 * its transaction. Throws DbError where the database refuses the content.
 */
export async function appendEntry(tx: Tx, entry: NewEntry): Promise<number> {
  const [row] = await tx.query<{ seq: number }>(
    `with head as (
       insert into animus.ledger_heads as h (work_item_id, seq) values ($1, 1)
       on conflict (work_item_id) do update set seq = h.seq + 1 returning seq
     ), entry as (
       insert into animus.work_ledger (id, work_item_id, focus_id, faculty, seq, entry_type, content, data)
       select $2, $1, $3, $4, head.seq, $5, $6, $7::jsonb from head returning work_item_id, seq
     )
     select seq, pg_notify('animus.ledger', json_build_object('id', work_item_id, 'seq', seq)::text)::text from entry`,
    [
      entry.workItemId,
      entry.id,
      entry.focusId,
      entry.faculty,
      entry.entryType,
      entry.content,
      JSON.stringify(entry.data),
    ],
  );
  if (!row) throw new Error('An insert gave no row.');
  return row.seq;
}

export type LedgerFilter = {
  workItemId: string;
  entryType?: EntryType;
  /** Only what this focus wrote. */
  focusId?: string;
  /** Only entries numbered above this. */
  afterSeq?: number;
  /** Only the newest so many. */
  lastN?: number;
  /** Of what the rest selects, only so many from the front. */
  limit?: number;
  /** Words to look for, as in a web search. */
  query?: string;
};

/** The columns of `LedgerEntry`, for a select from a table that is called `l`. */
export const ENTRY_COLUMNS = `l.id, l.work_item_id as "workItemId", l.focus_id as "focusId", l.faculty, l.seq,
  l.entry_type as "entryType", l.content, l.data, l.created_at as "createdAt"`;

/** Entries in the order of their numbers. */
export async function readEntries(db: Queryable, filter: LedgerFilter): Promise<LedgerEntry[]> {
  const { workItemId, focusId, afterSeq, entryType, query, lastN, limit } = filter;
  return db.query<LedgerEntry>(
    `select * from (
       select ${ENTRY_COLUMNS} from animus.work_ledger l
       where work_item_id = $1 and seq > $2 and ($3::text is null or entry_type = $3)
         and ($4::text is null or to_tsvector('english', content) @@ websearch_to_tsquery('english', $4))
         and ($7::uuid is null or focus_id = $7)
       order by seq desc limit $5
     ) newest order by seq limit $6`,
    [workItemId, afterSeq ?? 0, entryType ?? null, query ?? null, lastN ?? null, limit ?? null, focusId ?? null],
  );
}

export async function readEntry(db: Queryable, workItemId: string, seq: number): Promise<LedgerEntry | undefined> {
  const [entry] = await db.query<LedgerEntry>(
    `select ${ENTRY_COLUMNS} from animus.work_ledger l where l.work_item_id = $1 and l.seq = $2`,
    [workItemId, seq],
  );
  return entry;
}
