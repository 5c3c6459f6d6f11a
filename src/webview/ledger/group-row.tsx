/** The head of a work item's or a focus's entries; it also sticks to the top while they scroll by. */
import { formatDay, formatTime, plural } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import { visibleLine } from '../shared/visible-text.ts';
import { tailOfId, workSign } from '../shared/vocabulary.ts';
import { nameOfWork } from '../shared/work-name.ts';
import type { GroupRow } from './rows.ts';
import type { LedgerStore } from './store.ts';

type Props = { row: GroupRow; store: LedgerStore };

export function GroupHead({ row, store }: Props) {
  return row.kind === 'work' ? <WorkHead row={row} store={store} /> : <FocusHead row={row} store={store} />;
}

function WorkHead({ row, store }: Props) {
  const item = store.items.value.get(row.workItemId);
  const sign = item && workSign(item);
  const choose = (event: MouseEvent) => {
    event.stopPropagation();
    store.setFilters({ workItemId: row.workItemId });
  };
  return (
    <>
      <Icon name="inbox" size={14} />
      <button type="button" class="group-name cut" tabIndex={-1} title="Show This Work Item Only" onClick={choose}>
        {nameOfWork(item)}
      </button>
      {sign && item.state !== 'completed' && (
        <span class="meta sign">
          <Icon name={sign.icon} hue={sign.hue} size={12} spins={item.state === 'running'} />
          {sign.word}
        </span>
      )}
      <span class="grow" />
      <span class="meta">{formatDay(row.first.created_at, new Date())}</span>
    </>
  );
}

function FocusHead({ row, store }: Props) {
  const { focusId } = row;
  const number = numberOfFocus(row, store);
  const started = `${visibleLine(row.first.faculty)}${focusId ? ` ${tailOfId(focusId)}` : ''}`;
  const facts = store.isWide.value ? `${started}, first entry ${formatTime(row.first.created_at)}` : started;
  return (
    <>
      <span class="twistie">
        <Icon name={row.isFolded ? 'chevron-right' : 'chevron-down'} />
      </span>
      <Icon name={focusId ? 'target' : 'note'} size={14} />
      <b>{focusId ? `Focus${number === null ? '' : ` ${number}`}` : 'Before any focus'}</b>
      <span class="dim cut">
        {facts}
        {isLastFocus(row, store) && stateOf(row, store)}
      </span>
      <span class="grow" />
      {focusId && (
        <button
          type="button"
          class="text-button on-hover"
          tabIndex={-1}
          onClick={(event) => {
            event.stopPropagation();
            store.post({ type: 'open_focus', focus_id: focusId });
          }}
        >
          Open Focus
        </button>
      )}
      <span class="meta">{store.isWide.value ? plural(row.count, 'entry', 'entries') : row.count}</span>
    </>
  );
}

/** Its place among the foci that are shown; null where the first one may not be loaded. */
function numberOfFocus(row: GroupRow, store: LedgerStore): number | null {
  const groups = store.rows.value.filter((other) => other.kind === 'focus' && other.focusId !== null);
  const [first] = groups;
  if (first?.kind !== 'focus' || (first.first.seq !== 1 && !store.isFiltered.value)) return null;
  if (store.isFiltered.value) return null;
  return groups.findIndex(({ key }) => key === row.key) + 1 || null;
}

function isLastFocus(row: GroupRow, store: LedgerStore): boolean {
  return store.rows.value.findLast(({ kind }) => kind === 'focus')?.key === row.key;
}

function stateOf({ workItemId }: GroupRow, store: LedgerStore): string {
  const item = store.items.value.get(workItemId);
  return item ? `, ${workSign(item).word}` : '';
}
