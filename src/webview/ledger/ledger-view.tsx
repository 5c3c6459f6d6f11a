/** The whole view: what is the matter, how to choose, and the list or what stands in for it. */
import { useEffect, useRef } from 'preact/hooks';
import { plural } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import { isPlain, isTyping } from '../shared/list-keys.ts';
import type { Scroller } from '../shared/scroller.ts';
import { ViewStateBanner } from '../shared/view-state-banner.tsx';
import { ListHint, NothingMatches, Welcome } from './empty-states.tsx';
import { LedgerList } from './ledger-list.tsx';
import type { LedgerStore } from './store.ts';
import { Toolbar } from './toolbar.tsx';

type Props = { store: LedgerStore; scroller: Scroller };

export function LedgerView({ store, scroller }: Props) {
  const searchField = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const toList = () => list.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === 'Escape') leave(store, toList);
      else if (isTyping(event) || !isPlain(event)) return;
      else if (event.key === '/') searchField.current?.select();
      else if (event.key === 'f') store.setFollows(!store.follows.value);
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  });
  const { viewState, isLoaded, total, filtered } = store;
  const isEmpty = total.value === 0 && store.entries.value.length === 0;
  const isReady = viewState.value.kind === 'ready';
  const hasContent = isLoaded.value && !isEmpty;
  return (
    <div class={store.isWide.value ? 'ledger wide' : 'ledger narrow'}>
      <ViewStateBanner
        state={viewState.value}
        isWhole={!hasContent}
        onCommand={(command) => store.post({ type: 'command', command })}
      />
      {isLoaded.value && isEmpty && isReady && <Welcome store={store} />}
      {hasContent && (
        <>
          <Toolbar store={store} searchField={searchField} toList={toList} />
          <ListHint store={store} />
          <div class="list-region" ref={list}>
            {filtered.value.entries.length === 0 ? (
              <NothingMatches store={store} />
            ) : (
              <LedgerList store={store} scroller={scroller} />
            )}
            <NewerButton store={store} />
          </div>
        </>
      )}
    </div>
  );
}

function NewerButton({ store }: { store: LedgerStore }) {
  const { unseen } = store;
  if (unseen.value === 0) return null;
  return (
    <button type="button" class="newer" onClick={() => store.setFollows(true)}>
      <Icon name="arrow-down" size={14} />
      {plural(unseen.value, 'newer entry', 'newer entries')}
    </button>
  );
}

/** Escape outside of the field: the words go, then the keyboard is in the list. */
function leave(store: LedgerStore, toList: () => void): void {
  if (store.filters.value.text !== '') store.setFilters({ text: '' });
  else toList();
}
