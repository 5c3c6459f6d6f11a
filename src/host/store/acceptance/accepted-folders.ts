/** Which folders of a workspace a person accepted, each by the hash of all that was in it then. */
import type { Queryable } from '../../db/types.ts';

export type FolderKind = 'hook' | 'faculty' | 'command' | 'skill';

export type AcceptedFolder = { name: string; hash: string; acceptedBy: string; acceptedAt: Date };

/** Accepting twice keeps the first row, but makes it the newest of its name again. */
export async function acceptFolder(
  db: Queryable,
  folder: { place: string; kind: FolderKind; name: string; hash: string; by: string },
): Promise<void> {
  await db.query(
    `insert into animus.accepted_folders (place, kind, name, hash, accepted_by) values ($1, $2, $3, $4, $5)
     on conflict (place, kind, name, hash) do update set accepted_at = now(), accepted_by = excluded.accepted_by`,
    [folder.place, folder.kind, folder.name, folder.hash, folder.by],
  );
}

/** Newest first. */
export async function readAcceptedFolders(db: Queryable, place: string, kind: FolderKind): Promise<AcceptedFolder[]> {
  return db.query<AcceptedFolder>(
    `select name, hash, accepted_by as "acceptedBy", accepted_at as "acceptedAt" from animus.accepted_folders
     where place = $1 and kind = $2 order by accepted_at desc, hash`,
    [place, kind],
  );
}
