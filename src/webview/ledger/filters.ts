/** Which entries are shown: by work item, faculty, type and words. */
import type { EntryType, LedgerEntryView } from '../../protocol/focus.ts';
import { ENTRY_TYPES } from '../shared/vocabulary.ts';

export type Filters = {
  text: string;
  types: readonly EntryType[];
  faculty: string | null;
  workItemId: string | null;
};

export const NO_FILTERS: Filters = { text: '', types: [], faculty: null, workItemId: null };

export type Counts = Record<EntryType, number>;

export type Filtered = {
  entries: readonly LedgerEntryView[];
  /** By type, without regard to the types chosen: what a press on a chip would bring. */
  counts: Counts;
};

/** True where only a part of what there is would be shown, whatever the work item. */
export function isNarrowed({ text, types, faculty }: Filters): boolean {
  return text.trim() !== '' || types.length > 0 || faculty !== null;
}

/** True where the extension has to be asked, since older entries may match. */
export function needsSearch({ text, types, workItemId }: Filters): boolean {
  return text.trim() !== '' || types.length > 0 || workItemId !== null;
}

/** The words of a search. An entry matches that has all of them. */
export function wordsOf(text: string): string[] {
  return text.trim().split(/\s+/).filter(Boolean);
}

export function filterEntries(
  entries: readonly LedgerEntryView[],
  filters: Filters,
  /** Entries that the extension found: they match, even where the words stand in another form. */
  found: ReadonlySet<string>,
): Filtered {
  const counts = Object.fromEntries(ENTRY_TYPES.map((type) => [type, 0])) as Counts;
  const { types, faculty, workItemId } = filters;
  if (!isNarrowed(filters) && workItemId === null) {
    for (const { entry_type } of entries) counts[entry_type] += 1;
    return { entries, counts };
  }
  const matchesWords = wordMatcher(wordsOf(filters.text));
  const shown: LedgerEntryView[] = [];
  for (const entry of entries) {
    if (workItemId !== null && entry.work_item_id !== workItemId) continue;
    if (faculty !== null && entry.faculty !== faculty) continue;
    if (!matchesWords(entry.content) && !found.has(entry.id)) continue;
    counts[entry.entry_type] += 1;
    if (types.length === 0 || types.includes(entry.entry_type)) shown.push(entry);
  }
  return { entries: shown, counts };
}

function wordMatcher(words: readonly string[]): (content: string) => boolean {
  const patterns = words.map((word) => new RegExp(escaped(word), 'i'));
  return (content) => patterns.every((pattern) => pattern.test(content));
}

export function escaped(word: string): string {
  return word.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
