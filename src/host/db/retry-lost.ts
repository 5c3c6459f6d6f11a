/** Doing a database call again when its answer was lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DbLost } from './types.ts';

const GIVE_UP_AFTER_MS = 60_000;
const FIRST_DELAY_MS = 20;
const LONGEST_DELAY_MS = 1000;

/**
 * Repeats `operation` while the database is lost, for up to a minute or `forMs`. The operation must look by id for its own effect
 * first: a call without an answer has, more often than not, committed. `again` is true from the second time on.
 */
export async function retryLost<T>(
  operation: (again: boolean) => Promise<T>,
  forMs: number = GIVE_UP_AFTER_MS,
): Promise<T> {
  const deadline = Date.now() + forMs;
  let delay = FIRST_DELAY_MS;
  for (let again = false; ; again = true) {
    try {
      return await operation(again);
    } catch (error) {
      if (!(error instanceof DbLost) || Date.now() > deadline) throw error;
    }
    await sleep(delay);
    delay = Math.min(delay * 2, LONGEST_DELAY_MS);
  }
}
