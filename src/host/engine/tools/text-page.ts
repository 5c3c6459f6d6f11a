/** A long text, a page for each call. A page stays below the length from which on results are kept apart. */
import { cutBefore } from './cut-text.ts';

/** Characters of one page. */
export const PAGE_CHARACTERS = 15_000;

/**
 * The page that begins at `offset`, or at the beginning of the line in which that lies, with a closing line that says how to
 * go on; undefined where the text ends before it.
 */
export function textPage(text: string, offset: number): string | undefined {
  if (offset >= text.length && offset > 0) return undefined;
  // Where a page ended this is the same place.
  const start = cutBefore(text, offset);
  const end = cutBefore(text, start + PAGE_CHARACTERS);
  const where =
    end < text.length ? `go on with offset ${end}` : start === 0 ? 'this is all of it' : 'this is the end of it';
  return `${text.slice(start, end)}\n[characters ${start} to ${end} of ${text.length}: ${where}]`;
}
