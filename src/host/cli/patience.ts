/** How long to wait before the next host is tried, and when to stop trying. */

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;
const MOST_LOSSES = 20;

export type Patience = {
  /** A host answered: the next one that ends is waited for shortly again. */
  answered(): void;
  /** Something new was seen: the count of hosts that ended begins anew. */
  progressed(): void;
  /** A host ended. Gives the pause in milliseconds, or undefined when enough have ended in a row without anything new. */
  lost(): number | undefined;
};

export function createPatience(): Patience {
  let pause = FIRST_PAUSE_MS;
  let losses = 0;
  return {
    answered() {
      pause = FIRST_PAUSE_MS;
    },
    progressed() {
      losses = 0;
    },
    lost() {
      losses += 1;
      if (losses >= MOST_LOSSES) return undefined;
      const now = pause;
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      return now;
    },
  };
}
