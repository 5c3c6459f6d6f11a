/** What a focus knows of files and does to them, as rows beside its calls. */
import { retryLost } from '../../db/retry-lost.ts';
import type { Db } from '../../db/types.ts';
import { applyFileChange, dropFileChange, planFileChange, readFileChange } from '../../store/foci/file-changes.ts';
import { noteKnownFile, readKnownFile } from '../../store/foci/known-files.ts';
import type { RecordedCall } from '../engage/recorded.ts';
import type { FilePlan, ToolContext, ToolResult } from '../engage/tool.ts';
import type { CallEnd } from '../engage/types.ts';
import type { Writing } from './writing.ts';

/** Before the call starts: what it is going to do, and what was there, for whoever wants it back. */
export async function keepPlan(
  { tx, lease, redactor }: Writing,
  call: RecordedCall,
  { path, before, after, diff }: FilePlan,
): Promise<void> {
  const beforeContent = before && redactor.text(before.text);
  await planFileChange(tx, {
    toolCallId: call.id,
    focusId: lease.focusId,
    workItemId: lease.workItemId,
    path,
    beforeSha256: before?.sha256 ?? null,
    beforeContent,
    // What is redacted in the store cannot be written back.
    undoable: beforeContent === (before?.text ?? null),
    afterSha256: after.sha256,
    diff: redactor.text(diff),
  });
}

export async function readPlan(db: Db, call: RecordedCall): Promise<FilePlan | undefined> {
  const change = await readFileChange(db, call.id);
  if (!change) return undefined;
  const { path, beforeSha256, beforeContent, afterSha256, diff } = change;
  const before = beforeSha256 === null ? null : { text: beforeContent ?? '', sha256: beforeSha256 };
  return { path, before, after: { sha256: afterSha256 }, diff };
}

/** With the call's result: the files that the focus knows by it, and whether its change took place; `end` null where there is none. */
export async function noteFiles(
  { tx, lease, redactor }: Writing,
  call: RecordedCall,
  end: CallEnd | null,
  { files = [] }: ToolResult,
): Promise<void> {
  for (const { path, sha256, text } of files) {
    await noteKnownFile(tx, lease.focusId, { path, sha256, content: text === null ? null : redactor.text(text) });
  }
  if (end === 'done') await applyFileChange(tx, call.id);
  // Of one that was cut off, nobody knows whether it took effect: its row stays, and is no change.
  else if (end === 'error') await dropFileChange(tx, call.id);
}

/** For the focus's tools: what it last saw of a file. */
export function knownFileOf(db: Db, focusId: string): ToolContext['knownFile'] {
  return async (path) => {
    const file = await retryLost(() => readKnownFile(db, focusId, path));
    return file && { path, sha256: file.sha256, text: file.content };
  };
}
