/**
 * Repeats a whole attempt at an answer while that can help. Nothing of a failed attempt has been acted on: callers act on
 * `done` alone, and a `retry` event tells watchers to discard what they saw.
 */
import type { Sleep } from './clock.ts';
import type { LlmError, LlmEvent } from './types.ts';

export const DEFAULT_RETRIES = 4;
/** The longest wait a server may ask for, in milliseconds. Beyond it the request fails and says when to come back. */
export const LONGEST_RETRY_AFTER_MS = 5 * 60_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 8_000;
/** The part of a delay that chance may take off, so that many hosts do not come back together. */
const JITTER = 0.25;

const CANCELLED: LlmError = { kind: 'cancelled', message: 'The request was cancelled.' };

/** What the server said about trying again; absent where it said nothing. */
export type RetryAdvice = { shouldRetry?: boolean; retryAfterMs?: number };

/** The events of one attempt, which knows nothing of the others. Ends with one `done` or one `failed`. */
export type AttemptEvent =
  | Exclude<LlmEvent, { type: 'failed' } | { type: 'retry' }>
  | { type: 'failed'; error: LlmError; advice?: RetryAdvice };

export type RetryOptions = {
  /** How often to try again after the first attempt. */
  retries: number;
  sleep: Sleep;
  /** From 0 up to but not including 1. */
  random: () => number;
};

export async function* withRetries(
  attempt: () => AsyncIterable<AttemptEvent>,
  options: RetryOptions,
  signal: AbortSignal,
): AsyncGenerator<LlmEvent, void, undefined> {
  for (let retry = 0; ; retry++) {
    const failure = yield* forwardAttempt(attempt(), signal);
    if (failure === undefined) return;
    const { error, advice = {} } = failure;
    const next = decideRetry(error, advice, retry, options);
    if (next.kind === 'give_up') {
      yield { type: 'failed', error: next.error };
      return;
    }
    yield { type: 'retry', attempt: retry + 1, delayMs: next.delayMs, error };
    await options.sleep(next.delayMs, signal);
    if (signal.aborted) {
      yield { type: 'failed', error: CANCELLED };
      return;
    }
  }
}

type Failure = Extract<AttemptEvent, { type: 'failed' }>;

/** Passes an attempt's events on and gives back its failure, or undefined when it was `done`. */
async function* forwardAttempt(
  events: AsyncIterable<AttemptEvent>,
  signal: AbortSignal,
): AsyncGenerator<LlmEvent, Failure | undefined, undefined> {
  for await (const event of events) {
    // What came in the same bytes as the event that made the caller abort does not count any more.
    if (signal.aborted) return { type: 'failed', error: CANCELLED };
    if (event.type === 'failed') return event;
    yield event;
    if (event.type === 'done') return undefined;
  }
  return { type: 'failed', error: { kind: 'stream_cut', message: 'The answer ended before it was complete.' } };
}

type Decision = { kind: 'retry'; delayMs: number } | { kind: 'give_up'; error: LlmError };

/** Whether, and after how long, to try again. `retry` counts from 0 for the first one. */
export function decideRetry(
  error: LlmError,
  advice: RetryAdvice,
  retry: number,
  options: Pick<RetryOptions, 'retries' | 'random'>,
): Decision {
  const { retryAfterMs } = advice;
  if (!mayHelp(error, advice)) return { kind: 'give_up', error };
  if (retryAfterMs !== undefined && retryAfterMs > LONGEST_RETRY_AFTER_MS) {
    return { kind: 'give_up', error: withRetryAfter(error, retryAfterMs) };
  }
  if (retry >= options.retries) return { kind: 'give_up', error };
  if (retryAfterMs !== undefined && retryAfterMs > 0) return { kind: 'retry', delayMs: retryAfterMs };
  const fullMs = Math.min(FIRST_DELAY_MS * 2 ** retry, LONGEST_DELAY_MS);
  return { kind: 'retry', delayMs: Math.round(fullMs * (1 - options.random() * JITTER)) };
}

function mayHelp(error: LlmError, advice: RetryAdvice): boolean {
  switch (error.kind) {
    case 'auth':
    case 'insufficient_quota':
    case 'context_exceeded':
    case 'unavailable':
    case 'refused':
    case 'command_failed':
    case 'cancelled':
      return false;
    case 'http':
    case 'stream_cut':
    case 'malformed':
      return true;
    case 'rate_limited':
    case 'overloaded':
      return advice.shouldRetry ?? true;
    case 'api':
      return advice.shouldRetry ?? (error.status === 408 || error.status === 409 || error.status >= 500);
  }
}

/** Keeps the time to come back in the error, also where its own kind has no place for it. */
function withRetryAfter(error: LlmError, retryAfterMs: number): LlmError {
  if (error.kind === 'overloaded') return { ...error, retryAfterMs };
  return { kind: 'rate_limited', message: error.message, retryAfterMs };
}

/** Reads x-should-retry, retry-after-ms and retry-after (seconds or an HTTP date, of which `nowMs` is subtracted). */
export function readRetryAdvice(headers: Headers, nowMs: number): RetryAdvice {
  const shouldRetry = headers.get('x-should-retry');
  const retryAfterMs = readRetryAfter(headers, nowMs);
  return {
    ...(shouldRetry === 'true' || shouldRetry === 'false' ? { shouldRetry: shouldRetry === 'true' } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function readRetryAfter(headers: Headers, nowMs: number): number | undefined {
  const exactMs = positive(Number(headers.get('retry-after-ms') ?? Number.NaN));
  if (exactMs !== undefined) return exactMs;
  const text = headers.get('retry-after');
  if (text === null) return undefined;
  const seconds = Number(text);
  return positive(Number.isNaN(seconds) ? Date.parse(text) - nowMs : seconds * 1000);
}

/** Zero, times past and what cannot be read say nothing about when to come back. */
function positive(ms: number): number | undefined {
  return Number.isFinite(ms) && ms > 0 ? Math.round(ms) : undefined;
}
