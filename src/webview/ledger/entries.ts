/** Lists of entries in the order of all entries: time, then id. Nothing is in a list twice. */
import type { LedgerEntryView } from '../../protocol/focus.ts';

/** Most entries that the view holds; the search reaches the rest. */
export const MOST_ENTRIES = 100_000;

type Entries = readonly LedgerEntryView[];

export function compareEntries(a: LedgerEntryView, b: LedgerEntryView): number {
  if (a.created_at !== b.created_at) return a.created_at < b.created_at ? -1 : 1;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

export function mergeEntries(a: Entries, b: Entries): Entries {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  if (isBefore(a, b)) return a.concat(b);
  if (isBefore(b, a)) return b.concat(a);
  const merged: LedgerEntryView[] = [];
  let left = 0;
  let right = 0;
  while (left < a.length && right < b.length) {
    const [one, other] = [a[left] as LedgerEntryView, b[right] as LedgerEntryView];
    const order = compareEntries(one, other);
    merged.push(order <= 0 ? one : other);
    if (order <= 0) left += 1;
    if (order >= 0) right += 1;
  }
  return merged.concat(a.slice(left), b.slice(right));
}

/** To let the oldest go one by one would mean to lay out all the others anew each time. */
const SLACK = 2_000;

/** The newest that may be held. */
export function newestEntries(entries: Entries): Entries {
  return entries.length <= MOST_ENTRIES + SLACK ? entries : entries.slice(-MOST_ENTRIES);
}

function isBefore(a: Entries, b: Entries): boolean {
  const [last, first] = [a.at(-1), b[0]];
  return last !== undefined && first !== undefined && compareEntries(last, first) < 0;
}
