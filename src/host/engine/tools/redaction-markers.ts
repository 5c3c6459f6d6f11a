/**
 * The markers that stand for secrets in what a focus was shown. One that is written takes the place of its secret, which is in
 * no row and cannot be brought back; a file may hold such words for reasons of its own, and keeps them.
 */

const MARKER = /\[redacted:[\w -]{1,80}\]/g;

/** A line of the new text with a marker in it, where the old text has no such line, or not as often. */
export type AddedMarker = { line: number; marker: string };

/**
 * The lines that hold a marker have to be there already, letter for letter: in any other the marker may stand where the secret
 * is, whatever else of the line is new.
 */
export function addedMarker(before: string, after: string): AddedMarker | undefined {
  if (!hasMarker(after)) return undefined;
  const there = new Map<string, number>();
  for (const line of before.split('\n').filter(hasMarker)) there.set(line, (there.get(line) ?? 0) + 1);
  for (const [index, line] of after.split('\n').entries()) {
    const [marker] = line.match(MARKER) ?? [];
    if (marker === undefined) continue;
    const left = there.get(line) ?? 0;
    if (left === 0) return { line: index + 1, marker };
    there.set(line, left - 1);
  }
  return undefined;
}

const hasMarker = (text: string) => text.search(MARKER) >= 0;
