/** A bound on turns and nothing else, for a loop that nobody pays for. */
import type { Limits } from './types.ts';

export function turnsOnly(maxTurns: number): Limits {
  return {
    admit: async (turn) => (turn > maxTurns ? { kind: 'budget', message: turnsReached(maxTurns) } : undefined),
    noAnswer: async () => undefined,
    runsUntil: async () => Number.POSITIVE_INFINITY,
    warn: async () => undefined,
  };
}

export function turnsReached(maxTurns: number): string {
  return `The limit of ${maxTurns} turns is reached.`;
}
