/**
 * Bounds every wait of one attempt: by a deadline of its own, by the attempt's total, and by the caller's abort. A timer
 * and a listener live only as long as the wait they belong to, so nothing is left to release.
 */
import type { Clock } from './clock.ts';

export type Waited<T> =
  | { kind: 'value'; value: T }
  /** The work itself rejected. */
  | { kind: 'broke'; reason: unknown }
  /** It took too long; `message` says what did, and how long that was. */
  | { kind: 'late'; message: string }
  | { kind: 'cancelled' };

export type Deadline = {
  /**
   * Waits for `work`, at most `boundMs` and no longer than the attempt has left. Never rejects. The work goes on after
   * `late` or `cancelled`: whoever started it stops it. `what` names it for people, as in "the response headers".
   */
  wait<T>(work: Promise<T>, boundMs: number, what: string): Promise<Waited<T>>;
};

/** `totalMs` counts from now; Infinity means no total. */
export function createDeadline(signal: AbortSignal, clock: Clock, totalMs: number): Deadline {
  const endsAt = clock.monotonic() + totalMs;
  return {
    wait<T>(work: Promise<T>, boundMs: number, what: string) {
      const leftMs = Math.max(0, endsAt - clock.monotonic());
      const message =
        leftMs < boundMs
          ? `the answer took over ${inSeconds(totalMs)}`
          : `${what} did not come in ${inSeconds(boundMs)}`;
      return waitFor(work, Math.min(boundMs, leftMs), message, signal, clock);
    },
  };
}

function waitFor<T>(
  work: Promise<T>,
  ms: number,
  lateMessage: string,
  signal: AbortSignal,
  clock: Clock,
): Promise<Waited<T>> {
  return new Promise((resolve) => {
    const finish = (outcome: Waited<T>) => {
      cancelTimer();
      signal.removeEventListener('abort', onAbort);
      resolve(outcome);
    };
    const onAbort = () => finish({ kind: 'cancelled' });
    const cancelTimer = Number.isFinite(ms)
      ? clock.after(ms, () => finish({ kind: 'late', message: lateMessage }))
      : () => undefined;
    signal.addEventListener('abort', onAbort, { once: true });
    // Both outcomes are handled even where nobody waits any more, so that no rejection goes unhandled.
    work.then(
      (value) => finish({ kind: 'value', value }),
      (reason: unknown) => finish({ kind: 'broke', reason }),
    );
    if (signal.aborted) onAbort();
    // What never has to be waited for would otherwise outrun every timer.
    else if (ms <= 0) finish({ kind: 'late', message: lateMessage });
  });
}

function inSeconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
