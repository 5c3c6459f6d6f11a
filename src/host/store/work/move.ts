/** Taking items to another place, and removing them for good: what a person may do to a whole tree of work. */
import type { Queryable, Tx } from '../../db/types.ts';
import { takeLeases } from './leases.ts';
import type { WorkState } from './types.ts';

export type TreeItem = { id: string; place: string; faculty: string; dedupKey: string | null; state: WorkState };

/** Locks items of one depth, leases before rows, in the order of their ids, and gives them as they are behind the locks. */
export async function lockLevel(tx: Tx, ids: readonly string[]): Promise<TreeItem[]> {
  await tx.query('select 1 from animus.leases where work_item_id = any($1::uuid[]) order by work_item_id for update', [
    ids,
  ]);
  await tx.query('select 1 from animus.work_items where id = any($1::uuid[]) order by id for no key update', [ids]);
  return tx.query<TreeItem>(
    `select id, place, faculty, dedup_key as "dedupKey", state from animus.work_items where id = any($1::uuid[]) order by id`,
    [ids],
  );
}

/** The open item of a place, at the root of its tree, that stands for the same work. */
export async function findSameWork(
  db: Queryable,
  place: string,
  { faculty, dedupKey }: TreeItem,
): Promise<string | undefined> {
  if (dedupKey === null) return undefined;
  const [row] = await db.query<{ id: string }>(
    `select id from animus.work_items where place = $1 and parent_id is null and faculty = $2 and dedup_key = $3
       and state in ('queued', 'running', 'waiting')`,
    [place, faculty, dedupKey],
  );
  return row?.id;
}

export type Move = {
  to: string;
  /** Where they were, as machine:folder. */
  from: string;
  /** Where they go, in the same words. */
  target: string;
  by: string;
};

/**
 * Takes items of one depth, which are locked, to another place, with what was merged into them. Open ones are queued there;
 * of those the ids are given. Who ran one can write nothing more.
 */
export async function moveItems(tx: Tx, ids: readonly string[], { to, from, target, by }: Move): Promise<string[]> {
  // Also that of one which was claimed before its row was locked.
  await takeLeases(tx, ids);
  await tx.query('update animus.work_items set place = $2 where merged_into = any($1::uuid[])', [ids, to]);
  const rows = await tx.query<{ id: string; isOpen: boolean }>(
    `with moved as (
       update animus.work_items w set place = $2, event_seq = w.event_seq + 1, updated_at = now(),
         state = case when o.is_open then 'queued' else w.state end, resumes_without_progress = 0,
         moved_from = case when exists (select 1 from animus.foci f where f.work_item_id = w.id) then $3
           else w.moved_from end
       from (
         select id, state, state in ('queued', 'running', 'waiting') as is_open
         from animus.work_items where id = any($1::uuid[])
       ) o
       where w.id = o.id
       returning w.id, o.state as from_state, w.state as to_state, w.event_seq, o.is_open
     ), events as (
       insert into animus.work_events (work_item_id, seq, from_state, to_state, reason, data)
       select id, event_seq, from_state, to_state, 'moved to ' || $4::text,
         jsonb_build_object('from', $3::text, 'to', $2::uuid, 'by', $5::text) from moved
       returning work_item_id, seq
     )
     select m.id, m.is_open as "isOpen",
       pg_notify('animus.work', json_build_object('id', e.work_item_id, 'seq', e.seq)::text)::text
     from events e join moved m on m.id = e.work_item_id order by 1`,
    [ids, to, from, target, by],
  );
  return rows.filter(({ isOpen }) => isOpen).map(({ id }) => id);
}

/** Removes an item with all that belongs to it: what is below it, what was merged into it, foci, ledgers. */
export async function deleteItem(tx: Tx, id: string): Promise<void> {
  await tx.query('delete from animus.work_items where id = $1', [id]);
}

/** Says that items are gone, to whoever shows them. */
export async function notifyGone(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx.query(
    `select pg_notify('animus.work', json_build_object('id', id, 'seq', 0)::text)::text from unnest($1::uuid[]) t (id)`,
    [ids],
  );
}
