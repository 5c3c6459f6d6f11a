/** A long text, a page for each call. A page stays below the length from which on results are kept apart. */

/** Characters of one page. */
export const PAGE_CHARACTERS = 15_000;

/** The page that begins at `offset`, with a closing line that says how to go on; undefined where the text ends before it. */
export function textPage(text: string, offset: number): string | undefined {
  if (offset >= text.length && offset > 0) return undefined;
  const page = text.slice(offset, endOfPage(text, offset));
  const end = offset + page.length;
  const where =
    end < text.length ? `go on with offset ${end}` : offset === 0 ? 'this is all of it' : 'this is the end of it';
  return `${page}\n[characters ${offset} to ${end} of ${text.length}: ${where}]`;
}

/** Never within one character. */
function endOfPage(text: string, offset: number): number {
  const end = offset + PAGE_CHARACTERS;
  const isHalf = /[\uD800-\uDBFF]/.test(text[end - 1] ?? '') && end < text.length;
  return isHalf ? end - 1 : end;
}
