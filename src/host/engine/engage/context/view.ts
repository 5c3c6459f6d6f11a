/** From rows to what the model sees: stubs for what was folded, the cut's text for what was cut, everything else as it is. */
import type { ContentBlock, Message } from '../../../llm/types.ts';
import {
  type ClosedBlock,
  type ContextCut,
  type ContextRows,
  PINNED_KINDS,
  type RecordedMessage,
  type RoomCut,
  type StubsCut,
} from './types.ts';

/** A message of the request to be, at its place in the order of happening. */
export type Seen = {
  at: number;
  role: Message['role'];
  blocks: ContentBlock[];
  /** What is seen as it was recorded; absent for what stands in the place of something else. */
  message?: RecordedMessage;
};

type Bounds = {
  /** Messages before this one were cut. */
  fromN: number;
  /** Messages up to this one were folded. */
  foldedN: number;
  /** Stubs up to this block shrank. */
  shrunkBlock: number;
  room: RoomCut | undefined;
  stubs: StubsCut | undefined;
};

export function boundsOf({ blocks, cuts }: Pick<ContextRows, 'blocks' | 'cuts'>): Bounds {
  const room = cuts.findLast((cut) => cut.kind !== 'stubs');
  const stubs = cuts.findLast((cut) => cut.kind === 'stubs');
  return {
    fromN: room?.fromN ?? 0,
    foldedN: blocks.findLast(({ folds }) => folds)?.lastMessage ?? stubs?.lastMessage ?? 0,
    shrunkBlock: stubs?.throughBlock ?? -1,
    room,
    stubs,
  };
}

const isPinned = ({ kind }: RecordedMessage) => PINNED_KINDS.includes(kind);

/** Everything the next request shows, in the order of happening. */
export function viewContext(rows: ContextRows): Seen[] {
  const bounds = boundsOf(rows);
  const seen: Seen[] = rows.messages
    .filter((message) => isPinned(message) || !hasLeft(message, bounds))
    .map((message) => ({ at: message.n, role: message.role, blocks: message.blocks, message }));
  const placed = [...seen, ...standIns(rows, bounds)].sort((a, b) => a.at - b.at);
  const last = placed.findLast(({ message }) => message === undefined);
  if (last) last.blocks = last.blocks.map((block) => ({ ...block, cacheBreakpoint: true }) as ContentBlock);
  return placed;
}

/** The full stubs that the next request shows. */
export function fullStubs({ blocks, cuts }: Pick<ContextRows, 'blocks' | 'cuts'>): ClosedBlock[] {
  const { fromN, foldedN, shrunkBlock } = boundsOf({ blocks, cuts });
  return blocks.filter(
    ({ block, lastMessage }) => block > shrunkBlock && lastMessage <= foldedN && lastMessage >= fromN,
  );
}

function standIns(rows: ContextRows, { fromN, room, stubs }: Bounds): Seen[] {
  const instead = fullStubs(rows).map(({ lastMessage, stub }) => standIn(lastMessage + 0.5, stub));
  if (stubs && stubs.lastMessage >= fromN) instead.unshift(standIn(stubs.lastMessage + 0.5, stubs.text));
  if (room) instead.unshift(standIn(room.fromN - 0.5, room.text));
  return instead;
}

function standIn(at: number, text: string): Seen {
  return { at, role: 'user', blocks: [{ type: 'text', text }] };
}

const hasLeft = ({ n }: RecordedMessage, { fromN, foldedN }: Bounds) => n < fromN || n <= foldedN;

/**
 * The rows without what no later request shows. The newest message, answer, mark of the ledger, block and cut of each kind
 * stay, since what comes next is counted from them.
 */
export function forgetLeft(rows: ContextRows): ContextRows {
  const bounds = boundsOf(rows);
  const newestMessages = [
    rows.messages.at(-1),
    rows.messages.findLast(({ role }) => role === 'assistant'),
    rows.messages.findLast(({ ledger }) => ledger !== undefined),
  ];
  const lastBlock = rows.blocks.at(-1)?.block;
  const shown = new Set(fullStubs(rows).map(({ block }) => block));
  const kinds: ContextCut['kind'][] = ['stubs', 'compaction', 'summary'];
  const newest = kinds.map((kind) => rows.cuts.findLast((cut) => cut.kind === kind));
  return {
    messages: rows.messages.filter((message) => {
      return newestMessages.includes(message) || isPinned(message) || !hasLeft(message, bounds);
    }),
    blocks: rows.blocks.filter(({ block, lastMessage }) => {
      return block === lastBlock || shown.has(block) || lastMessage > bounds.foldedN;
    }),
    cuts: rows.cuts.filter((cut) => newest.includes(cut)),
  };
}

/** Providers want the roles to alternate: neighbours of one role become one message. */
export function alternating(seen: readonly Seen[]): Message[] {
  const merged: Message[] = [];
  for (const { role, blocks } of seen) {
    const last = merged.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else merged.push({ role, content: [...blocks] });
  }
  return merged;
}
