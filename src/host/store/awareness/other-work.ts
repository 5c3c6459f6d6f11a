/**
 * What a place's other work does, did and found, newest first. Each query reads as many rows of its index as it gives
 * (and those it leaves out on the way), however much work there is.
 */
import type { JsonValue } from '../../../protocol/json.ts';
import type { Queryable, SqlValue } from '../../db/types.ts';

/** Who looks: at all work of the place but itself and, unless wanted, what descends from it. */
export type Onlooker = {
  place: string;
  /** Null for nobody in particular. */
  itself: { id: string; rootId: string; depth: number } | null;
  withDescendants: boolean;
};

/** Longest text that is read of an item or an entry, in characters. */
const EXCERPT = 2000;

/** For a query over items that are called `w`, with the parameters of `onlookerParameters`. */
const OTHERS = `w.place = $1 and ($2::uuid is null or (w.id <> $2::uuid
  and ($5::boolean or w.root_id <> $3::uuid or w.depth <= $4::integer or not exists (
    with recursive above as (
      select w.parent_id as id
      union all
      select p.parent_id from above join animus.work_items p on p.id = above.id
    )
    select 1 from above where above.id = $2::uuid))))`;

function onlookerParameters({ place, itself, withDescendants }: Onlooker): SqlValue[] {
  return [place, itself?.id ?? null, itself?.rootId ?? null, itself?.depth ?? null, withDescendants];
}

export type OtherItem = { workItemId: string; rootId: string; faculty: string; description: string };

const ITEM_COLUMNS = `w.id as "workItemId", w.root_id as "rootId", w.faculty, left(w.description, ${EXCERPT}) as description`;

export type ActiveWork = OtherItem & {
  /** What it waits for; null where it runs. */
  waitsFor: string | null;
  /** Since when it runs or waits. */
  since: Date;
  /** Its latest plan. */
  plan: string | null;
};

/** What runs or is parked. */
export async function readActiveWork(db: Queryable, onlooker: Onlooker, limit: number): Promise<ActiveWork[]> {
  return db.query<ActiveWork>(
    `select ${ITEM_COLUMNS}, w.updated_at as since,
       case when w.state = 'waiting' then coalesce(
         (select v.kind from animus.waits v where v.work_item_id = w.id and v.resolved_at is null
          order by v.created_at, v.id limit 1), 'its turn') end as "waitsFor",
       (select left(l.content, ${EXCERPT}) from animus.work_ledger l
        where l.work_item_id = w.id and l.entry_type = 'plan' order by l.seq desc limit 1) as plan
     from animus.work_items w
     where w.state in ('running', 'waiting') and ${OTHERS}
     order by w.updated_at desc, w.id desc limit $6`,
    [...onlookerParameters(onlooker), limit],
  );
}

export type CompletedWork = OtherItem & { end: 'done' | 'failed' | 'dead'; summary: string; at: Date };

/** What came to its end within the last `hours`: `failed` says so itself, `dead` failed in all its attempts. */
export async function readCompletedWork(
  db: Queryable,
  onlooker: Onlooker,
  hours: number,
  limit: number,
): Promise<CompletedWork[]> {
  return db.query<CompletedWork>(
    `select ${ITEM_COLUMNS}, w.resolved_at as at,
       case when w.state = 'dead' then 'dead' when (w.outcome ->> 'success')::boolean then 'done' else 'failed' end as "end",
       coalesce(left(w.outcome ->> 'summary', ${EXCERPT}), '') as summary
     from animus.work_items w
     where w.state in ('completed', 'dead') and ${OTHERS} and w.resolved_at > now() - $6 * interval '1 hour'
     order by w.resolved_at desc, w.id desc limit $7`,
    [...onlookerParameters(onlooker), hours, limit],
  );
}

export type OtherFinding = {
  entryId: string;
  workItemId: string;
  rootId: string;
  faculty: string;
  seq: number;
  content: string;
  /** `data.files` as the agent wrote it, whatever that is. */
  files: JsonValue;
  at: Date;
};

/**
 * Each entry's item is looked up by itself: a planner that has no statistics yet would rather join all of both tables.
 * `offset 0` keeps it from taking the look-up apart.
 */
const OF_OTHERS = `cross join lateral (
  select w.root_id from animus.work_items w where w.id = l.work_item_id and ${OTHERS} offset 0) w`;

const finding = (
  content: string,
) => `l.id as "entryId", l.work_item_id as "workItemId", w.root_id as "rootId", l.faculty,
  l.seq, ${content} as content, l.data -> 'files' as files, l.created_at as at`;

/** What was found within the last `hours`. */
export async function readFindings(
  db: Queryable,
  onlooker: Onlooker,
  hours: number,
  limit: number,
): Promise<OtherFinding[]> {
  return db.query<OtherFinding>(
    `select ${finding(`left(l.content, ${EXCERPT})`)}
     from animus.work_ledger l ${OF_OTHERS}
     where l.entry_type = 'finding' and l.created_at > now() - $6 * interval '1 hour'
     order by l.created_at desc, l.id desc limit $7`,
    [...onlookerParameters(onlooker), hours, limit],
  );
}

/** An entry gets its time when its transaction begins, and shows when that ends: a look goes back so much further. */
const LATE_COMMIT_SECONDS = 60;

/**
 * What was found since a focus last looked, whole, but not before the last `hours`. It looks when it closes a turn with
 * results: that message says when it was, or the remark after it how far it then got (`looked_to`).
 */
export async function readFindingsSince(
  db: Queryable,
  onlooker: Onlooker,
  focusId: string,
  hours: number,
  limit: number,
): Promise<OtherFinding[]> {
  return db.query<OtherFinding>(
    `select ${finding('l.content')}
     from animus.work_ledger l ${OF_OTHERS}
     where l.entry_type = 'finding' and l.created_at > greatest(now() - $6 * interval '1 hour', (
       select coalesce((m.content ->> 'looked_to')::timestamptz, m.created_at) from animus.focus_messages m
       where m.focus_id = $8 and (m.kind in ('task', 'tool_results') or m.content ? 'looked_to')
       order by m.n desc limit 1) - ${LATE_COMMIT_SECONDS} * interval '1 second')
     order by l.created_at desc, l.id desc limit $7`,
    [...onlookerParameters(onlooker), hours, limit, focusId],
  );
}
