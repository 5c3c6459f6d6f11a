/**
 * The blocks of a focus: what it wrote up to a step, which closes the block and sums it up. The last one is open while the
 * focus is at work.
 */
import type { LedgerEntryView } from '../../protocol/focus.ts';
import type { WorkView } from '../../protocol/work.ts';

export type Block = {
  key: string;
  focusId: string;
  /** 1, 2, 3 … within the focus; null where its beginning is not loaded. */
  number: number | null;
  /** The entry that closes it. */
  stepId: string | null;
  /** Entries besides the step. */
  size: number;
  isOpen: boolean;
};

/** For each entry, in order, the block that it belongs to. */
export type Blocks = readonly (Block | null)[];

type Entries = readonly LedgerEntryView[];
type Items = ReadonlyMap<string, WorkView>;

/** What is known of a work item while its entries go by. */
type Progress = { block: Block; focusId: string; lastSeq: number };

/**
 * Gives a function that finds the blocks of entries. It goes on where it stopped when entries only came at the end, which
 * they do all the time; the blocks of the entries before are the same objects then.
 */
export function createPlacer(): (entries: Entries, items: Items) => Blocks {
  let placed: Entries = [];
  let blocks: (Block | null)[] = [];
  let progress = new Map<string, Progress>();
  return (entries, items) => {
    if (!isContinued(entries, placed)) {
      blocks = [];
      progress = new Map();
    }
    for (let at = blocks.length; at < entries.length; at += 1) {
      blocks.push(placeEntry(entries[at] as LedgerEntryView, progress));
    }
    placed = entries;
    for (const [itemId, { block }] of progress) block.isOpen = block.stepId === null && isAtWork(items.get(itemId));
    return blocks.slice();
  };
}

/** Entries are in order and each is there once: the same ends in the same places have the same between them. */
function isContinued(entries: Entries, before: Entries): boolean {
  return entries.length >= before.length && entries[0] === before[0] && entries[before.length - 1] === before.at(-1);
}

/** What a person wrote belongs to the focus that was at work. */
function placeEntry(entry: LedgerEntryView, progress: Map<string, Progress>): Block | null {
  const before = progress.get(entry.work_item_id);
  const focusId = entry.focus_id ?? before?.focusId;
  if (focusId === undefined) return null;
  const block = blockOf(before, entry, focusId);
  if (before && before.block !== block) before.block.isOpen = false;
  if (entry.entry_type === 'step' && entry.focus_id !== null) block.stepId = entry.id;
  else block.size += 1;
  progress.set(entry.work_item_id, { block, focusId, lastSeq: entry.seq });
  return block;
}

function blockOf(before: Progress | undefined, entry: LedgerEntryView, focusId: string): Block {
  const isSameFocus = before?.focusId === focusId;
  if (isSameFocus && before.block.stepId === null) return before.block;
  const isBeginning = entry.seq === 1 || before?.lastSeq === entry.seq - 1;
  const number = isSameFocus ? numberAfter(before.block) : isBeginning ? 1 : null;
  return { key: `block:${focusId}:${entry.id}`, focusId, number, stepId: null, size: 0, isOpen: false };
}

function numberAfter({ number }: Block): number | null {
  return number === null ? null : number + 1;
}

function isAtWork(item: WorkView | undefined): boolean {
  return item?.state === 'running' || item?.state === 'waiting';
}
