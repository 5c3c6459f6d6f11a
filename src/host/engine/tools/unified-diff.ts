/** What differs between two texts, for people and models to read. */
import { formatPatch, OMIT_HEADERS, structuredPatch } from 'diff';

export type TextDifference = {
  /** Hunks with three lines of context, without headers; '' where the texts are equal. */
  diff: string;
  /** False where the texts differ in too much to tell where. */
  isTold: boolean;
  added: number;
  removed: number;
};

/** Beyond so many changed lines a comparison would hold the host up, and nobody reads it. */
const MOST_EDITS = 2000;
/** Longest diff, in characters. */
const LONGEST_DIFF = 200_000;

/**
 * Compares line by line. Where the texts differ in too much, the diff says only how many lines each has. The time it takes
 * grows with the square of `mostEdits`.
 */
export function differenceOf(before: string, after: string, mostEdits: number = MOST_EDITS): TextDifference {
  const patch = structuredPatch('', '', before, after, undefined, undefined, { context: 3, maxEditLength: mostEdits });
  if (patch === undefined) {
    const [removed, added] = [lineCount(before), lineCount(after)];
    return { diff: `[everything changed: ${removed} lines became ${added}]\n`, isTold: false, added, removed };
  }
  const lines = patch.hunks.flatMap((hunk) => hunk.lines);
  const counted = {
    added: lines.filter((line) => line.startsWith('+')).length,
    removed: lines.filter((line) => line.startsWith('-')).length,
  };
  return { diff: patch.hunks.length === 0 ? '' : bounded(formatPatch(patch, OMIT_HEADERS)), isTold: true, ...counted };
}

/** As in `+3 −1`. */
export function countsOf({ added, removed }: Pick<TextDifference, 'added' | 'removed'>): string {
  return `+${added} \u2212${removed}`;
}

/** The beginning of a diff, cut between lines. */
export function bounded(diff: string, most: number = LONGEST_DIFF): string {
  if (diff.length <= most) return diff;
  const end = diff.lastIndexOf('\n', most) + 1;
  return `${diff.slice(0, end)}[${(diff.length - end).toLocaleString('en-US')} more characters of the difference]\n`;
}

function lineCount(text: string): number {
  if (text === '') return 0;
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}
