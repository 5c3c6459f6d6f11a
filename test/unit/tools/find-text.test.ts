/**
 * Finding a piece in a text: the right places, and in time that grows with the lengths alone. Where both are large the naive ways
 * would take minutes, which the time-out of a test is far below.
 */
import assert from 'node:assert/strict';
import { lineAt, lineOfLoose, placesOf } from '../../../src/host/engine/tools/find-text.ts';

const MILLION = 1024 * 1024;
const MILLIONS = 4 * MILLION;

function placesByIndexOf(text: string, piece: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(piece); at >= 0; at = text.indexOf(piece, at + piece.length)) places.push(at);
  return places;
}

/** Every text of so many letters of two. */
function* textsOf(length: number): Generator<string> {
  for (let bits = 0; bits < 2 ** length; bits += 1) yield bits.toString(2).padStart(length, '0');
}

describe('finding a piece in a text', () => {
  it('gives the places that indexOf gives, for every short text and piece', () => {
    for (const text of textsOf(9)) {
      for (let length = 1; length <= 5; length += 1) {
        for (const piece of textsOf(length)) assert.deepEqual(placesOf(text, piece), placesByIndexOf(text, piece));
      }
    }
    assert.deepEqual(placesOf('a\u{1f600}b\u{1f600}', '\u{1f600}'), [1, 4]);
    assert.deepEqual([placesOf('', 'a'), placesOf('a', 'aa'), placesOf('a', '')], [[], [], []]);
  });

  it('takes no longer where both repeat themselves', () => {
    const text = 'a'.repeat(MILLIONS);
    const half = 'a'.repeat(MILLION);
    for (const piece of [`${half}b${half}`, `b${half}${half}`, `${half}${half}b`]) {
      assert.deepEqual(placesOf(text, piece), []);
    }
    assert.deepEqual(placesOf(`${text}b${half}`, `${half}b${half}`), [MILLIONS - MILLION]);
  });

  it('names the line of a place, and of what is there but for its white space', () => {
    const text = 'one\n\n  two\t three\r\nfour  five\n';
    assert.deepEqual(
      [lineAt(text, 0), lineAt(text, text.indexOf('two')), lineAt(text, text.indexOf('five'))],
      [1, 3, 4],
    );
    assert.equal(lineOfLoose(text, ' two three'), 3);
    assert.equal(lineOfLoose(text, 'four five\n\n'), 4);
    assert.equal(lineOfLoose(text, 'one two\nthree'), 1);
    assert.equal(lineOfLoose(text, 'wo th'), 3);
    assert.equal(lineOfLoose(text, 'onetwo'), undefined);
    assert.equal(lineOfLoose(text, ' \n '), undefined);
  });

  it('takes no longer for white space, however much of it there is', () => {
    const text = '0 '.repeat(MILLIONS / 2);
    assert.equal(lineOfLoose(text, `${'0 '.repeat(100_000)}1`), undefined);
    assert.equal(lineOfLoose(`${text}\n${'0 '.repeat(50_000)}1`, `${'0  '.repeat(100_000)}1`), 1);
    assert.equal(lineOfLoose(`${' \n'.repeat(MILLIONS / 2)}0\t1`, '0 1'), MILLIONS / 2 + 1);
  });
});
