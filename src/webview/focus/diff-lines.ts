/** A unified difference as lines with their numbers, and in lines that were changed the part that was. */
import { plural } from '../shared/duration.ts';

export type DiffLine = {
  kind: 'added' | 'removed' | 'same' | 'gap' | 'note';
  /** Numbers in the old and the new text; null where it is not in that text. */
  old: number | null;
  new: number | null;
  text: string;
  /** Of a changed line, what differs from the one that it stands against. */
  changed: { from: number; to: number } | null;
};

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;
/** A line so long is not compared letter by letter. */
const LONGEST_COMPARED = 2000;

export function diffLines(diff: string): DiffLine[] {
  const lines: DiffLine[] = [];
  let [old, now] = [0, 0];
  for (const line of withoutLastBreak(diff).split('\n')) {
    const hunk = HUNK.exec(line);
    if (hunk) {
      // What lies before the first hunk is not told of: line 1 begins at once.
      if (lines.length > 0)
        lines.push({ kind: 'gap', old: null, new: null, text: leftOut(Number(hunk[1]) - old), changed: null });
      [old, now] = [Number(hunk[1]), Number(hunk[2])];
      continue;
    }
    const text = line.slice(1);
    if (line.startsWith('+')) lines.push({ kind: 'added', old: null, new: now++, text, changed: null });
    else if (line.startsWith('-')) lines.push({ kind: 'removed', old: old++, new: null, text, changed: null });
    else if (line.startsWith(' ')) lines.push({ kind: 'same', old: old++, new: now++, text, changed: null });
    else if (line !== '') lines.push({ kind: 'note', old: null, new: null, text: noteOf(line), changed: null });
  }
  markChanged(lines);
  return lines;
}

/** Between places of a difference. */
const leftOut = (count: number) => (count > 0 ? `${plural(count, 'unchanged line')} not shown` : 'lines not shown');

const withoutLastBreak = (text: string) => (text.endsWith('\n') ? text.slice(0, -1) : text);

const noteOf = (line: string) => (line.startsWith('\\ ') ? line.slice(2) : line);

/** Lines that were removed and as many that were added right after them stand against each other. */
function markChanged(lines: readonly DiffLine[]): void {
  for (let at = 0; at < lines.length; at += 1) {
    const removed = runOf(lines, at, 'removed');
    const added = runOf(lines, at + removed, 'added');
    if (removed > 0 && removed === added) {
      for (let pair = 0; pair < removed; pair += 1) markPair(lines[at + pair], lines[at + removed + pair]);
    }
    at += Math.max(0, removed + added - 1);
  }
}

function runOf(lines: readonly DiffLine[], from: number, kind: DiffLine['kind']): number {
  let to = from;
  while (lines[to]?.kind === kind) to += 1;
  return to - from;
}

function markPair(before: DiffLine | undefined, after: DiffLine | undefined): void {
  if (!before || !after || Math.max(before.text.length, after.text.length) > LONGEST_COMPARED) return;
  const [a, b] = [before.text, after.text];
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  // Where nothing but white space is the same, a mark on the rest says no more than the line's own colour.
  if ((a.slice(0, start) + a.slice(a.length - end)).trim() === '') return;
  before.changed = whole(a, start, a.length - end);
  after.changed = whole(b, start, b.length - end);
}

/** Never between the halves of a surrogate pair. */
function whole(text: string, from: number, to: number): DiffLine['changed'] {
  const isLow = (at: number) => /[\udc00-\udfff]/.test(text[at] ?? '');
  return { from: isLow(from) ? from - 1 : from, to: isLow(to) ? to + 1 : to };
}
