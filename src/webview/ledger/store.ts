/** What the Ledger view knows and shows: signals, and what messages and presses do to them. */
import { batch, computed, type ReadonlySignal, signal } from '@preact/signals';
import type { LedgerCursor, LedgerEntryView } from '../../protocol/focus.ts';
import type { FromLedgerView, ToLedgerView, ViewState } from '../../protocol/webview.ts';
import type { WorkView } from '../../protocol/work.ts';
import { createPlacer } from './blocks.ts';
import { MOST_ENTRIES, mergeEntries, newestEntries } from './entries.ts';
import { type Filters, filterEntries, isNarrowed, NO_FILTERS, needsSearch, wordsOf } from './filters.ts';
import type { Room } from './room.ts';
import { buildRows, type Folding, type LedgerRow } from './rows.ts';

/** Kept while the view is hidden. */
export type LedgerState = {
  filters: Filters;
  follows: boolean;
  foldsBlocks: boolean;
  activeKey: string | null;
  anchor: { key: string; above: number } | null;
};

type Found = { entries: readonly LedgerEntryView[]; total: number };

export type LedgerStore = ReturnType<typeof createLedgerStore>;

const SEARCH_DELAY_MS = 180;
const STARTING: ViewState = { kind: 'starting', message: 'Animus is starting …', actions: [] };

export function createLedgerStore(
  post: (message: FromLedgerView) => void,
  room: ReadonlySignal<Room>,
  saved: LedgerState | undefined,
) {
  const isWide = computed(() => room.value !== 'narrow');
  const viewState = signal<ViewState>(STARTING);
  const isLoaded = signal(false);
  const entries = signal<readonly LedgerEntryView[]>([]);
  const items = signal<ReadonlyMap<string, WorkView>>(new Map());
  const next = signal<LedgerCursor | null>(null);
  const total = signal(0);
  const isLoadingOlder = signal(false);
  const filters = signal<Filters>({ ...NO_FILTERS, ...saved?.filters });
  const found = signal<Found | null>(null);
  const isSearching = signal(false);
  const follows = signal(saved?.follows ?? true);
  const activeKey = signal<string | null>(saved?.activeKey ?? null);
  const folding = signal<Folding>({
    foldsBlocks: saved?.foldsBlocks ?? false,
    exceptions: new Set(),
    groups: new Set(),
    unfolded: new Set(),
  });
  /** Entries that came while the list did not follow. */
  const unseen = signal(0);

  const words = computed(() => wordsOf(filters.value.text));
  const isFiltered = computed(() => isNarrowed(filters.value));
  const filtered = computed(() => {
    const foundEntries = found.value?.entries ?? [];
    const ids = new Set(foundEntries.map(({ id }) => id));
    return filterEntries(mergeEntries(entries.value, foundEntries), filters.value, ids);
  });
  const place = createPlacer();
  const blocks = computed(() => place(filtered.value.entries, items.value));
  let lastRows: LedgerRow[] = [];
  const rows = computed((): LedgerRow[] => {
    const options = {
      ...folding.value,
      groupBy: filters.value.workItemId === null ? ('work' as const) : ('focus' as const),
      hasBrackets: !isFiltered.value,
      isWide: isWide.value,
      hasOlder: next.value !== null && !needsSearch(filters.value),
    };
    lastRows = buildRows(filtered.value.entries, blocks.value, options, lastRows);
    return lastRows;
  });

  let searchNumber = 0;
  let searchTimer: ReturnType<typeof setTimeout> | undefined;

  function search(): void {
    clearTimeout(searchTimer);
    searchNumber += 1;
    isSearching.value = needsSearch(filters.value);
    if (!isSearching.value) return;
    const number = searchNumber;
    const { text, types, workItemId } = filters.value;
    searchTimer = setTimeout(() => {
      post({ type: 'search', search: number, text: text.trim(), types: [...types], work_item_id: workItemId });
    }, SEARCH_DELAY_MS);
  }

  /** What was found stays while a narrower answer is awaited, unless the words or the work item are others. */
  function setFilters(change: Partial<Filters>): void {
    batch(() => {
      const before = filters.value;
      filters.value = { ...before, ...change };
      const { text, workItemId } = filters.value;
      if (text !== before.text || workItemId !== before.workItemId) found.value = null;
      search();
    });
  }

  function addItems(added: readonly WorkView[]): void {
    if (added.length === 0) return;
    const merged = new Map(items.value);
    for (const item of added) merged.set(item.id, item);
    items.value = merged;
  }

  function reset(message: Extract<ToLedgerView, { type: 'reset' }>): void {
    isLoaded.value = true;
    entries.value = message.entries;
    addItems(message.items);
    next.value = message.next;
    total.value = message.total;
    isLoadingOlder.value = false;
    unseen.value = 0;
    search();
  }

  function append(added: readonly LedgerEntryView[]): void {
    const before = entries.value.length;
    const merged = mergeEntries(entries.value, added);
    const fresh = merged.length - before;
    entries.value = newestEntries(merged);
    total.value += fresh;
    if (!follows.value) unseen.value += fresh;
  }

  function addOlder({ entries: older, next: cursor }: Extract<ToLedgerView, { type: 'older' }>): void {
    entries.value = newestEntries(mergeEntries(older, entries.value));
    next.value = cursor;
    isLoadingOlder.value = false;
  }

  function take(message: ToLedgerView): void {
    batch(() => {
      if ('items' in message) addItems(message.items);
      switch (message.type) {
        case 'state':
          viewState.value = message.state;
          return;
        case 'reset':
          return reset(message);
        case 'appended':
          return append(message.entries);
        case 'older':
          return addOlder(message);
        case 'found':
          if (message.search !== searchNumber) return;
          isSearching.value = false;
          found.value = { entries: message.entries, total: message.total };
          return;
        case 'scope':
          return setFilters({ workItemId: message.work_item_id });
      }
    });
  }

  function loadOlder(): void {
    const before = next.value;
    if (before === null || isLoadingOlder.value || entries.value.length >= MOST_ENTRIES) return;
    isLoadingOlder.value = true;
    post({ type: 'load_older', before });
  }

  function setFollows(value: boolean): void {
    batch(() => {
      follows.value = value;
      if (value) unseen.value = 0;
    });
  }

  function fold(change: Partial<Folding>): void {
    folding.value = { ...folding.value, ...change };
  }

  return {
    viewState,
    isLoaded,
    entries,
    items,
    next,
    total,
    isLoadingOlder,
    filters,
    found,
    isSearching,
    follows,
    activeKey,
    folding,
    unseen,
    words,
    isFiltered,
    filtered,
    rows,
    isWide,
    room,
    take,
    setFilters,
    loadOlder,
    setFollows,
    fold,
    post,
  };
}
