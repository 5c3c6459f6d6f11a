/** What model calls under way may use at most. */
import type { Tx } from '../../db/types.ts';

export type Reservation = {
  /** Made before the transaction that stores it, so that one whose answer was lost is found again. */
  id: string;
  workItemId: string;
  rootId: string;
  focusId: string;
  /** Of the lease of whoever makes the call. */
  token: string;
  tokens: number;
  costMicros: number;
};

export async function insertReservation(tx: Tx, reservation: Reservation): Promise<void> {
  const { id, workItemId, rootId, focusId, token, tokens, costMicros } = reservation;
  await tx.query(
    `insert into animus.reservations (id, work_item_id, root_id, focus_id, token, tokens, cost_micros)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing`,
    [id, workItemId, rootId, focusId, token, tokens, costMicros],
  );
}

type Taken = Pick<Reservation, 'workItemId' | 'tokens' | 'costMicros'>;

const TAKEN = 'r.work_item_id as "workItemId", r.tokens, r.cost_micros as "costMicros"';

/** The call is over: what it may have used is no longer held back. */
export async function takeReservation(tx: Tx, id: string): Promise<Taken | undefined> {
  const [taken] = await tx.query<Taken>(`delete from animus.reservations r where r.id = $1 returning ${TAKEN}`, [id]);
  return taken;
}

/** Takes those of a tree whose lease is gone: nobody will say what came of these calls. */
export async function takeDeadReservations(tx: Tx, rootId: string): Promise<Taken[]> {
  return tx.query<Taken>(
    `delete from animus.reservations r
     where r.root_id = $1 and not exists (select 1 from animus.leases l where l.token = r.token) returning ${TAKEN}`,
    [rootId],
  );
}
