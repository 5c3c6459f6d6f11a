/** Leases: who may write for an item. A token is made with each claim, and whoever shows an older one is fenced. */
import type { Queryable, Tx } from '../../db/types.ts';

export const LEASE_SECONDS = 30;
export const HEARTBEAT_EVERY_MS = 10_000;

export type Lease = { workItemId: string; focusId: string; token: string };

/** The item was taken over, or ended: this focus may write nothing any more. */
export class LeaseLost extends Error {
  override name = 'LeaseLost';
}

/** Every write of a focus begins with this, in the same transaction. Throws LeaseLost, which rolls it back. */
export async function proveLease(tx: Tx, lease: Lease): Promise<void> {
  const rows = await tx.query('select 1 from animus.leases where work_item_id = $1 and token = $2 for share', [
    lease.workItemId,
    lease.token,
  ]);
  if (rows.length === 0) throw new LeaseLost(`The lease on work item ${lease.workItemId} is another's.`);
}

/** As `proveLease`, where the transaction may turn out to end the claim. */
export async function lockLease(tx: Tx, lease: Lease): Promise<void> {
  const rows = await tx.query('select 1 from animus.leases where work_item_id = $1 and token = $2 for update', [
    lease.workItemId,
    lease.token,
  ]);
  if (rows.length === 0) throw new LeaseLost(`The lease on work item ${lease.workItemId} is another's.`);
}

/** As `proveLease`, for the transaction that ends the claim: the lease goes with it. */
export async function giveUpLease(tx: Tx, lease: Lease): Promise<void> {
  const rows = await tx.query('delete from animus.leases where work_item_id = $1 and token = $2 returning 1 as gone', [
    lease.workItemId,
    lease.token,
  ]);
  if (rows.length === 0) throw new LeaseLost(`The lease on work item ${lease.workItemId} is another's.`);
}

export async function insertLease(tx: Tx, lease: Lease, hostId: string): Promise<void> {
  await tx.query(
    `insert into animus.leases (work_item_id, token, host_id, focus_id, expires_at)
     values ($1, $2, $3, $4, now() + $5 * interval '1 second')`,
    [lease.workItemId, lease.token, hostId, lease.focusId, LEASE_SECONDS],
  );
}

/** Renews the leases whose tokens are alive in this process's memory, and no others. Returns the tokens renewed. */
export async function renewLeases(db: Queryable, tokens: readonly string[]): Promise<string[]> {
  if (tokens.length === 0) return [];
  const rows = await db.query<{ token: string }>(
    `update animus.leases set expires_at = now() + $2 * interval '1 second' where token = any($1::uuid[])
     returning token`,
    [tokens, LEASE_SECONDS],
  );
  return rows.map(({ token }) => token);
}

/** Which of the tokens still hold a lease. */
export async function heldTokens(db: Queryable, tokens: readonly string[]): Promise<string[]> {
  if (tokens.length === 0) return [];
  const rows = await db.query<{ token: string }>('select token from animus.leases where token = any($1::uuid[])', [
    tokens,
  ]);
  return rows.map(({ token }) => token);
}

export async function findLeases(db: Queryable, tokens: readonly string[]): Promise<Lease[]> {
  return db.query<Lease>(
    'select work_item_id as "workItemId", focus_id as "focusId", token from animus.leases where token = any($1::uuid[])',
    [tokens],
  );
}
