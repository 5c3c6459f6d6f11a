/** Search, types, scope and how the list behaves: in one row where there is room, in up to three where there is not. */
import type { RefObject } from 'preact';
import { formatCount } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import { IconButton } from '../shared/icon-button.tsx';
import { ScopeSelects } from './scope-selects.tsx';
import type { LedgerStore } from './store.ts';
import { TypeChips } from './type-chips.tsx';

type Props = { store: LedgerStore; searchField: RefObject<HTMLInputElement | null>; toList(): void };

export function Toolbar({ store, searchField, toList }: Props) {
  const search = <SearchField store={store} searchField={searchField} toList={toList} />;
  const room = store.room.value;
  if (room === 'icons' || room === 'words') {
    return (
      <div class="toolbar one-row">
        {search}
        <TypeChips store={store} />
        <span class="separator" />
        <ScopeSelects store={store} />
        <span class="grow" />
        <ListSwitches store={store} />
      </div>
    );
  }
  return (
    <div class={room === 'narrow' ? 'toolbar three-rows' : 'toolbar two-rows'}>
      <div class="toolbar-search">
        {search}
        <TypeChips store={store} />
      </div>
      <div class="toolbar-line">
        <ScopeSelects store={store} />
        <span class="grow" />
        <ListSwitches store={store} />
      </div>
    </div>
  );
}

function SearchField({ store, searchField, toList }: Props) {
  const { filters, total, room, isSearching } = store;
  const { text } = filters.value;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && text !== '') store.setFilters({ text: '' });
    else if (event.key === 'Escape' || event.key === 'Enter' || event.key === 'ArrowDown') toList();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <search class="field">
      <Icon name={isSearching.value && text !== '' ? 'loading' : 'search'} spins={isSearching.value && text !== ''} />
      <input
        ref={searchField}
        type="text"
        value={text}
        maxLength={500}
        spellcheck={false}
        aria-label="Search the ledger"
        placeholder={`Search ${formatCount(total.value)} entries${room.value === 'words' ? ' ( / )' : ''}`}
        onInput={({ currentTarget }) => store.setFilters({ text: currentTarget.value })}
        onKeyDown={onKeyDown}
      />
      {text !== '' && <IconButton icon="close" label="Clear" onPress={() => store.setFilters({ text: '' })} />}
    </search>
  );
}

function ListSwitches({ store }: { store: LedgerStore }) {
  const { folding, follows, room } = store;
  const { foldsBlocks } = folding.value;
  const foldBlocks = () => store.fold({ foldsBlocks: !foldsBlocks, exceptions: new Set() });
  const follow = () => store.setFollows(!follows.value);
  if (room.value !== 'words') {
    return (
      <>
        <IconButton icon="fold" label="Fold Closed Blocks" pressed={foldsBlocks} onPress={foldBlocks} />
        <IconButton icon="arrow-down" label="Follow ( f )" pressed={follows.value} onPress={follow} />
      </>
    );
  }
  return (
    <>
      <button type="button" class="chip" title="Fold Closed Blocks" aria-pressed={foldsBlocks} onClick={foldBlocks}>
        <Icon name="fold" size={14} />
        Fold Closed
      </button>
      <button type="button" class="chip" title="Follow ( f )" aria-pressed={follows.value} onClick={follow}>
        <Icon name="arrow-down" size={14} />
        Follow
      </button>
    </>
  );
}
