/** Files as foci saw them last, which a write is checked against. */
import type { Queryable, Tx } from '../../db/types.ts';

export type StoredKnownFile = {
  /** From the workspace's folder, with forward slashes. */
  path: string;
  /** Of its bytes, in hex; '' for a file that the focus knows to be gone. */
  sha256: string;
  content: string | null;
};

export async function noteKnownFile(
  tx: Tx,
  focusId: string,
  { path, sha256, content }: StoredKnownFile,
): Promise<void> {
  await tx.query(
    `insert into animus.known_files (focus_id, path, sha256, content) values ($1, $2, $3, $4)
     on conflict (focus_id, path) do update set sha256 = excluded.sha256, content = excluded.content, noted_at = now()`,
    [focusId, path, sha256, content],
  );
}

export async function readKnownFile(
  db: Queryable,
  focusId: string,
  path: string,
): Promise<StoredKnownFile | undefined> {
  const [file] = await db.query<StoredKnownFile>(
    'select path, sha256, content from animus.known_files where focus_id = $1 and path = $2',
    [focusId, path],
  );
  return file;
}
