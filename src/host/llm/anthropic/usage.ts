import type { Usage } from '../types.ts';
import type { WireUsage } from './wire.ts';

/** The counts as the provider gives them; null until it gave one. */
export type TokenCounts = {
  uncached: number | null;
  cacheWrite: number | null;
  cacheRead: number | null;
  output: number | null;
  reasoning: number | null;
};

export const NO_TOKENS: TokenCounts = {
  uncached: null,
  cacheWrite: null,
  cacheRead: null,
  output: null,
  reasoning: null,
};

/** Each report counts from the start of the response, so it replaces the one before; null says nothing. */
export function updateCounts(counts: TokenCounts, wire: WireUsage): TokenCounts {
  return {
    uncached: wire.input_tokens ?? counts.uncached,
    cacheWrite: wire.cache_creation_input_tokens ?? counts.cacheWrite,
    cacheRead: wire.cache_read_input_tokens ?? counts.cacheRead,
    output: wire.output_tokens ?? counts.output,
    reasoning: wire.output_tokens_details?.thinking_tokens ?? counts.reasoning,
  };
}

/** The provider counts the prompt in three parts; our `input` is all of it. */
export function toUsage(counts: TokenCounts): Usage {
  const cacheRead = counts.cacheRead ?? 0;
  const cacheWrite = counts.cacheWrite ?? 0;
  return {
    input: (counts.uncached ?? 0) + cacheRead + cacheWrite,
    cacheRead,
    cacheWrite,
    output: counts.output ?? 0,
    reasoning: counts.reasoning ?? 0,
  };
}
