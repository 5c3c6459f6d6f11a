/** The host's record of which folders a person trusts. */
import type { Queryable } from '../../db/types.ts';

export type TrustGrant = { folder: string; grantedBy: string; grantedAt: Date };

/** Granting twice keeps the first grant. */
export async function grantTrust(db: Queryable, place: string, folder: string, grantedBy: string): Promise<void> {
  await db.query(
    `insert into animus.trusted_folders (place, folder, granted_by) values ($1, $2, $3)
     on conflict (place, folder) do nothing`,
    [place, folder, grantedBy],
  );
}

/** Whether a person trusts some folder of a place: work may run there. */
export async function isPlaceTrusted(db: Queryable, place: string): Promise<boolean> {
  const rows = await db.query('select 1 from animus.trusted_folders where place = $1 limit 1', [place]);
  return rows.length > 0;
}

export async function readTrust(db: Queryable, place: string, folder: string): Promise<TrustGrant | undefined> {
  const [grant] = await db.query<TrustGrant>(
    `select folder, granted_by as "grantedBy", granted_at as "grantedAt"
     from animus.trusted_folders where place = $1 and folder = $2`,
    [place, folder],
  );
  return grant;
}
