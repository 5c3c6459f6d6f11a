/** Time as the clients see it, handed in so that tests need not wait. Every figure is in milliseconds. */

export type Clock = {
  /** Since the Unix epoch. It may jump, so it only serves to read the dates that servers send. */
  wall(): number;
  /** From an arbitrary start; never goes back. */
  monotonic(): number;
  /** Calls back once after `ms`; the returned function cancels that, and may be called late. */
  after(ms: number, callback: () => void): () => void;
};

/** Waits, or less if the signal aborts first. Never rejects: the caller looks at the signal. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** The longest wait a timer takes; above it Node fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(ms, 0), LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

export function createSleep(clock: Clock): Sleep {
  return (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const finish = () => {
        cancelTimer();
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const cancelTimer = clock.after(ms, finish);
      signal.addEventListener('abort', finish, { once: true });
    });
}
