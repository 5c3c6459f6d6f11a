import assert from 'node:assert/strict';
import { findRepetition, type MadeCall } from '../../../src/host/engine/engage/repetition.ts';

/** A turn for each word: its calls by letter, `!` for one that failed, `~` for one that may have waited. */
function calls(turns: string): MadeCall[] {
  return turns.split(' ').flatMap((word, at) =>
    [...word.matchAll(/([a-z])([!~]*)/g)].map(([, letter = '', marks = '']): MadeCall => {
      return { turn: at + 1, name: letter, hash: letter, isError: marks.includes('!'), mayWait: marks.includes('~') };
    }),
  );
}

describe('what goes round in circles', () => {
  for (const [turns, expected] of [
    ['', 'none'],
    ['a', 'none'],
    ['a a', 'none'],
    ['a a a', 'warn'],
    ['b a a a', 'warn'],
    ['a a a b', 'none'],
    ['a a a a a', 'warn'],
    ['a a a a a a', 'stuck'],
    ['a a a a a a a', 'stuck'],
    // Pairs.
    ['a b a b', 'none'],
    ['a b a b a b', 'warn'],
    ['b a b a b', 'none'],
    ['a b a b a b a b a b', 'warn'],
    ['a b a b a b a b a b a b', 'stuck'],
    ['ab ab ab', 'warn'],
    ['ab ab ab ab ab ab', 'stuck'],
    ['a b a b a c', 'none'],
    // Equal calls of one turn are one.
    ['aaaaaaaa', 'none'],
    ['aa aa', 'none'],
    ['aa aa aa', 'warn'],
    // Errors, by turns.
    ['a! b! c!', 'warn'],
    ['a! b! c! d! e! f!', 'stuck'],
    ['a!b!c!d!e!f!', 'none'],
    ['a! b!c c!', 'none'],
    ['a! b! c!d', 'none'],
    // What waits for others is another thing each time.
    ['a~ a~ a~ a~ a~ a~ a~', 'none'],
    ['a a b~ a a', 'none'],
    ['a! b! c!~', 'none'],
  ] as const) {
    it(`${turns === '' ? 'nothing at all' : turns}: ${expected}`, () => {
      assert.equal(findRepetition(calls(turns)).kind, expected);
    });
  }

  it('tells other arguments apart, and says what is repeated and how often', () => {
    const same = calls('a a a');
    assert.equal(findRepetition(same.map((call, at) => ({ ...call, hash: String(at) }))).kind, 'none');
    assert.deepEqual(findRepetition(same), {
      kind: 'warn',
      what: 'the same call of a has been made, with the same arguments, 3 times running',
    });
    const pairs = findRepetition(calls('a b a b a b'));
    assert.deepEqual(pairs, {
      kind: 'warn',
      what: 'the same two calls, a and b, have been made in turns 3 times running',
    });
  });
});
