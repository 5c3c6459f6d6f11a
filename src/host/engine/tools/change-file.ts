/**
 * What the tools that change one file have in common: a plan from what the file is now, the same plan carried out, and,
 * after a crash in between, a look at which of the two the file is.
 */
import type { FilePlan, Planned, ToolContext, ToolResult } from '../engage/tool.ts';
import { type CurrentFile, complaintOf, formOf, knownFile, LARGEST_WRITTEN, lookAt } from './current-file.ts';
import { type AddedMarker, addedMarker } from './redaction-markers.ts';
import { replaceFile } from './replace-file.ts';
import { decodeText, encodeText, sha256Of } from './text-file.ts';
import { count, failure, quotePath, whyEnded } from './tool-text.ts';
import { countsOf, differenceOf } from './unified-diff.ts';

/** The file's new text, or why there is none, as a sentence for the model. */
export type NewText = { kind: 'text'; text: string } | { kind: 'impossible'; reason: string };

export type FileChange = {
  path: string;
  /** As in "could not edit". */
  verb: string;
  textFor(current: string | null): NewText;
};

type Prepared =
  | { kind: 'prepared'; file: CurrentFile; plan: FilePlan; bytes: Buffer }
  | { kind: 'refused'; result: ToolResult };

export async function planChange(change: FileChange, context: ToolContext): Promise<Planned> {
  const prepared = await prepare(change, context);
  return prepared.kind === 'refused' ? prepared : { kind: 'plan', plan: prepared.plan };
}

/** For a person who decides whether it may be done. */
export async function previewChange(change: FileChange, context: ToolContext): Promise<string> {
  const planned = await planChange(change, context);
  return planned.kind === 'plan' ? planned.plan.diff : planned.result.content;
}

/** Does what the plan says, and nothing where the file is another by now. */
export async function carryOut(
  change: FileChange,
  context: ToolContext,
  plan: FilePlan | undefined,
): Promise<ToolResult> {
  const prepared = await prepare(change, context);
  if (prepared.kind === 'refused') return prepared.result;
  const { file, bytes } = prepared;
  const { workspace, signal } = context;
  const name = quotePath(file.relative);
  if (plan && plan.path !== file.relative) {
    return failure(`${quotePath(change.path)} leads elsewhere since a moment ago. Nothing was written.`);
  }
  if (plan && plan.after.sha256 !== prepared.plan.after.sha256) {
    return changedJustNow(name);
  }
  const expected = file.content?.sha256 ?? null;
  const replaced = await replaceFile({ workspace, real: file.real, expected, bytes, signal });
  if (replaced.kind === 'cancelled')
    return failure(`Could not ${change.verb} ${name}: ${whyEnded(signal)}. Nothing was written.`);
  if (replaced.kind === 'changed') return outrun(change, context, file);
  if (replaced.kind === 'refused') return failure(`Could not ${change.verb} ${name}: ${replaced.reason}.`);
  return changed(file.relative, prepared.plan, bytes);
}

/** No tool could change or undo it any more. */
export function tooLarge(name: string): string {
  return `${name} would have over ${count(LARGEST_WRITTEN / 1024 / 1024)} MiB, the most that is written. Nothing was written.`;
}

/** Somebody else came first: what the model is told is what it would have been told had it begun a moment later. */
async function outrun(change: FileChange, context: ToolContext, { relative }: CurrentFile): Promise<ToolResult> {
  const looked = await lookAt(context, change.path, change.verb);
  if (looked.kind === 'refused') return looked.result;
  // What lies elsewhere by now is not what was allowed, and is not shown.
  const complaint = looked.file.relative === relative ? await complaintOf(context, looked.file) : undefined;
  return complaint ?? changedJustNow(quotePath(relative));
}

function changedJustNow(name: string): ToolResult {
  return failure(`${name} changed just now. Nothing was written; read it again.`);
}

/** What became of a change that was started and left no result: the file says so. */
export async function settleChange({ path, before, after, diff }: FilePlan, context: ToolContext) {
  const looked = await lookAt(context, path, 'look at');
  if (looked.kind === 'refused') return { kind: 'unsure' } as const;
  const now = looked.file.content?.sha256 ?? null;
  if (now === after.sha256 && looked.file.content) {
    const bytes = encodeText(looked.file.content.text, looked.file.content.form);
    return { kind: 'done', result: changed(path, { path, before, after, diff }, bytes) } as const;
  }
  return { kind: now === (before?.sha256 ?? null) ? 'run' : 'unsure' } as const;
}

async function prepare(change: FileChange, context: ToolContext): Promise<Prepared> {
  const looked = await lookAt(context, change.path, change.verb);
  if (looked.kind === 'refused') return looked;
  const { file } = looked;
  if (context.isUnsaved?.(file.real)) {
    const why = 'a person has it open with changes that are not saved, and would have to choose between the two';
    const advice = 'Do something else first, or ask that it be saved.';
    const result = failure(
      `Could not ${change.verb} ${quotePath(file.relative)}: ${why}. Nothing was written. ${advice}`,
    );
    return { kind: 'refused', result };
  }
  const complaint = await complaintOf(context, file);
  if (complaint) return { kind: 'refused', result: complaint };
  const made = change.textFor(file.content?.text ?? null);
  if (made.kind === 'impossible') return { kind: 'refused', result: failure(made.reason) };
  const added = addedMarker(file.content?.text ?? '', made.text);
  if (added) {
    const result = failure(`Could not ${change.verb} ${quotePath(file.relative)}: ${markerReason(added)}`);
    return { kind: 'refused', result };
  }
  const bytes = encodeText(made.text, formOf(file));
  if (bytes.length > LARGEST_WRITTEN) return { kind: 'refused', result: failure(tooLarge(quotePath(file.relative))) };
  return { kind: 'prepared', file, bytes, plan: planOf(file, made.text, bytes) };
}

function markerReason({ line, marker }: AddedMarker): string {
  const why = `a secret was redacted in it, and in line ${line} the marker ${marker} would be written in its place`;
  return `${why}. Nothing was written. Leave lines with markers as they are: edit_file changes others.`;
}

function planOf({ relative, content }: CurrentFile, text: string, bytes: Buffer): FilePlan {
  return {
    path: relative,
    before: content && { text: content.text, sha256: content.sha256 },
    after: { sha256: sha256Of(bytes) },
    diff: differenceOf(content?.text ?? '', text).diff,
  };
}

function changed(path: string, { before }: FilePlan, bytes: Buffer): ToolResult {
  const text = decodeText(bytes)?.text ?? '';
  const counts = countsOf(differenceOf(before?.text ?? '', text));
  const content = `${before ? 'Changed' : 'Created'} ${quotePath(path)} (${counts}).`;
  return { content, isError: false, files: [knownFile(path, { text, sha256: sha256Of(bytes) })] };
}
