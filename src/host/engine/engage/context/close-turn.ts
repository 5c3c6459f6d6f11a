/**
 * What the end of a turn means for the context: whether a block closes, whether it folds, whether old stubs shrink, whether
 * the ledger is to be reminded of. Pure: the journal calls it in the transaction that closes the turn, and stores what it says.
 */
import { measureMessages, measureText } from './measure.ts';
import { shrunkText, stubText } from './stub.ts';
import {
  type BlockEntry,
  type ClosedBlock,
  type ContextRows,
  type ContextSettings,
  type LedgerMark,
  type NewMessage,
  NO_ENTRIES,
  PINNED_KINDS,
  type StubsCut,
} from './types.ts';
import { boundsOf, fullStubs } from './view.ts';

/** What the row of full stubs may hold: a part of the window, and never more than so many tokens. */
const STUBS_WINDOW_PART = 0.1;
const STUBS_MOST_TOKENS = 8000;
/** What is left of it once it shrinks, so that it shrinks seldom. */
const STUBS_KEPT_PART = 0.5;

export type Closing = {
  /** For the message that closes the turn. */
  ledger: LedgerMark;
  block: ClosedBlock | null;
  cut: StubsCut | null;
  reminder: string | null;
};

/** `entries` are those of this focus since the last block closed, in order. */
export function closeTurn(
  rows: ContextRows,
  settings: ContextSettings,
  message: NewMessage & { n: number },
  entries: readonly BlockEntry[],
): Closing {
  const before = ledgerMark(rows);
  const seq = entries.at(-1)?.seq ?? before.seq;
  const ledger = seq > before.seq ? { ...before, seq, turn: message.turn } : before;
  const block = entries.some(({ entryType }) => entryType === 'step')
    ? closeBlock(rows, settings, message, entries)
    : null;
  const cut = block?.folds ? shrinkStubs({ ...rows, blocks: [...rows.blocks, block] }, settings, message.turn) : null;
  const quiet = message.turn - Math.max(ledger.turn, ledger.remindedTurn);
  const isDue = settings.ledgerNudgeInterval > 0 && quiet >= settings.ledgerNudgeInterval;
  if (!isDue) return { ledger, block, cut, reminder: null };
  const reminder = reminderText(message.turn - ledger.turn);
  return { ledger: { ...ledger, remindedTurn: message.turn }, block, cut, reminder };
}

/** Above which number entries belong to the open block. */
export function openBlockSeq({ blocks }: Pick<ContextRows, 'blocks'>): number {
  return blocks.at(-1)?.throughSeq ?? 0;
}

/** The block that the next message belongs to. */
export function openBlock({ blocks }: Pick<ContextRows, 'blocks'>): number {
  const last = blocks.at(-1);
  return last ? last.block + 1 : 0;
}

function ledgerMark({ messages }: ContextRows): LedgerMark {
  return messages.findLast(({ ledger }) => ledger !== undefined)?.ledger ?? NO_ENTRIES;
}

function closeBlock(
  rows: ContextRows,
  settings: ContextSettings,
  message: NewMessage & { n: number },
  entries: readonly BlockEntry[],
): ClosedBlock {
  const { fromN, foldedN } = boundsOf(rows);
  const block = openBlock(rows);
  const own = rows.messages.filter(
    (each) => each.block === block && each.n >= fromN && !PINNED_KINDS.includes(each.kind),
  );
  const measuredTokens = measureMessages([...own, message]);
  const pending = rows.blocks.filter(({ lastMessage }) => lastMessage > foldedN && lastMessage >= fromN);
  const together = pending.reduce((sum, closed) => sum + closed.measuredTokens, measuredTokens);
  return {
    block,
    // The task stands before the first block.
    firstMessage: (rows.blocks.at(-1)?.lastMessage ?? 1) + 1,
    lastMessage: message.n,
    stub: stubText(entries),
    measuredTokens,
    folds: settings.truncateClosedBlocks && together >= settings.foldMinTokens,
    steps: entries.flatMap(({ entryType, seq }) => (entryType === 'step' ? [seq] : [])),
    throughSeq: entries.at(-1)?.seq ?? openBlockSeq(rows),
  };
}

/** The oldest full stubs become numbers where all of them together hold too much; the newest one never does. */
function shrinkStubs(rows: ContextRows, settings: ContextSettings, turn: number): StubsCut | null {
  const most = Math.min(STUBS_MOST_TOKENS, settings.windowTokens * STUBS_WINDOW_PART);
  const stubs = fullStubs(rows);
  let left = stubs.reduce((sum, { stub }) => sum + measureText(stub), 0);
  if (left <= most) return null;
  const shrunk: ClosedBlock[] = [];
  for (const closed of stubs.slice(0, -1)) {
    if (left <= most * STUBS_KEPT_PART) break;
    shrunk.push(closed);
    left -= measureText(closed.stub);
  }
  const last = shrunk.at(-1);
  if (!last) return null;
  const { stubs: earlier, fromN } = boundsOf(rows);
  const known = earlier && earlier.lastMessage >= fromN ? earlier : undefined;
  const numbers = shrunk.flatMap(({ steps }) => steps);
  const counted = {
    count: (known?.count ?? 0) + numbers.length,
    firstSeq: known?.firstSeq ?? numbers[0] ?? 0,
    lastSeq: numbers.at(-1) ?? last.throughSeq,
  };
  const { block: throughBlock, lastMessage } = last;
  return { kind: 'stubs', turn: turn + 1, throughBlock, lastMessage, ...counted, text: shrunkText(counted) };
}

function reminderText(turns: number): string {
  return (
    `[ledger] ${turns} turns without an entry in the work ledger. Record with ledger_append what you found and decided, and a ` +
    'step for what is complete: this conversation is shortened as it grows, and the ledger is what stays.'
  );
}
