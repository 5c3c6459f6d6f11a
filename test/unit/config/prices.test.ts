import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findAssets } from '../../../src/host/config/assets.ts';
import { loadConfig } from '../../../src/host/config/config.ts';
import { createModels } from '../../../src/host/models.ts';

describe('prices of a configuration', () => {
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), 'animus-prices-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  function load(text: string) {
    writeFileSync(path.join(home, 'config.toml'), text);
    return loadConfig(home, {});
  }

  it('are what the models of the host cost, caches as the rest of the prompt where nothing is said', () => {
    const config = load('[prices."mine/model-1.5"]\ninput = 2\noutput = 10\ncache_read = 0.5\n');
    const nobody = { ask: async () => assert.fail('no window is asked'), has: () => false };
    const { costOf } = createModels(config, findAssets('/nowhere', true), nobody);
    const usage = { input: 1000, cacheRead: 600, cacheWrite: 100, output: 50, reasoning: 0 };
    assert.equal(costOf('mine/model-1.5', usage), 300 * 2 + 600 * 0.5 + 100 * 2 + 50 * 10);
    assert.equal(costOf('mine/model-1.6', usage), null);
  });

  it('are refused with line and key where they are none', () => {
    for (const [text, expected] of [
      ['[prices."model"]\ninput = 2\noutput = 1\n', ':1: prices.model: '],
      ['[prices."a/b"]\ninput = 2\n', ':1: prices.a/b.output: missing; expected number'],
      ['[prices."a/b-1.5"]\ninput = -1\noutput = 1\n', ':2: prices.a/b-1.5.input: Too small'],
      ['[prices."a/b"]\ninput = "2"\noutput = 1\n', ':2: prices.a/b.input: Invalid input: expected number'],
      ['[prices."a/b"]\ninput = 2\noutput = 1\ncached = 1\n', ':4: prices.a/b.cached: there is no such key'],
    ] as const) {
      assert.throws(
        () => load(text),
        (error: Error) => {
          assert.ok(error.message.includes(expected), error.message);
          return true;
        },
      );
    }
  });
});
