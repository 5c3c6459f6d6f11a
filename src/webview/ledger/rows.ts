/** The rows of the ledger, from entries, filters and what is folded or unfolded. */
import type { LedgerEntryView } from '../../protocol/focus.ts';
import type { VirtualRow } from '../shared/virtual-window.ts';
import type { Block, Blocks } from './blocks.ts';

/** How the bracket at the left is drawn beside a row. */
export type Gutter = 'none' | 'closed' | 'end' | 'shut' | 'open' | 'ended';

export type GroupRow = VirtualRow & {
  kind: 'work' | 'focus';
  workItemId: string;
  focusId: string | null;
  first: LedgerEntryView;
  count: number;
  isFolded: boolean;
};
export type EntryRow = VirtualRow & {
  kind: 'entry';
  entry: LedgerEntryView;
  block: Block | null;
  gutter: Gutter;
  isOpen: boolean;
};
export type DetailRow = VirtualRow & { kind: 'detail'; entry: LedgerEntryView; gutter: Gutter };
export type TailRow = VirtualRow & { kind: 'tail'; block: Block };
export type OlderRow = VirtualRow & { kind: 'older' };
export type LedgerRow = GroupRow | EntryRow | DetailRow | TailRow | OlderRow;

export type Folding = {
  /** Whether closed blocks are folded, but for those that `exceptions` names by key. */
  foldsBlocks: boolean;
  exceptions: ReadonlySet<string>;
  /** Keys of groups. */
  groups: ReadonlySet<string>;
  /** Entries that show their detail. */
  unfolded: ReadonlySet<string>;
};

export type RowOptions = Folding & {
  groupBy: 'work' | 'focus';
  /** Brackets make sense only where nothing is left out. */
  hasBrackets: boolean;
  isWide: boolean;
  hasOlder: boolean;
};

export const ROW_HEIGHT = 22;
export const TWO_LINE_HEIGHT = 40;
const DETAIL_GUESS = 120;

type Placed = { entry: LedgerEntryView; block: Block | null };
type Building = { rows: LedgerRow[]; previous: readonly LedgerRow[]; options: RowOptions };

/** Rows of `previous` that would be the same, in the same place, are the same objects: there may be 100,000 of them. */
export function buildRows(
  entries: readonly LedgerEntryView[],
  blocks: Blocks,
  options: RowOptions,
  previous: readonly LedgerRow[] = [],
): LedgerRow[] {
  const building: Building = { rows: [], previous, options };
  if (options.hasOlder) building.rows.push({ kind: 'older', key: 'older', height: ROW_HEIGHT });
  let group: GroupRow | null = null;
  let last: Placed | null = null;
  for (let at = 0; at < entries.length; at += 1) {
    const placed: Placed = { entry: entries[at] as LedgerEntryView, block: blocks[at] ?? null };
    if (!group || !isOfGroup(group, placed, options.groupBy)) {
      addTail(building, last, group);
      group = groupFor(placed, options);
      building.rows.push(group);
    }
    group.count += 1;
    last = placed;
    if (!group.isFolded) addEntry(building, placed);
  }
  addTail(building, last, group);
  return building.rows;
}

export function isBlockFolded(block: Block, { foldsBlocks, exceptions }: Folding): boolean {
  return block.stepId !== null && foldsBlocks !== (exceptions.size > 0 && exceptions.has(block.key));
}

function isOfGroup(group: GroupRow, { entry, block }: Placed, groupBy: RowOptions['groupBy']): boolean {
  if (group.workItemId !== entry.work_item_id) return false;
  return groupBy === 'work' || group.focusId === (block?.focusId ?? null);
}

function groupFor({ entry, block }: Placed, { groupBy, groups }: RowOptions): GroupRow {
  const focusId = groupBy === 'focus' ? (block?.focusId ?? null) : null;
  // By work, one item can have several groups, since the order is that of time: the first entry tells them apart.
  const key = groupBy === 'focus' ? `focus:${focusId ?? entry.work_item_id}` : `work:${entry.id}`;
  return {
    kind: groupBy,
    key,
    height: ROW_HEIGHT,
    workItemId: entry.work_item_id,
    focusId,
    first: entry,
    count: 0,
    isFolded: groupBy === 'focus' && groups.has(key),
  };
}

function addEntry({ rows, previous, options }: Building, { entry, block }: Placed): void {
  const isFolded = options.hasBrackets && block !== null && isBlockFolded(block, options);
  const isStep = block?.stepId === entry.id;
  if (isFolded && !isStep) return;
  const gutter = options.hasBrackets ? gutterOf(block, isStep, isFolded) : 'none';
  const isOpen = options.unfolded.size > 0 && options.unfolded.has(entry.id);
  const height = options.isWide ? ROW_HEIGHT : TWO_LINE_HEIGHT;
  const before = previous[rows.length];
  const isSame =
    before?.kind === 'entry' &&
    before.entry === entry &&
    before.block === block &&
    before.gutter === gutter &&
    before.isOpen === isOpen &&
    before.height === height;
  rows.push(isSame ? before : { kind: 'entry', key: entry.id, height, entry, block, gutter, isOpen });
  if (!isOpen) return;
  const beside = gutter === 'end' || gutter === 'shut' ? 'none' : gutter;
  rows.push({ kind: 'detail', key: `detail:${entry.id}`, height: DETAIL_GUESS, measured: true, entry, gutter: beside });
}

function gutterOf(block: Block | null, isStep: boolean, isFolded: boolean): Gutter {
  if (block === null) return 'none';
  if (isStep && block.size === 0) return 'none';
  if (isStep) return isFolded ? 'shut' : 'end';
  if (block.stepId !== null) return 'closed';
  return block.isOpen ? 'open' : 'ended';
}

function addTail({ rows, options }: Building, last: Placed | null, group: GroupRow | null): void {
  const block = last?.block;
  if (!block?.isOpen || !options.hasBrackets || group?.isFolded) return;
  rows.push({ kind: 'tail', key: `tail:${block.key}:${last?.entry.id}`, height: ROW_HEIGHT, block });
}
