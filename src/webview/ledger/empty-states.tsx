/** What stands in place of the list, and above it: nothing written yet, nothing that matches, more than is held. */
import type { ComponentChildren } from 'preact';
import { formatCount, plural } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import { MOST_ENTRIES } from './entries.ts';
import { filterEntries, NO_FILTERS } from './filters.ts';
import { WORK_SELECT_ID } from './scope-selects.tsx';
import type { LedgerStore } from './store.ts';
import { nothingMatches } from './wording.ts';

type Props = { store: LedgerStore };

export function Welcome({ store }: Props) {
  return (
    <div class="welcome">
      <p>
        Agents write down what they do while they work: plans, findings, decisions, steps, errors. It all appears here,
        and stays.
      </p>
      <button type="button" class="button" onClick={() => store.post({ type: 'command', command: 'submitWork' })}>
        Submit Work…
      </button>
      <p>
        No model is needed to see how it looks:{' '}
        <button type="button" class="text-button" onClick={() => store.post({ type: 'command', command: 'runDemo' })}>
          run the demo
        </button>
        .
      </p>
    </div>
  );
}

export function NothingMatches({ store }: Props) {
  const { filters, entries, isSearching } = store;
  const { workItemId } = filters.value;
  const elsewhere =
    workItemId === null
      ? 0
      : filterEntries(entries.value, { ...filters.value, workItemId: null }, new Set()).entries.length;
  return (
    <div class="welcome" role="status">
      {isSearching.value ? <p>Searching all entries …</p> : <p>{nothingMatches(filters.value)}</p>}
      {workItemId !== null && (
        <p>
          {elsewhere > 0 && `${plural(elsewhere, 'entry', 'entries')} or more in other work. `}
          <button type="button" class="text-button" onClick={() => store.setFilters({ workItemId: null })}>
            Search All Work
          </button>
        </p>
      )}
      <p>
        <button type="button" class="text-button" onClick={() => store.setFilters({ ...NO_FILTERS, workItemId })}>
          Clear Filters
        </button>
      </p>
    </div>
  );
}

/** Honest about what the list leaves out. */
export function ListHint({ store }: Props) {
  const { total, found, entries, filters, filtered } = store;
  const searched = found.value;
  const shown = filtered.value.entries.length;
  if (searched && filters.value.faculty === null && searched.total > shown) {
    return (
      <Hint>{`Shown are ${formatCount(shown)} of the ${formatCount(searched.total)} that match, the newest ones.`}</Hint>
    );
  }
  if (total.value <= MOST_ENTRIES || filters.value.workItemId !== null) return null;
  const held = entries.value.length >= MOST_ENTRIES ? 'holds' : 'goes back to';
  return (
    <Hint>
      {`The list ${held} the newest ${formatCount(MOST_ENTRIES)} of ${formatCount(total.value)} entries. The search covers all of them. `}
      <button type="button" class="text-button" onClick={openWorkSelect}>
        Choose a Work Item
      </button>
    </Hint>
  );
}

function Hint({ children }: { children: ComponentChildren }) {
  return (
    <div class="hint" role="status">
      <Icon name="info" size={14} />
      <span>{children}</span>
    </div>
  );
}

function openWorkSelect(): void {
  const select = document.getElementById(WORK_SELECT_ID);
  if (!(select instanceof HTMLSelectElement)) return;
  select.focus();
  select.showPicker();
}
