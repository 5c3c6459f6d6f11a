/**
 * What ends because the work has run for as long as it may (`max_duration`). Whether it has is said by the rows, and told by
 * whoever admits the next call: here only what is under way is ended, a little later, so that this is found then.
 */
import type { LlmError } from '../../llm/types.ts';
import type { EngageDependencies } from './types.ts';

export const TIME_IS_UP = "the work's time (max_duration) is up";

/** What was spent is counted by the database's clock and to the millisecond. */
const MARGIN_MS = 1000;

const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const NOT_ASKED: LlmError = { kind: 'refused', message: 'Nothing was asked.' };

/** It may have been billed. */
const CUT_OFF: LlmError = { kind: 'stream_cut', message: `It was cut off: ${TIME_IS_UP}.` };

export const isUp = (until: number) => until <= performance.now();

/** `until` and what is left by `performance.now()`: never less than nothing. */
export const endsInMs = (until: number) => Math.max(0, until + MARGIN_MS - performance.now());

/** A model call that ends with the work's time. `time_up`: it gave no answer, and nothing else ended it. */
export async function withinTime<Answer extends { kind: string }>(
  { limits, abort }: Pick<EngageDependencies, 'limits' | 'abort'>,
  ask: (signal: AbortSignal) => Promise<Answer | { kind: 'failed'; error: LlmError }>,
): Promise<Answer | { kind: 'failed'; error: LlmError } | { kind: 'time_up' }> {
  const until = await limits.runsUntil();
  if (isUp(until)) {
    await limits.noAnswer(NOT_ASKED);
    return { kind: 'time_up' };
  }
  const up = new AbortController();
  const ms = endsInMs(until);
  // A longer timer would ring at once, and no answer takes weeks.
  const timer = ms > LONGEST_TIMER_MS ? undefined : setTimeout(() => up.abort(), ms);
  try {
    const answer = await ask(AbortSignal.any([abort, up.signal]));
    if (!up.signal.aborted || abort.aborted || !isCancelled(answer)) return answer;
  } finally {
    clearTimeout(timer);
  }
  await limits.noAnswer(CUT_OFF);
  return { kind: 'time_up' };
}

/** An answer that came all the same counts, and so does what the provider says of itself. */
function isCancelled(answer: { kind: string; error?: LlmError }): boolean {
  return answer.kind === 'failed' && answer.error?.kind === 'cancelled';
}
