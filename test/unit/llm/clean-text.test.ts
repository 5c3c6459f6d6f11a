import assert from 'node:assert/strict';
import { cleanText, hideKey, mapStrings } from '../../../src/host/llm/clean-text.ts';

describe('clean text', () => {
  it('shows where a NUL or half a character was', () => {
    assert.equal(cleanText('a\0b\ud83d🙂'), 'a\uFFFDb\uFFFD🙂');
  });

  it('changes strings at any depth, and the names of members', () => {
    const value = { a: ['b', 1, null, { c: true }] };
    assert.deepEqual(
      mapStrings(value, (text) => text.toUpperCase()),
      { A: ['B', 1, null, { C: true }] },
    );
  });

  it('keeps a member named __proto__ a member', () => {
    const mapped = mapStrings(JSON.parse('{"__proto__":{"isAdmin":true}}'), (text) => text);
    assert.ok(Object.hasOwn(mapped as object, '__proto__'));
    assert.equal((mapped as { isAdmin?: boolean }).isAdmin, undefined);
  });

  it('hides a key wherever it stands, and leaves alone what is too short for one', () => {
    assert.equal(
      hideKey('sk-0123456789, sk-0123456789', 'sk-0123456789', 'anthropic'),
      '[redacted:anthropic_key], [redacted:anthropic_key]',
    );
    assert.equal(hideKey('none of it', 'none', 'anthropic'), 'none of it');
  });
});
