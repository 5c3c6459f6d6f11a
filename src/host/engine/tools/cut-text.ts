/**
 * Where a long text may be cut: at the end of a line, if one is near. What a line begins with says whose words it holds, and
 * a part without its beginning would pass for anybody's.
 */

/** Characters that are given up for it. */
const NEAR = 1000;

/** The last good place up to `end`: what stands before it is shown. */
export function cutBefore(text: string, end: number): number {
  if (end >= text.length) return text.length;
  const line = text.slice(Math.max(0, end - NEAR), end).lastIndexOf('\n');
  if (line >= 0) return Math.max(0, end - NEAR) + line + 1;
  return isHalfBefore(text, end) ? end - 1 : end;
}

/** The first good place from `start` on: what stands behind it is shown. */
export function cutAfter(text: string, start: number): number {
  if (start <= 0) return 0;
  const line = text.slice(start - 1, start + NEAR).indexOf('\n');
  if (line >= 0) return start + line;
  return isHalfBefore(text, start) ? start + 1 : start;
}

/** Never within one character. */
const isHalfBefore = (text: string, at: number) => /[\uD800-\uDBFF]/.test(text[at - 1] ?? '');
