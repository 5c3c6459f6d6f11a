/** The list of entries: what its rows look like and what keys and presses do to them. */
import { useCallback } from 'preact/hooks';
import { Icon } from '../shared/icon.tsx';
import { isPlain } from '../shared/list-keys.ts';
import type { Scroller } from '../shared/scroller.ts';
import { VirtualList } from '../shared/virtual-list.tsx';
import type { RowFacts } from '../shared/virtual-row.tsx';
import { EntryDetail } from './entry-detail.tsx';
import { GutterCell, NarrowEntry, WideEntry } from './entry-row.tsx';
import { foldRow, toggleBlock, toggleRow } from './folding.ts';
import { GroupHead } from './group-row.tsx';
import { type LedgerRow, ROW_HEIGHT } from './rows.ts';
import type { LedgerStore } from './store.ts';
import { labelOf, tailNote } from './wording.ts';

/** Whoever comes so near to the top wants to see what is older. */
const NEAR_TOP = 20;

type Props = { store: LedgerStore; scroller: Scroller };

export function LedgerList({ store, scroller }: Props) {
  const { rows, follows, activeKey, isWide } = store;
  const groupsByFocus = store.filters.value.workItemId !== null;
  const describe = useCallback(
    (row: LedgerRow) => factsOf(row, isWide.value, groupsByFocus),
    [isWide.value, groupsByFocus],
  );
  scroller.sticky = ROW_HEIGHT;
  return (
    <VirtualList
      scroller={scroller}
      rows={rows.value}
      role="tree"
      label="Ledger entries"
      className={isWide.value ? 'ledger-list wide' : 'ledger-list narrow'}
      follows={follows.value}
      activeKey={activeKey.value}
      describe={describe}
      render={(row) => <RowContent row={row} store={store} />}
      sticky={(top) => <StickyHead top={top} store={store} />}
      onActive={(row) => select(store, row)}
      onPick={(row, event) => pick(store, scroller, row, event)}
      onKey={(event, row) => press(store, scroller, event, row)}
    />
  );
}

function RowContent({ row, store }: { row: LedgerRow; store: LedgerStore }) {
  switch (row.kind) {
    case 'work':
    case 'focus':
      return <GroupHead row={row} store={store} />;
    case 'entry': {
      const props = { row, words: store.words.value, onFold: () => row.block && toggleBlock(store, row.block) };
      return store.isWide.value ? <WideEntry {...props} /> : <NarrowEntry {...props} />;
    }
    case 'detail':
      return <EntryDetail row={row} store={store} />;
    case 'tail':
      return (
        <>
          <GutterCell gutter="open" />
          <Icon name="circle-large-outline" hue="running" size={14} />
          <span class="cut">{tailNote(row.block)}</span>
        </>
      );
    case 'older':
      return (
        <button type="button" class="text-button" onClick={store.loadOlder}>
          {store.isLoadingOlder.value ? 'Loading older entries …' : 'Load Older Entries'}
        </button>
      );
  }
}

/** The group of the row at the top, while its own head is out of sight. */
function StickyHead({ top, store }: { top: number; store: LedgerStore }) {
  const rows = store.rows.value;
  for (let at = top; at >= 0; at -= 1) {
    const row = rows[at];
    if (row?.kind !== 'work' && row?.kind !== 'focus') continue;
    return (
      <div class="group stuck" aria-hidden="true">
        <GroupHead row={row} store={store} />
      </div>
    );
  }
  return null;
}

function factsOf(row: LedgerRow, isWide: boolean, groupsByFocus: boolean): RowFacts {
  switch (row.kind) {
    case 'work':
      return { className: 'row group', role: 'treeitem', level: 1, expanded: true, isStop: false };
    case 'focus':
      return { className: 'row group', role: 'treeitem', level: 1, expanded: !row.isFolded, isStop: groupsByFocus };
    case 'entry':
      return {
        className: isWide ? 'row entry one-line' : 'row entry two-lines',
        role: 'treeitem',
        level: 2,
        expanded: row.isOpen,
        label: labelOf(row.entry),
        isStop: true,
      };
    case 'detail':
      return { className: 'unfolded', role: 'presentation', isStop: false };
    case 'tail':
      return { className: 'tail', role: 'presentation', isStop: false };
    case 'older':
      return { className: 'older', role: 'presentation', isStop: false };
  }
}

/** To choose a row is to look at it: the list stops moving. */
function select(store: LedgerStore, row: LedgerRow): void {
  store.activeKey.value = row.key;
  store.setFollows(false);
  if (store.rows.value.slice(0, NEAR_TOP).includes(row)) store.loadOlder();
}

function pick(store: LedgerStore, scroller: Scroller, row: LedgerRow, event: MouseEvent): void {
  if (row.kind !== 'entry' && row.kind !== 'focus') return;
  // Neither the second half of a double click nor the end of marking text is a press.
  if (event.detail > 1 || document.getSelection()?.isCollapsed === false) return;
  select(store, row);
  toggleRow(store, scroller, row);
}

function press(store: LedgerStore, scroller: Scroller, event: KeyboardEvent, row: LedgerRow | undefined): void {
  const isOnControl = event.target instanceof Element && event.target.closest('button, a') !== null;
  if (!row || !isPlain(event) || isOnControl) return;
  if (event.key === 'Enter' || event.key === ' ') {
    select(store, row);
    toggleRow(store, scroller, row);
  } else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
    select(store, row);
    foldRow(store, scroller, row, event.key === 'ArrowLeft');
  } else return;
  event.preventDefault();
}
