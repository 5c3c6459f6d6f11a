/** The two drop-downs: which work item, which faculty. VS Code's own list opens, so that keys and readers know it. */
import { Icon } from '../shared/icon.tsx';
import { visibleLine } from '../shared/visible-text.ts';
import { nameOfWork } from '../shared/work-name.ts';
import type { LedgerStore } from './store.ts';

export const WORK_SELECT_ID = 'work-select';

/** More nobody scrolls through. */
const MOST_ITEMS = 200;
const LONGEST_OPTION = 80;

export function ScopeSelects({ store }: { store: LedgerStore }) {
  const { filters, items } = store;
  const { workItemId, faculty } = filters.value;
  const newest = [...items.value.values()].sort((a, b) => (a.updated_at < b.updated_at ? 1 : -1)).slice(0, MOST_ITEMS);
  const faculties = [...new Set([...items.value.values()].map((item) => item.faculty))].sort();
  return (
    <>
      <Select
        id={WORK_SELECT_ID}
        label="Work item"
        all="All work"
        value={workItemId}
        options={newest.map((item) => [item.id, nameOfWork(item)])}
        onChoose={(value) => store.setFilters({ workItemId: value })}
      />
      <Select
        id="faculty-select"
        label="Faculty"
        all="All faculties"
        value={faculty}
        options={faculties.map((name) => [name, visibleLine(name)])}
        onChoose={(value) => store.setFilters({ faculty: value })}
      />
    </>
  );
}

type SelectProps = {
  id: string;
  label: string;
  all: string;
  value: string | null;
  options: [value: string, title: string][];
  onChoose(value: string | null): void;
};

function Select({ id, label, all, value, options, onChoose }: SelectProps) {
  const isListed = value === null || options.some(([option]) => option === value);
  return (
    <span class={value === null ? 'select' : 'select chosen'}>
      <select
        id={id}
        aria-label={label}
        value={value ?? ''}
        onChange={({ currentTarget }) => onChoose(currentTarget.value === '' ? null : currentTarget.value)}
      >
        <option value="">{all}</option>
        {!isListed && <option value={value}>…</option>}
        {options.map(([option, title]) => (
          <option key={option} value={option}>
            {title.slice(0, LONGEST_OPTION)}
          </option>
        ))}
      </select>
      <Icon name="chevron-down" size={14} />
    </span>
  );
}
