/** Folding and unfolding: groups, closed blocks, and the detail of an entry. */
import type { Scroller } from '../shared/scroller.ts';
import type { Block } from './blocks.ts';
import { type EntryRow, isBlockFolded, type LedgerRow } from './rows.ts';
import type { LedgerStore } from './store.ts';

function toggled(set: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const changed = new Set(set);
  if (!changed.delete(key)) changed.add(key);
  return changed;
}

export function toggleBlock(store: LedgerStore, block: Block): void {
  store.fold({ exceptions: toggled(store.folding.value.exceptions, block.key) });
}

/** What Enter does. */
export function toggleRow(store: LedgerStore, scroller: Scroller, row: LedgerRow): void {
  const { folding } = store;
  if (row.kind === 'focus') store.fold({ groups: toggled(folding.value.groups, row.key) });
  if (row.kind !== 'entry') return;
  store.fold({ unfolded: toggled(folding.value.unfolded, row.key) });
  if (!row.isOpen) scroller.reveal(row.key, { through: `detail:${row.key}` });
}

/** What Left and Right do: the innermost thing that can fold does, and Left goes out to what holds the row. */
export function foldRow(store: LedgerStore, scroller: Scroller, row: LedgerRow, isLeft: boolean): void {
  if (row.kind === 'focus' && row.isFolded !== isLeft) toggleRow(store, scroller, row);
  if (row.kind !== 'entry') return;
  if (isLeft) foldEntry(store, scroller, row);
  else if (row.gutter === 'shut' && row.block) toggleBlock(store, row.block);
  else if (!row.isOpen) toggleRow(store, scroller, row);
}

function foldEntry(store: LedgerStore, scroller: Scroller, row: EntryRow): void {
  const { block } = row;
  const canFold = row.gutter === 'end' || row.gutter === 'closed';
  if (row.isOpen) toggleRow(store, scroller, row);
  else if (block?.stepId && canFold && !isBlockFolded(block, store.folding.value)) {
    toggleBlock(store, block);
    goTo(store, scroller, block.stepId);
  } else {
    const rows = store.rows.value;
    const group = rows.slice(0, rows.indexOf(row)).findLast(({ kind }) => kind === 'focus');
    if (group) goTo(store, scroller, group.key);
  }
}

function goTo(store: LedgerStore, scroller: Scroller, key: string): void {
  store.activeKey.value = key;
  scroller.reveal(key, { focus: true });
}
