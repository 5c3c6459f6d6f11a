/**
 * The time of one call of a tool: the signal that tells it to end, and when it is waited for no longer. The work's own
 * signal outlives every call of a claim, and must hold nothing of one that is over: what hangs on it holds what the call gave,
 * the whole text of a file.
 */

/** How long a tool that ignores its signal is waited for. */
export const ABORT_GRACE_MS = 1000;

export type CallTime = Disposable & {
  /** Of this call alone: what the tool adds to it goes with it. */
  signal: AbortSignal;
  /** Resolves only after the signal, and leaves the tool time to say itself how it ended. */
  gaveUp: Promise<void>;
  isTimeUp(): boolean;
};

/** What a call has besides the work's signal: a time, the reason at its end, and how long it is waited for after that. */
type Bounds = { ms: number; reason: DOMException; graceMs: number };

/** Ends with the work's signal or with its own time. Disposed of, it leaves nothing behind. */
export function callTime(abort: AbortSignal, { ms, reason, graceMs }: Bounds): CallTime {
  const own = new AbortController();
  const { promise: gaveUp, resolve: giveUp } = Promise.withResolvers<void>();
  const timers: NodeJS.Timeout[] = [];
  let isTimeUp = false;
  const tell = (why: unknown, patienceMs: number) => {
    own.abort(why);
    timers.push(setTimeout(giveUp, patienceMs));
  };
  const cancel = () => tell(abort.reason, ABORT_GRACE_MS);
  const timeUp = () => {
    isTimeUp = true;
    tell(reason, graceMs);
  };
  timers.push(setTimeout(timeUp, ms));
  abort.addEventListener('abort', cancel, { once: true });
  if (abort.aborted) cancel();
  return {
    signal: own.signal,
    gaveUp,
    isTimeUp: () => isTimeUp,
    [Symbol.dispose]() {
      abort.removeEventListener('abort', cancel);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
