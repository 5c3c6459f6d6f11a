import assert from 'node:assert/strict';
import { createModelCatalogue, DEFAULT_MODEL, parseModelName } from '../../../src/host/llm/resolve.ts';
import type { LlmClient } from '../../../src/host/llm/types.ts';

describe('names of models', () => {
  const names: [text: string, provider: string | undefined, model?: string][] = [
    ['anthropic/claude-x', 'anthropic', 'claude-x'],
    ['openai-compatible/org/model:7b', 'openai-compatible', 'org/model:7b'],
    ['scripted//home/someone/a script.yaml', 'scripted', '/home/someone/a script.yaml'],
    [' anthropic/claude-x ', 'anthropic', 'claude-x'],
    ['claude-x', undefined],
    ['/claude-x', undefined],
    ['anthropic/', undefined],
    ['', undefined],
  ];
  for (const [text, provider, model] of names) {
    it(`reads "${text}"`, () => {
      const parsed = parseModelName(text);
      if (provider === undefined) assert.equal(parsed.kind, 'invalid');
      else assert.deepEqual(parsed, { kind: 'name', provider, model });
    });
  }

  it('find their client, or say which providers there are', () => {
    const client: LlmClient = { provider: 'anthropic', stream: () => assert.fail('not asked') };
    const catalogue = createModelCatalogue([client, { ...client, provider: 'scripted' }]);
    assert.deepEqual(catalogue.providers, ['anthropic', 'scripted']);
    assert.deepEqual(catalogue.find('anthropic/claude-x'), { kind: 'found', client, model: 'claude-x' });
    assert.equal(catalogue.find('claude-x').kind, 'invalid');
    assert.deepEqual(catalogue.find('gemini/x'), {
      kind: 'unknown_provider',
      provider: 'gemini',
      message: 'No provider is named "gemini"; there are anthropic, scripted.',
    });
    assert.equal(catalogue.find(DEFAULT_MODEL).kind, 'found');
  });
});
