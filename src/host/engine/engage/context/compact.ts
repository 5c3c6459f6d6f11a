/** Where a context is cut that no longer fits: on a turn's boundary, so that calls and results stay together. */
import { measureMessages } from './measure.ts';
import { type ContextRows, type ContextSettings, PINNED_KINDS, type RecordedMessage } from './types.ts';
import { boundsOf, fullStubs, viewContext } from './view.ts';

/** Of what may be used, what the kept messages may hold: what a cut gains has to last for a while. */
const KEPT_PART = 0.5;
const KEPT_PART_BESIDE_SUMMARY = 0.25;

export type CutPlan = {
  /** Messages before this one leave. */
  fromN: number;
};

/** From so many tokens on room is made. */
export function usableTokens({ windowTokens, compactThreshold }: ContextSettings): number {
  return Math.floor(windowTokens * compactThreshold);
}

/** All but the newest messages leave. Undefined where nothing would, or too little. */
export function planCompaction(rows: ContextRows, settings: ContextSettings, usable: number): CutPlan | undefined {
  const most = { messages: settings.compactKeepRecent, tokens: usable * KEPT_PART };
  const fromN = firstKept(rows, most) ?? turnStarts(rows).at(-1)?.n;
  if (fromN === undefined || !leavesAnything(rows, fromN)) return undefined;
  return { fromN };
}

/** Everything leaves but the newest turns, or even those, where they are too much themselves. */
export function planSummary(rows: ContextRows, settings: ContextSettings, usable: number): CutPlan | undefined {
  const most = { messages: settings.compactKeepRecent, tokens: usable * KEPT_PART_BESIDE_SUMMARY };
  const last = rows.messages.at(-1);
  const nextN = (last?.n ?? 0) + 1;
  // An answer that was paused goes back to the model, which takes it up.
  const fromN = firstKept(rows, most) ?? (last?.role === 'assistant' ? last.n : nextN);
  return leavesAnything(rows, fromN) ? { fromN } : undefined;
}

/** The answers that the next request shows: a turn begins with its answer. */
function turnStarts(rows: ContextRows): RecordedMessage[] {
  return shown(rows).filter(({ role }) => role === 'assistant');
}

function shown(rows: ContextRows): RecordedMessage[] {
  return viewContext(rows).flatMap(({ message }) => (message ? [message] : []));
}

/** The earliest turn from which on the messages are few and small enough. */
function firstKept(rows: ContextRows, most: { messages: number; tokens: number }): number | undefined {
  const messages = shown(rows);
  return turnStarts(rows).find(({ n }) => {
    const kept = messages.filter((message) => message.n >= n);
    return kept.length <= most.messages && measureMessages(kept) <= most.tokens;
  })?.n;
}

function leavesAnything(rows: ContextRows, fromN: number): boolean {
  const { stubs, fromN: before } = boundsOf(rows);
  const hasNumbers = stubs !== undefined && stubs.lastMessage >= before;
  const isCut = ({ n, kind }: RecordedMessage) => n < fromN && !PINNED_KINDS.includes(kind);
  return shown(rows).some(isCut) || fullStubs(rows).length > 0 || hasNumbers;
}
