/** A file of the workspace as it is now, held against what the focus knows of it. */
import type { FileHandle } from 'node:fs/promises';
import type { KnownFile, ToolContext, ToolResult } from '../engage/tool.ts';
import { decodeText, PLAIN, sha256Of, type TextForm } from './text-file.ts';
import { count, failure, quotePath } from './tool-text.ts';
import { bounded, differenceOf } from './unified-diff.ts';
import { openReal, resolveInWorkspace } from './workspace-path.ts';

export type CurrentFile = {
  real: string;
  relative: string;
  /** Null where there is no such file. */
  content: { text: string; form: TextForm; sha256: string } | null;
};

export type Looked = { kind: 'file'; file: CurrentFile } | { kind: 'refused'; result: ToolResult };

/** Larger files are not written to: tools hold them in memory, before and after. */
export const LARGEST_WRITTEN = 4 * 1024 * 1024;
/** Longest text that is kept to show later what has changed; in bytes or characters. */
export const LONGEST_KEPT = 256 * 1024;
const LONGEST_SHOWN_DIFF = 6000;

/** What is at a path, for a tool that could `verb` it. Refuses what is no text that could be written back. */
export async function lookAt(context: ToolContext, given: string, verb: string): Promise<Looked> {
  const looked = await lookAtFile(context.workspace, context.closedFolder, given);
  if (looked.kind === 'file') return looked;
  const name = quotePath(looked.path);
  return { kind: 'refused', result: failure(`Could not ${verb} ${name}: ${looked.reason}.`) };
}

export type LookedAtFile = { kind: 'file'; file: CurrentFile } | { kind: 'refused'; path: string; reason: string };

/** `reason` is a clause. */
export async function lookAtFile(
  workspace: string,
  closedFolder: string | undefined,
  given: string,
): Promise<LookedAtFile> {
  const refuse = (path: string, reason: string): LookedAtFile => ({ kind: 'refused', path, reason });
  const resolved = await resolveInWorkspace(workspace, given, process.platform, closedFolder);
  if (resolved.kind === 'refused') return refuse(given, resolved.reason);
  const { real, relative } = resolved;
  if (relative === '.') return refuse(given, 'it is the workspace folder itself');
  if (!resolved.exists) return { kind: 'file', file: { real, relative, content: null } };
  const opened = await openReal(workspace, real, { closedFolder });
  if (opened.kind === 'refused') return refuse(relative, opened.reason);
  await using _closing = opened.handle;
  if (opened.stats.size > LARGEST_WRITTEN) {
    return refuse(relative, `it has over ${count(LARGEST_WRITTEN / 1024 / 1024)} MiB; change it with a command`);
  }
  const bytes = await readAll(opened.handle, opened.stats.size);
  const decoded = decodeText(bytes);
  if (!decoded) return refuse(relative, 'it is no UTF-8 text');
  return { kind: 'file', file: { real, relative, content: { ...decoded, sha256: sha256Of(bytes) } } };
}

/**
 * Undefined where the file is as the focus last saw it, or was never there. Else what to tell the model: that it has not read
 * it, or what has changed since; having been told that, the focus knows the file.
 */
export async function complaintOf(context: ToolContext, file: CurrentFile): Promise<ToolResult | undefined> {
  const known = await context.knownFile(file.relative);
  const { content } = file;
  const name = quotePath(file.relative);
  if (!content) {
    // A file that was read and is gone: whoever writes it again should know that.
    return known && known.sha256 !== GONE
      ? failure(`${name} is gone since you read it. Nothing was written; to make it anew, write it again.`, [
          { path: file.relative, sha256: GONE, text: null },
        ])
      : undefined;
  }
  if (!known || known.sha256 === GONE) {
    return failure(
      `${name} is there already, and you have not read it. Read it first, so that nothing in it is lost. Nothing was written.`,
    );
  }
  if (known.sha256 === content.sha256) return undefined;
  const changed = `${name} has changed since you last read it, and not through you. Nothing was written.`;
  const difference = known.text === null ? undefined : differenceOf(known.text, content.text);
  if (!difference?.isTold || difference.diff.length > LONGEST_SHOWN_DIFF) {
    const shown = difference ? `\n\n${bounded(difference.diff, LONGEST_SHOWN_DIFF)}` : '';
    return failure(`${changed} Read it again before you change it.${shown}`);
  }
  return failure(`${changed} This is what changed; take it into account and try again:\n\n${difference.diff}`, [
    knownFile(file.relative, content),
  ]);
}

/** Stands for the hash of a file that is known not to be there. */
export const GONE = '';

export function knownFile(path: string, { text, sha256 }: { text: string; sha256: string }): KnownFile {
  return { path, sha256, text: text.length > LONGEST_KEPT ? null : text };
}

export function formOf({ content }: CurrentFile): TextForm {
  return content?.form ?? PLAIN;
}

/** One byte more than it had at most: a file that grows meanwhile is seen by its hash. */
export async function readAll(handle: FileHandle, size: number): Promise<Buffer> {
  const buffer = Buffer.alloc(size + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) return buffer.subarray(0, length);
    length += bytesRead;
  }
}
