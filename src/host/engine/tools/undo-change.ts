/** Taking one change of a file back, where the file is still as that change left it. */
import type { Db } from '../../db/types.ts';
import { type FileChange, markUndone } from '../../store/foci/file-changes.ts';
import { LARGEST_WRITTEN, lookAtFile } from './current-file.ts';
import { type Replaced, type Replacement, removeFile, replaceFile } from './replace-file.ts';
import { encodeText, PLAIN, sha256Of, type TextForm } from './text-file.ts';

export type Undone =
  | { kind: 'undone' }
  /** It was before. */
  | { kind: 'undone_before' }
  /** As a sentence for a person: what stands in the way, and what helps. Nothing was changed. */
  | { kind: 'impossible'; reason: string };

export type UndoOrder = { db: Db; workspace: string; closedFolder: string | undefined; change: FileChange; by: string };

/** Writes the file first and the row then: whoever tries again after a crash in between finds the file as it was to be. */
export async function undoChange({ db, workspace, closedFolder, change, by }: UndoOrder): Promise<Undone> {
  if (change.undoneAt) return { kind: 'undone_before' };
  if (!change.undoable) {
    return { kind: 'impossible', reason: `What ${change.path} held before had a secret in it, and was not kept.` };
  }
  const restored = await restore(workspace, closedFolder, change);
  if (restored) return { kind: 'impossible', reason: restored };
  const first = await db.transaction((tx) => markUndone(tx, change.toolCallId, by));
  return { kind: first ? 'undone' : 'undone_before' };
}

/** Undefined where the file is by now what it was before the change; else why not. */
async function restore(
  workspace: string,
  closedFolder: string | undefined,
  change: FileChange,
): Promise<string | undefined> {
  const looked = await lookAtFile(workspace, closedFolder, change.path);
  if (looked.kind === 'refused') return `${change.path} cannot be changed: ${looked.reason}.`;
  const { real, content } = looked.file;
  const now = content?.sha256 ?? null;
  if (now === change.beforeSha256) return undefined;
  if (now !== change.afterSha256) {
    return `${change.path} was changed again since. Undo the later changes first, or change it by hand.`;
  }
  const replaced = await putBack(change, { workspace, real, expected: now }, content?.form);
  // Somebody was faster: what they left there says what becomes of this.
  if (replaced.kind === 'changed') return restore(workspace, closedFolder, change);
  if (replaced.kind === 'cancelled') throw new Error('An undo was cancelled, and it has no signal.');
  return replaced.kind === 'refused' ? `${change.path} cannot be changed: ${replaced.reason}.` : undefined;
}

type Place = Pick<Replacement, 'workspace' | 'real' | 'expected'>;

async function putBack(
  { beforeContent, beforeSha256 }: FileChange,
  place: Place,
  form: TextForm = PLAIN,
): Promise<Replaced> {
  if (beforeContent === null) return removeFile(place);
  const bytes = encodeText(beforeContent, form);
  if (sha256Of(bytes) === beforeSha256 && bytes.length <= LARGEST_WRITTEN) return replaceFile({ ...place, bytes });
  return {
    kind: 'refused',
    reason: 'what it held before cannot be restored byte for byte, since its line ends changed',
  };
}
