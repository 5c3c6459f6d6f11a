import assert from 'node:assert/strict';
import { contextTokens } from '../../../src/host/llm/context-sizes.ts';
import { costMicros } from '../../../src/host/llm/prices.ts';
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

  it('are nothing for a script', () => {
    assert.equal(costMicros('scripted/demo', USAGE), 0);
  });
});

describe('context sizes', () => {
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
