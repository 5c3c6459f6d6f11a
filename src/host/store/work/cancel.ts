/** The end of open items from outside, many at once. */
import type { Tx } from '../../db/types.ts';
import { NOTIFY_WORK } from './types.ts';

/**
 * Cancels those of the items that are open, all of one depth, and takes their leases: who runs them can write nothing more.
 * Gives the ids of those that it cancelled.
 */
export async function cancelItems(tx: Tx, ids: readonly string[], reason: string, by: string): Promise<string[]> {
  await takeLeases(tx, ids);
  await tx.query('select 1 from animus.work_items where id = any($1::uuid[]) order by id for no key update', [ids]);
  // One that was claimed meanwhile has a lease by now.
  await takeLeases(tx, ids);
  const rows = await tx.query<{ id: string }>(
    `with moved as (
       update animus.work_items w set state = 'cancelled', event_seq = w.event_seq + 1, updated_at = now(),
         resolved_at = now(), outcome = jsonb_build_object('success', false, 'summary', 'Cancelled: ' || $2::text,
           'error', jsonb_build_object('kind', 'cancelled', 'message', $2::text),
           'duration_ms', round(extract(epoch from now() - w.created_at) * 1000))
       from animus.work_items o
       where w.id = o.id and w.id = any($1::uuid[]) and w.state in ('queued', 'running', 'waiting')
       returning w.id, o.state as from_state, w.event_seq
     ), events as (
       insert into animus.work_events (work_item_id, seq, from_state, to_state, reason, data)
       select id, event_seq, from_state, 'cancelled', $2, jsonb_build_object('by', $3::text) from moved
       returning work_item_id, seq, to_state
     )
     select work_item_id as id, ${NOTIFY_WORK} from events order by 1`,
    [ids, reason, by],
  );
  return rows.map(({ id }) => id);
}

async function takeLeases(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx.query(
    `delete from animus.leases where work_item_id in (
       select work_item_id from animus.leases where work_item_id = any($1::uuid[]) order by work_item_id for update)`,
    [ids],
  );
}
