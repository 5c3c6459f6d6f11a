/** Codes with which one more key is enrolled. Whoever reads the table finds no code in it. */
import { createHash } from 'node:crypto';
import type { Queryable, Tx } from '../../db/types.ts';

const hashOf = (code: string) => createHash('sha256').update(code).digest('hex');

export type NewInvitation = { code: string; invitedBy: string; seconds: number };

/** Gives until when it is good. Those that are over go with it. */
export async function insertInvitation(
  tx: Tx,
  place: string,
  { code, invitedBy, seconds }: NewInvitation,
): Promise<Date> {
  await tx.query('delete from animus.person_invitations where place = $1 and expires_at < now()', [place]);
  const [row] = await tx.query<{ expiresAt: Date }>(
    `insert into animus.person_invitations (place, code_sha256, invited_by, expires_at)
     values ($1, $2, $3, now() + make_interval(secs => $4)) returning expires_at as "expiresAt"`,
    [place, hashOf(code), invitedBy, seconds],
  );
  if (!row) throw new Error('An invitation was not stored.');
  return row.expiresAt;
}

/** Takes the code for this key, and gives the id of who invited; undefined where it is not good, or another one has it. */
export async function claimInvitation(
  tx: Queryable,
  place: string,
  code: string,
  publicKey: string,
): Promise<string | undefined> {
  const [row] = await tx.query<{ invitedBy: string }>(
    `update animus.person_invitations set used_by = $3
     where place = $1 and code_sha256 = $2 and expires_at > now() and (used_by is null or used_by = $3)
     returning invited_by as "invitedBy"`,
    [place, hashOf(code), publicKey],
  );
  return row?.invitedBy;
}
