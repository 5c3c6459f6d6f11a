import { setImmediate as nextTurn } from 'node:timers/promises';

const LIMIT_MS = 20_000;

/** Waits for what must come to be, also while timers are mocked. Fails when it does not come. */
export async function until(condition: () => boolean | Promise<boolean>, limitMs = LIMIT_MS): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`It did not come to be: ${condition}`);
    await nextTurn();
  }
}
