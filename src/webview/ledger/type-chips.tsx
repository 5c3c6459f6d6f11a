/** One chip a type, with how many entries it would show. One tab stop; the arrows move between them. */
import { useRef, useState } from 'preact/hooks';
import type { EntryType } from '../../protocol/focus.ts';
import { formatCount, formatTokens } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import { ENTRY_ICONS, ENTRY_TYPES } from '../shared/vocabulary.ts';
import type { LedgerStore } from './store.ts';

/** From here on a narrow view has no room for all the digits. */
const SHORTENED_FROM = 1_000;

export function TypeChips({ store }: { store: LedgerStore }) {
  const { filters, filtered, room } = store;
  const [stop, setStop] = useState(0);
  const bar = useRef<HTMLDivElement>(null);
  const { types } = filters.value;
  const toggle = (type: EntryType) => {
    const chosen = types.includes(type) ? types.filter((other) => other !== type) : [...types, type];
    store.setFilters({ types: chosen });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const at = (stop + step + ENTRY_TYPES.length) % ENTRY_TYPES.length;
    setStop(at);
    bar.current?.querySelectorAll('button')[at]?.focus();
  };
  return (
    <div class="chips" role="toolbar" aria-label="Types" ref={bar} onKeyDown={onKeyDown}>
      {ENTRY_TYPES.map((type, at) => {
        const count = filtered.value.counts[type];
        const shown = room.value === 'words' || count < SHORTENED_FROM ? formatCount(count) : formatTokens(count);
        return (
          <button
            key={type}
            type="button"
            class={count === 0 ? 'chip zero' : 'chip'}
            title={`${type}: ${formatCount(count)}`}
            aria-label={`${type}, ${formatCount(count)}`}
            aria-pressed={types.includes(type)}
            tabIndex={at === stop ? 0 : -1}
            onFocus={() => setStop(at)}
            onClick={() => toggle(type)}
          >
            <Icon name={ENTRY_ICONS[type]} hue={type} />
            {room.value === 'words' && <span>{type}</span>}
            <span class="number">{shown}</span>
          </button>
        );
      })}
    </div>
  );
}
