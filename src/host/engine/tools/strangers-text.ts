/** Text that a stranger wrote, as a result shows it: behind marks that it cannot leave, and with nothing hidden in it. */
import { setImmediate } from 'node:timers/promises';

/** Shown as nothing, so that leaving them out changes no word: soft hyphens, zero width spaces, marks of byte order. */
const VOID = /[\u00ad\u200b\u2060\ufeff]/g;
/**
 * Controls, what turns the direction of writing, ends of lines that are not line feeds, and tags in which text can hide.
 * Joiners stay: scripts and emoji need them.
 */
const HIDDEN = /(?![\t\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u{e0000}-\u{e0fff}]/gu;

/** What would not show is written out, as `\u{202e}`. */
export function visibleText(text: string): string {
  return text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(VOID, '')
    .replaceAll(HIDDEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .toWellFormed();
}

/** Characters that are looked through at a go. */
const SLICE = 64 * 1024;

/** The same of a long text, in slices between which the host goes on with its other work. */
export async function visibleLongText(text: string, signal: AbortSignal): Promise<string> {
  const parts: string[] = [];
  for (let from = 0; from < text.length; ) {
    // What is one end of a line, or one character, stays together.
    const isSplit = /^(?:\r\n|[\uD800-\uDBFF][\uDC00-\uDFFF])/.test(text.slice(from + SLICE - 1, from + SLICE + 1));
    const end = from + SLICE + (isSplit ? 1 : 0);
    parts.push(visibleText(text.slice(from, end)));
    from = end;
    await setImmediate();
    signal.throwIfAborted();
  }
  return parts.join('');
}

/** On one line, in quotes that it cannot leave. */
export function strangersLine(text: string, most: number): string {
  const line = visibleText(text.replaceAll(/\s+/g, ' ').trim());
  return JSON.stringify(line.length > most ? `${line.slice(0, most - 1).toWellFormed()}…` : line);
}

/** Before each line of a stranger's, wherever the text is cut later on. */
const QUOTE = '> ';
/** Longer lines are broken, so that no part of one is far from a mark. At a blank, if there is one near. */
const LONGEST_LINE = 500;
const NEAR = 100;

/** The text from `offset` on behind marks, together at most `most` characters long; `end` is where it goes on. */
export function quotedPage(text: string, offset: number, most: number): { lines: string; end: number } {
  const lines: string[] = [];
  let end = offset;
  for (let left = most - QUOTE.length; left > 0 && end < text.length; ) {
    const { line, length } = nextLine(text, end, Math.min(left, LONGEST_LINE));
    lines.push(`${QUOTE}${line}`);
    end += length;
    left -= line.length + QUOTE.length + 1;
  }
  return { lines: lines.join('\n'), end };
}

/** A line, or as much of it as `most` says. One that is there whole has been told with its end. */
function nextLine(text: string, from: number, most: number): { line: string; length: number } {
  const ahead = text.slice(from, from + most + 1);
  const lineEnd = ahead.indexOf('\n');
  if (lineEnd >= 0) return { line: ahead.slice(0, lineEnd), length: lineEnd + 1 };
  if (ahead.length <= most) return { line: ahead, length: ahead.length };
  const blank = ahead.lastIndexOf(' ', most - 1);
  const length = blank >= most - NEAR && blank > 0 ? blank + 1 : wholeCharacters(ahead, most);
  return { line: ahead.slice(0, length), length };
}

/** Never half of one, and always one at least. */
function wholeCharacters(text: string, length: number): number {
  const isHalf = /[\uD800-\uDBFF]/.test(text[length - 1] ?? '');
  return isHalf && length > 1 ? length - 1 : length;
}
