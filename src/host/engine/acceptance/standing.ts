/** Where a folder of a workspace stands: what of it a person accepted, and what of that runs. */
import type { Queryable } from '../../db/types.ts';
import { type AcceptedFolder, type FolderKind, readAcceptedFolders } from '../../store/acceptance/accepted-folders.ts';
import { readTrust } from '../../store/trust/trust.ts';

/** `changed`: what was accepted before runs until the new content is accepted. */
export type Standing = 'accepted' | 'changed' | 'new' | 'untrusted';

/** What people said of the folders of one kind. */
export type Acceptance = {
  isTrusted: boolean;
  /** Newest first. */
  folders: readonly AcceptedFolder[];
};

export const NOTHING_ACCEPTED: Acceptance = { isTrusted: false, folders: [] };

/** A folder as it is now; its hash is null where it cannot be accepted. */
export type Present = { name: string; hash: string | null };

export async function readAcceptance(
  db: Queryable,
  { place, workspace, kind }: { place: string; workspace: string; kind: FolderKind },
): Promise<Acceptance> {
  const [folders, trust] = await Promise.all([readAcceptedFolders(db, place, kind), readTrust(db, place, workspace)]);
  return { isTrusted: trust !== undefined, folders };
}

export function standingOf({ isTrusted, folders }: Acceptance, { name, hash }: Present): Standing {
  if (!isTrusted) return 'untrusted';
  const own = folders.filter((folder) => folder.name === name);
  if (hash !== null && own.some((folder) => folder.hash === hash)) return 'accepted';
  return own.length > 0 ? 'changed' : 'new';
}

/** What runs: the content as it is, where that was accepted; else the one that was accepted last. */
export function runningHash({ isTrusted, folders }: Acceptance, { name, hash }: Present): string | undefined {
  if (!isTrusted) return undefined;
  const own = folders.filter((folder) => folder.name === name);
  return (own.find((folder) => folder.hash === hash) ?? own[0])?.hash;
}
