import assert from 'node:assert/strict';
import { contextTokens } from '../../../src/host/llm/context-sizes.ts';
import { costMicros, createCostOf } from '../../../src/host/llm/prices.ts';
import { DEFAULT_MODEL } from '../../../src/host/llm/resolve.ts';
import type { Usage } from '../../../src/host/llm/types.ts';

const USAGE: Usage = { input: 1000, cacheRead: 600, cacheWrite: 100, output: 50, reasoning: 10 };

describe('costs', () => {
  it('count each part of the prompt at its own price, and reasoning once', () => {
    // 300 · 3 + 100 · 3.75 + 600 · 0.3 + 50 · 15
    assert.equal(costMicros('claude-sonnet-4-6', USAGE), 2205);
  });

  it('know a model by its full name and with its date', () => {
    assert.equal(costMicros('anthropic/claude-sonnet-4-5-20250929', USAGE), 2205);
    assert.notEqual(costMicros(DEFAULT_MODEL, USAGE), null);
  });

  it('change with the length of the prompt where the list does', () => {
    const of = (input: number) =>
      costMicros('claude-haiku-5-5', { ...USAGE, input, cacheRead: 0, cacheWrite: 0, output: 0 });
    assert.equal(of(100_000), 10_000);
    assert.equal(of(100_001), 50_001);
  });

  it('are unknown, not zero, for models without a price', () => {
    for (const model of ['claude-of-tomorrow', 'openai/gpt', 'constructor', ''])
      assert.equal(costMicros(model, USAGE), null);
  });

  it('are those of OpenAI whichever of its ways is asked, and grow with the prompt', () => {
    // 300 · 2 + 100 · 2.5 + 600 · 0.1 + 50 · 10
    assert.equal(costMicros('openai/gpt-6.2-sol', USAGE), 1410);
    assert.equal(costMicros('openai-responses/gpt-6.2-sol', USAGE), 1410);
    const long = { ...USAGE, input: 300_000, cacheRead: 0, cacheWrite: 0, output: 100 };
    assert.equal(costMicros('openai/gpt-6.2-sol', long), 300_000 * 4 + 100 * 15);
    assert.equal(costMicros('openrouter/gpt-6.2-sol', USAGE), null, 'who sells it sets the price');
  });

  it("are by one's own prices before the lists", () => {
    const own = { input: 1, cacheRead: 0.5, cacheWrite: 2, output: 4 };
    const costOf = createCostOf(
      new Map([
        ['ollama/mine', own],
        ['openai/gpt-6.2-sol', { ...own, output: 0 }],
      ]),
    );
    assert.equal(costOf('ollama/mine', USAGE), 300 + 200 + 300 + 200);
    assert.equal(costOf('openai/gpt-6.2-sol', USAGE), 800);
    assert.equal(costOf('anthropic/claude-sonnet-4-6', USAGE), 2205);
    assert.equal(costOf('ollama/another', USAGE), null);
  });

  it('are nothing for a script', () => {
    assert.equal(costMicros('scripted/demo', USAGE), 0);
  });
});

describe('context sizes', () => {
  it('are known of others by the full name', () => {
    assert.equal(contextTokens('openai-responses/gpt-6.2-sol'), 1_050_000);
    assert.equal(contextTokens('deepseek/deepseek-flash'), 1_000_000);
    assert.equal(contextTokens('gpt-6.2-sol'), null);
  });

  it('know a model by its full name and with its date', () => {
    assert.equal(contextTokens('anthropic/claude-sonnet-4-5-20250929'), 200_000);
    assert.equal(contextTokens('claude-sonnet-4-6'), 1_000_000);
    assert.notEqual(contextTokens(DEFAULT_MODEL), null);
  });

  it('are unknown for models that are not listed, and for a script', () => {
    for (const model of ['claude-of-tomorrow', 'openai/gpt', 'scripted/demo', 'constructor', ''])
      assert.equal(contextTokens(model), null);
  });
});
