/** Puts what is new beside what is there, each thing once: messages by number, calls, hook runs and entries by id. */
import type {
  ContextBlockView,
  HookRunView,
  LedgerEntryView,
  MessageView,
  ToolCallView,
} from '../../protocol/focus.ts';

export function mergeMessages(known: readonly MessageView[], added: readonly MessageView[]): readonly MessageView[] {
  return merged(
    known,
    added,
    ({ n }) => n,
    (a, b) => a.n - b.n,
  );
}

export function mergeCalls(known: readonly ToolCallView[], added: readonly ToolCallView[]): readonly ToolCallView[] {
  return merged(
    known,
    added,
    ({ id }) => id,
    (a, b) => a.turn - b.turn || a.position - b.position,
  );
}

/** Their ids are of the time at which they were made. */
export function mergeHookRuns(known: readonly HookRunView[], added: readonly HookRunView[]): readonly HookRunView[] {
  return merged(
    known,
    added,
    ({ id }) => id,
    (a, b) => a.turn - b.turn || (a.id < b.id ? -1 : 1),
  );
}

export function mergeEntries(
  known: readonly LedgerEntryView[],
  added: readonly LedgerEntryView[],
): readonly LedgerEntryView[] {
  return merged(
    known,
    added,
    ({ id }) => id,
    (a, b) => a.seq - b.seq,
  );
}

export function mergeBlocks(
  known: readonly ContextBlockView[],
  added: readonly ContextBlockView[],
): readonly ContextBlockView[] {
  return merged(
    known,
    added,
    ({ block }) => block,
    (a, b) => a.block - b.block,
  );
}

function merged<Thing>(
  known: readonly Thing[],
  added: readonly Thing[],
  keyOf: (thing: Thing) => string | number,
  order: (a: Thing, b: Thing) => number,
): readonly Thing[] {
  if (added.length === 0) return known;
  const all = new Map(known.map((thing) => [keyOf(thing), thing]));
  for (const thing of added) all.set(keyOf(thing), thing);
  return [...all.values()].sort(order);
}
