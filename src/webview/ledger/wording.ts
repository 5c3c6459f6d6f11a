/** Sentences and labels of the Ledger view. */
import type { LedgerEntryView } from '../../protocol/focus.ts';
import { formatTime, plural } from '../shared/duration.ts';
import { visibleLine } from '../shared/visible-text.ts';
import { tailOfId } from '../shared/vocabulary.ts';
import type { Block } from './blocks.ts';
import type { Filters } from './filters.ts';
import { authorOf } from './references.ts';
import type { EntryRow } from './rows.ts';

/** Who wrote it: a focus, or a person. */
export function writerOf(entry: LedgerEntryView): string {
  const author = authorOf(entry.data);
  if (author !== null) return visibleLine(author);
  return entry.focus_id === null
    ? visibleLine(entry.faculty)
    : `${visibleLine(entry.faculty)} ${tailOfId(entry.focus_id)}`;
}

/** What a step's row says of its block. */
export function blockNote({ block, gutter }: Pick<EntryRow, 'block' | 'gutter'>): string | null {
  if (!block || (gutter !== 'end' && gutter !== 'shut')) return null;
  const name = block.number === null ? 'block' : `block ${block.number}`;
  const count = block.size === 1 ? '1 entry' : plural(block.size, 'entry', 'entries');
  return gutter === 'shut' ? `${name} folded: +${count}` : `closes ${name}: ${count}`;
}

export function tailNote({ size }: Block): string {
  return `Open block: ${plural(size, 'entry', 'entries')}, no step closes it yet`;
}

/** All that a row shows, for a screen reader. */
export function labelOf(entry: LedgerEntryView): string {
  const text = visibleLine(entry.content.slice(0, 300));
  return `${entry.entry_type} ${entry.seq}, ${writerOf(entry)}, ${formatTime(entry.created_at)}: ${text}`;
}

/** Why the list is empty although there are entries. */
export function nothingMatches({ text, types, faculty, workItemId }: Filters): string {
  const what =
    types.length === 0
      ? 'entry'
      : types.length === 1
        ? types[0]
        : `${types.slice(0, -1).join(', ')} or ${types.at(-1)}`;
  const by = faculty === null ? '' : ` by ${visibleLine(faculty)}`;
  const where = workItemId === null ? '' : ' of this work item';
  const words = text.trim();
  return words === ''
    ? `No ${what}${by}${where} is there.`
    : `No ${what}${by}${where} mentions “${visibleLine(words)}”.`;
}
