/** Reading work items. */
import type { JsonObject } from '../../../protocol/json.ts';
import type { Queryable } from '../../db/types.ts';
import { WORK_ITEM_COLUMNS, type WorkItem, type WorkState } from './types.ts';

export type FindResult =
  | { kind: 'found'; id: string }
  | { kind: 'none' }
  /** Several items share the digits: their ids, at most 10. */
  | { kind: 'ambiguous'; ids: string[] };

/** Finds an item of a place, or of any, by its whole id, or by the first or last 6 or more hex digits. */
export async function findWorkItem(db: Queryable, place: string | null, digits: string): Promise<FindResult> {
  const bare = digits.replaceAll('-', '').toLowerCase();
  if (bare.length === 32) return findWhole(db, place, bare);
  const rows = await db.query<{ id: string }>(
    `select id from animus.work_items
     where ($1::uuid is null or place = $1) and (replace(id::text, '-', '') like $2 or replace(id::text, '-', '') like $3)
     order by id limit 11`,
    [place, `${bare}%`, `%${bare}`],
  );
  const [first] = rows;
  if (!first) return { kind: 'none' };
  if (rows.length === 1) return { kind: 'found', id: first.id };
  return { kind: 'ambiguous', ids: rows.slice(0, 10).map(({ id }) => id) };
}

/** By the key, where the digits are all there: a search through their text would read every item. */
async function findWhole(db: Queryable, place: string | null, bare: string): Promise<FindResult> {
  const [row] = await db.query<{ id: string }>(
    'select id from animus.work_items where id = $1::uuid and ($2::uuid is null or place = $2)',
    [bare, place],
  );
  return row ? { kind: 'found', id: row.id } : { kind: 'none' };
}

export async function readWorkItem(db: Queryable, id: string): Promise<WorkItem | undefined> {
  const [item] = await db.query<WorkItem>(`select ${WORK_ITEM_COLUMNS} from animus.work_items w where w.id = $1`, [id]);
  return item;
}

export type WorkFilter = {
  place: string;
  states?: readonly WorkState[];
  faculty?: string;
  parentId?: string;
  /** At most this many, newest first. */
  limit: number;
};

/** What is long is cut where it lies, so that a list of the longest items stays small: texts, parameters, data. */
const brief = (most: string) => `jsonb_build_object(
  'description', left(i.description, ${most}), 'params', '{}'::jsonb, 'attachments', '[]'::jsonb,
  'outcome', (i.outcome - '{data,error}'::text[])
    || jsonb_build_object('summary', left(i.outcome ->> 'summary', ${most}))
    || case when jsonb_typeof(i.outcome -> 'error') is null then '{}'::jsonb else jsonb_build_object('error',
         (i.outcome -> 'error') || jsonb_build_object('message', left(i.outcome #>> '{error,message}', ${most}))) end)`;

/** Texts have at most `textMax` characters; parameters, attachments and an outcome's data are left out. */
export async function listWorkItems(db: Queryable, filter: WorkFilter, textMax: number): Promise<WorkItem[]> {
  return db.query<WorkItem>(
    `with listed as (
       select id from animus.work_items w
       where w.place = $1 and ($2::text[] is null or w.state = any($2::text[])) and ($3::text is null or w.faculty = $3)
         and ($4::uuid is null or w.parent_id = $4)
       order by w.created_at desc, w.id desc limit $5
     )
     select ${WORK_ITEM_COLUMNS} from listed join animus.work_items i using (id)
       cross join lateral jsonb_populate_record(i, ${brief('$6')}) w
     order by w.created_at desc, w.id desc`,
    [filter.place, filter.states ?? null, filter.faculty ?? null, filter.parentId ?? null, filter.limit, textMax],
  );
}

/** Those of the ids that are items of the place, newest first, cut as in a list. */
export async function readWorkItems(
  db: Queryable,
  { place, ids }: { place: string; ids: readonly string[] },
  textMax: number,
): Promise<WorkItem[]> {
  return db.query<WorkItem>(
    `select ${WORK_ITEM_COLUMNS} from animus.work_items i cross join lateral jsonb_populate_record(i, ${brief('$2')}) w
     where i.id = any($1::uuid[]) and i.place = $3 order by w.created_at desc, w.id desc`,
    [ids, textMax, place],
  );
}

/** An item and all below it, level by level and oldest first, with texts cut as in a list. At most `limit`. */
export async function listTree(db: Queryable, id: string, limit: number, textMax: number): Promise<WorkItem[]> {
  return db.query<WorkItem>(
    `with recursive tree as (
       select id from animus.work_items where id = $1
       union all select c.id from tree join animus.work_items c on c.parent_id = tree.id
     ), listed as (
       select w.id from tree join animus.work_items w using (id) order by w.depth, w.created_at, w.id limit $2
     )
     select ${WORK_ITEM_COLUMNS} from listed join animus.work_items i using (id)
       cross join lateral jsonb_populate_record(i, ${brief('$3')}) w
     order by w.depth, w.created_at, w.id`,
    [id, limit, textMax],
  );
}

export type WorkEvent = {
  seq: number;
  fromState: WorkState | null;
  toState: WorkState;
  reason: string;
  data: JsonObject;
  createdAt: Date;
};

export async function listWorkEvents(db: Queryable, workItemId: string): Promise<WorkEvent[]> {
  return db.query<WorkEvent>(
    `select seq, from_state as "fromState", to_state as "toState", reason, data, created_at as "createdAt"
     from animus.work_events where work_item_id = $1 order by seq`,
    [workItemId],
  );
}
