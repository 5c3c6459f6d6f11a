import assert from 'node:assert/strict';
import { showProviders, showTest } from '../../../src/host/cli/commands/model.ts';
import type { Terminal } from '../../../src/host/cli/terminal.ts';
import type { ListedModelView, ModelTest, ProviderView } from '../../../src/protocol/models.ts';

const TERMINAL: Terminal = { out: () => undefined, note: () => undefined, paint: (_style, text) => text, width: 120 };

const model = (name: string, more: Partial<ListedModelView> = {}): ListedModelView => {
  return { name, label: null, context_tokens: null, price: null, is_default: false, usable: true, ...more };
};
const provider = (name: string, more: Partial<ProviderView> = {}): ProviderView => {
  const facts = { kind: 'cloud' as const, credential: null, address: null, missing: null };
  return { name, title: name, ...facts, models: [], more: false, ...more };
};
const missing = { kind: 'key' as const, message: 'There is no key.', next: 'Set X_KEY.', command: null };

describe('the models in a terminal', () => {
  it('stand under who can be asked, with context and price; then comes what is missing for the others', () => {
    const text = showProviders(
      TERMINAL,
      [
        provider('x', { title: 'X', missing, models: [model('x/known')] }),
        provider('a', {
          ...{ title: 'A', address: 'https://a.example', more: true },
          models: [
            model('a/one', { context_tokens: 1_000_000, price: { input: 2, output: 10 }, is_default: true }),
            model('a/second', { context_tokens: 128_000, label: 'The Second' }),
            model('a/three'),
          ],
        }),
        provider('b', { title: 'B' }),
      ],
      2,
    );
    assert.deepEqual(text.split('\n'), [
      'A  https://a.example',
      '  a/one     1M context    $2 in, $10 out per million  default',
      '  a/second  128k context                              The Second',
      '  … 1 more: animus model list a',
      '',
      'B',
      '  It lists no models: name one as its own pages do.',
      '',
      'What is missing for the others',
      '  X  There is no key. Set X_KEY.',
    ]);
  });

  it('of one provider are all there are, also of one that cannot be asked', () => {
    const text = showProviders(TERMINAL, [provider('x', { title: 'X', missing, models: [model('x/known')] })], 99);
    assert.deepEqual(text.split('\n'), ['X', '  There is no key. Set X_KEY.', '  x/known']);
  });

  it('[S12] cannot steer it', () => {
    const evil = 'a\u001b[2J\u202eb';
    const text = showProviders(TERMINAL, [provider('a', { title: evil, models: [model(evil, { label: evil })] })], 9);
    assert.equal(text.includes('\u001b') || text.includes('\u202e'), false);
  });
});

describe('the test of a model in a terminal', () => {
  const tested: ModelTest = {
    ...{ model: 'a/one', error: null, text: 'I am ready.', pieces: 4, first_piece_ms: 210, total_ms: 900 },
    ...{ usage: { input: 20, output: 6, estimated: false }, cost_usd: 0.0001 },
  };

  it('says what it said, how fast and in how many pieces, and what that cost', () => {
    assert.deepEqual(showTest(TERMINAL, tested).split('\n'), [
      'answers  a/one',
      '  I am ready.',
      '  first text after 210 ms · 4 pieces · 900 ms in all · 20 tokens in, 6 out · $0.000100',
    ]);
    const guessed = { ...tested, usage: { input: 20, output: 6, estimated: true }, cost_usd: null };
    assert.match(showTest(TERMINAL, guessed), /about 20 tokens in, about 6 out · cost unknown/);
  });

  it('says what is wrong, and what to do', () => {
    const error = { kind: 'auth', message: 'There is no key for A.', next: 'Set A_KEY.', waits: true };
    assert.deepEqual(showTest(TERMINAL, { ...tested, error }).split('\n'), [
      'failed  a/one  auth',
      '  There is no key for A.',
      '  Set A_KEY.',
    ]);
  });
});
