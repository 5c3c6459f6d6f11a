/** What the next model call may use at most, before anybody knows. */
import type { Queryable } from '../../db/types.ts';
import type { CostOf } from '../../llm/prices.ts';
import { mostAnswerTokens } from '../../llm/thinking.ts';
import { readFocus } from '../../store/foci/foci.ts';
import type { NextCall } from '../engage/types.ts';

export type CallSize = {
  tokens: number;
  /** Null where the price is unknown. */
  costMicros: number | null;
};

/**
 * A program asks its models itself and says afterwards what that used, so nothing can be held back for it. Where it has not
 * said what it costs nobody knows.
 */
export async function externalCall(db: Queryable, focusId: string): Promise<CallSize> {
  const focus = await readFocus(db, focusId);
  return { tokens: 0, costMicros: focus?.costMicros === null ? null : 0 };
}

/** The prompt as it is estimated, and the longest answer there may be. */
export function sizeOfCall({ config, promptTokens }: NextCall, costOf: CostOf): CallSize {
  const output = mostAnswerTokens(config.maxTokens, config.thinking);
  // Writing a prompt to the provider's cache is the dearest way to send it.
  const usage = { input: promptTokens, cacheRead: 0, cacheWrite: promptTokens, output, reasoning: 0 };
  return { tokens: promptTokens + output, costMicros: costOf(config.model, usage) };
}
