/** The shape that workspace tools give their results. */
import type { KnownFile, ToolResult } from '../engage/tool.ts';

/** Characters of one result, its closing lines apart. */
export const LONGEST_RESULT = 200_000;

/** `text` with what no store takes replaced: NUL characters and halves of surrogate pairs. */
export function cleanText(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}

export function answer(content: string): ToolResult {
  return { content: cleanText(content), isError: false };
}

/** `files` are those that the focus knows by having been told of them here. */
export function failure(content: string, files?: readonly KnownFile[]): ToolResult {
  return { content: cleanText(content), isError: true, ...(files ? { files } : {}) };
}

/** What to say about a path, on one line whatever is in its name. */
export function quotePath(path: string): string {
  // Line breaks, terminal sequences and marks of writing direction would let a name pass for something else.
  return /[\p{Cc}\p{Cf}\u2028\u2029]/u.test(path)
    ? JSON.stringify(path).replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, escapeCharacter)
    : path;
}

function escapeCharacter(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

export function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** Why a call ended early, for the model: cancelled, or over its time, and then what to do about it. */
export function endedEarly(tool: string, signal: AbortSignal, advice: string): ToolResult {
  return failure(isOverTime(signal) ? `${tool} ran over its time and was ended. ${advice}` : `${tool} was cancelled.`);
}

/** The same as a clause. */
export function whyEnded(signal: AbortSignal): string {
  return isOverTime(signal) ? 'it ran over its time and was ended' : 'it was cancelled';
}

function isOverTime({ reason }: AbortSignal): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError';
}
