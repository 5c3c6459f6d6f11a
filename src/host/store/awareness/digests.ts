/** The digests that foci were given, as they were given: written once with the focus's first message, never changed. */
import type { JsonObject } from '../../../protocol/json.ts';
import type { Queryable, Tx } from '../../db/types.ts';

export type StoredDigest = {
  focusId: string;
  builtAt: Date;
  /** '' where there was nothing to tell, or awareness was switched off. */
  text: string;
  /** The same as lists. */
  data: JsonObject;
  /** Estimated. */
  tokens: number;
};

export async function insertDigest(tx: Tx, digest: Omit<StoredDigest, 'builtAt'>): Promise<void> {
  await tx.query('insert into animus.awareness_digests (focus_id, text, data, tokens) values ($1, $2, $3::jsonb, $4)', [
    digest.focusId,
    digest.text,
    JSON.stringify(digest.data),
    digest.tokens,
  ]);
}

/** Undefined for a focus that has not oriented, or that began before there were digests. */
export async function readDigest(db: Queryable, focusId: string): Promise<StoredDigest | undefined> {
  const [digest] = await db.query<StoredDigest>(
    `select focus_id as "focusId", built_at as "builtAt", text, data, tokens from animus.awareness_digests
     where focus_id = $1`,
    [focusId],
  );
  return digest;
}
