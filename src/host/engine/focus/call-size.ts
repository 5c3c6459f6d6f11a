/** What the next model call may use at most, before anybody knows. */
import type { Queryable } from '../../db/types.ts';
import { estimateTokens } from '../../llm/estimate-tokens.ts';
import type { CostOf } from '../../llm/prices.ts';
import { mostAnswerTokens } from '../../llm/thinking.ts';
import { readFocus } from '../../store/foci/foci.ts';
import { readMessages } from '../../store/foci/messages.ts';
import { readNewestAnswer } from '../../store/foci/newest-answer.ts';
import type { EngageConfig } from '../engage/types.ts';

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

/** The prompt as the provider counted it last, with what came since, and the longest answer there may be. */
export async function estimateCall(
  db: Queryable,
  focusId: string,
  config: EngageConfig,
  costOf: CostOf,
): Promise<CallSize> {
  const newest = await readNewestAnswer(db, focusId);
  const since = await readMessages(db, focusId, newest?.n ?? 0);
  const told = newest?.tokens ?? estimateTokens(JSON.stringify([config.system, config.tools]));
  const input = told + estimateTokens(since.map(({ content }) => JSON.stringify(content.blocks)).join(''));
  const output = mostAnswerTokens(config.maxTokens, config.thinking);
  // Writing a prompt to the provider's cache is the dearest way to send it.
  const usage = { input, cacheRead: 0, cacheWrite: input, output, reasoning: 0 };
  return { tokens: input + output, costMicros: costOf(config.model, usage) };
}
