/**
 * Holding open work: an item that is paused, or whose place is, is not claimed, whatever else becomes of it; who runs it
 * ends at the next recorded point. The mark is in the item's own row, so that a claim which waited for the row sees it.
 */
import type { Queryable, Tx } from '../../db/types.ts';

/** Pauses those of the items, all of one depth, that are open and not paused. Gives their ids. */
export async function pauseItems(tx: Tx, ids: readonly string[], by: string): Promise<string[]> {
  await lockItems(tx, ids);
  return moved(
    tx,
    `update animus.work_items w set paused_at = now(), event_seq = w.event_seq + 1, updated_at = now()
     from animus.work_items o
     where w.id = o.id and w.id = any($1::uuid[]) and w.state in ('queued', 'running', 'waiting') and w.paused_at is null
     returning w.id, o.state as from_state, w.state as to_state, w.event_seq`,
    [ids, 'paused', by],
  );
}

/**
 * Lets those of the items, all of one depth, that are paused go on. What was parked for the pause is queued; what waits for
 * something else waits on, for as long as was left of its time.
 */
export async function resumeItems(tx: Tx, ids: readonly string[], by: string): Promise<string[]> {
  await lockItems(tx, ids);
  await tx.query(
    `update animus.waits v set wake_at = v.wake_at + (now() - greatest(w.paused_at, v.created_at))
     from animus.work_items w
     where w.id = v.work_item_id and w.id = any($1::uuid[]) and w.paused_at is not null
       and v.tool_call_id is not null and v.resolved_at is null`,
    [ids],
  );
  return moved(
    tx,
    `update animus.work_items w set paused_at = null, event_seq = w.event_seq + 1, updated_at = now(),
       state = case when o.is_parked then 'queued' else w.state end
     from (
       select i.id, i.state, i.state = 'waiting' and exists (select 1 from animus.waits v
         where v.work_item_id = i.id and v.kind = 'paused' and v.resolved_at is null) as is_parked
       from animus.work_items i where i.id = any($1::uuid[])
     ) o
     where w.id = o.id and w.state in ('queued', 'running', 'waiting') and w.paused_at is not null
     returning w.id, o.state as from_state, w.state as to_state, w.event_seq`,
    [ids, 'resumed', by],
    `, parked as (
       update animus.waits v set resolved_at = now() from moved m
       where v.work_item_id = m.id and v.kind = 'paused' and v.resolved_at is null)`,
  );
}

/** Whether the item is paused. Its row must be locked by a statement before. */
export async function isPaused(tx: Tx, id: string): Promise<boolean> {
  const rows = await tx.query('select 1 from animus.work_items where id = $1 and paused_at is not null', [id]);
  return rows.length > 0;
}

export type PlacePause = { pausedAt: Date; pausedBy: string };

/** Holds all work of a place. False where it is held already. */
export async function pausePlace(tx: Tx, place: string, by: string): Promise<boolean> {
  const rows = await tx.query(
    'insert into animus.paused_places (place, paused_by) values ($1, $2) on conflict do nothing returning 1 as done',
    [place, by],
  );
  if (rows.length > 0) await notifyPlace(tx, place);
  return rows.length > 0;
}

/** Lets all work of a place go on, but for what is paused by itself. False where it was not held. */
export async function resumePlace(tx: Tx, place: string): Promise<boolean> {
  const [pause] = await tx.query<{ pausedAt: Date }>(
    'delete from animus.paused_places where place = $1 returning paused_at as "pausedAt"',
    [place],
  );
  if (!pause) return false;
  await tx.query(
    `update animus.waits v set wake_at = v.wake_at + (now() - greatest($2::timestamptz, v.created_at))
     from animus.work_items w
     where w.id = v.work_item_id and w.place = $1 and w.state = 'waiting' and w.paused_at is null
       and v.tool_call_id is not null and v.resolved_at is null`,
    [place, pause.pausedAt],
  );
  await notifyPlace(tx, place);
  return true;
}

/** Undefined where the place's work is not held. */
export async function readPlacePause(db: Queryable, place: string): Promise<PlacePause | undefined> {
  const [pause] = await db.query<PlacePause>(
    'select paused_at as "pausedAt", paused_by as "pausedBy" from animus.paused_places where place = $1',
    [place],
  );
  return pause;
}

/** For a query over items that are called `w`: whether the item is held, by itself or with its place. */
export const IS_HELD = `(w.paused_at is not null
  or exists (select 1 from animus.paused_places p where p.place = w.place))`;

async function lockItems(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx.query('select 1 from animus.work_items where id = any($1::uuid[]) order by id for no key update', [ids]);
}

/**
 * Runs an update of items with their events and notifications. The reason and who asked are the last two parameters. What is
 * notified names no state: who runs the item has to look, whatever state it is in.
 */
async function moved(
  tx: Tx,
  update: string,
  parameters: readonly [readonly string[], string, string],
  besides = '',
): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `with moved as (${update})${besides}, events as (
       insert into animus.work_events (work_item_id, seq, from_state, to_state, reason, data)
       select id, event_seq, from_state, to_state, $2, jsonb_build_object('by', $3::text) from moved
       returning work_item_id, seq
     )
     select work_item_id as id, pg_notify('animus.work', json_build_object('id', work_item_id, 'seq', seq)::text)::text
     from events order by 1`,
    parameters,
  );
  return rows.map(({ id }) => id);
}

async function notifyPlace(tx: Tx, place: string): Promise<void> {
  await tx.query("select pg_notify('animus.place', $1)", [JSON.stringify({ place })]);
}
