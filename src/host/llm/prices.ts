/**
 * List prices of Anthropic's models, in USD per million tokens, as their pricing page had them on 24 October 2026. Cache
 * writes are those that last five minutes, the only ones that are asked for. Models whose price is not known for sure are
 * left out: no price means that the cost is unknown, never that it is zero.
 */
import { listedName } from './context-sizes.ts';
import type { Usage } from './types.ts';

export type Price = { input: number; cacheWrite: number; cacheRead: number; output: number };

type ListPrice = Price & {
  /** Holds for every token of a request whose whole prompt is over so many tokens. */
  longPrompt?: Price & { overTokens: number };
};

const OPUS: ListPrice = { input: 5, cacheWrite: 6.25, cacheRead: 0.5, output: 25 };
const SONNET_4: ListPrice = { input: 3, cacheWrite: 3.75, cacheRead: 0.3, output: 15 };

const PRICES: { readonly [model: string]: ListPrice } = {
  'claude-opus-5-5': { input: 4, cacheWrite: 5, cacheRead: 0.2, output: 20 },
  'claude-opus-5': OPUS,
  'claude-opus-4-8': OPUS,
  'claude-opus-4-7': OPUS,
  'claude-opus-4-6': OPUS,
  'claude-opus-4-5': OPUS,
  'claude-sonnet-5-5': { input: 2, cacheWrite: 2.5, cacheRead: 0.1, output: 10 },
  'claude-sonnet-5': { input: 2, cacheWrite: 2.5, cacheRead: 0.2, output: 10 },
  'claude-sonnet-4-6': SONNET_4,
  'claude-sonnet-4-5': SONNET_4,
  'claude-haiku-5-5': {
    ...{ input: 0.1, cacheWrite: 0.125, cacheRead: 0.01, output: 0.5 },
    longPrompt: { overTokens: 100_000, input: 0.5, cacheWrite: 0.625, cacheRead: 0.05, output: 2.5 },
  },
  'claude-haiku-4-5': { input: 1, cacheWrite: 1.25, cacheRead: 0.1, output: 5 },
};

/**
 * Those of OpenAI's models, as its model pages and public catalogues had them in November 2026. A request whose prompt is over
 * 272,000 tokens costs twice the input and one and a half times the output, for all of its tokens.
 */
const PRICES_OF_OPENAI: { readonly [model: string]: ListPrice } = {
  'openai/gpt-6.2-sol': withLongPrompt({ input: 2, cacheWrite: 2.5, cacheRead: 0.1, output: 10 }),
  'openai/gpt-6.1-sol': withLongPrompt({ input: 2, cacheWrite: 2.5, cacheRead: 0.1, output: 10 }),
  'openai/gpt-6-sol': withLongPrompt({ input: 2, cacheWrite: 2.5, cacheRead: 0.2, output: 10 }),
  'openai/gpt-6-luna': withLongPrompt({ input: 0.1, cacheWrite: 0.125, cacheRead: 0.01, output: 0.5 }),
  'openai/gpt-6-astra': withLongPrompt({ input: 10, cacheWrite: 12.5, cacheRead: 1, output: 50 }),
};

function withLongPrompt(price: Price): ListPrice {
  const { input, cacheWrite, cacheRead, output } = price;
  const longPrompt = { input: input * 2, cacheWrite: cacheWrite * 2, cacheRead: cacheRead * 2, output: output * 1.5 };
  return { ...price, longPrompt: { ...longPrompt, overTokens: 272_000 } };
}

/** What one response cost, in whole micro-dollars; null where it is unknown. */
export type CostOf = (model: string, usage: Usage) => number | null;

/** Costs by one's own prices, which are under a model's full name, then by the lists. */
export function createCostOf(own: ReadonlyMap<string, Price>): CostOf {
  return (model, usage) => {
    const price = own.get(model);
    return price === undefined ? costMicros(model, usage) : countCost(price, usage);
  };
}

/**
 * What one response cost, in whole micro-dollars; null where the price is unknown. `model` may have its provider's prefix
 * and a date at its end. A script costs nothing, and that is known.
 */
export function costMicros(model: string, usage: Usage): number | null {
  if (model.startsWith('scripted/')) return 0;
  const listed = priceOf(model);
  if (listed === undefined) return null;
  return countCost(listed, usage);
}

function countCost(listed: ListPrice, usage: Usage): number {
  const { longPrompt } = listed;
  const price = longPrompt !== undefined && usage.input > longPrompt.overTokens ? longPrompt : listed;
  const uncached = Math.max(0, usage.input - usage.cacheRead - usage.cacheWrite);
  // A dollar per million tokens is a micro-dollar per token.
  return Math.round(
    uncached * price.input +
      usage.cacheWrite * price.cacheWrite +
      usage.cacheRead * price.cacheRead +
      usage.output * price.output,
  );
}

/** Undefined where it is unknown. */
export function priceOf(model: string): ListPrice | undefined {
  const id = listedName(model);
  if (Object.hasOwn(PRICES_OF_OPENAI, id)) return PRICES_OF_OPENAI[id];
  return Object.hasOwn(PRICES, id) ? PRICES[id] : undefined;
}
