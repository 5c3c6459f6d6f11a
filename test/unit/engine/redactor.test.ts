import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Redactor } from '../../../src/host/engine/redaction/redactor.ts';

function redactorOf(secrets: Record<string, string>): Redactor {
  const redactor = new Redactor();
  for (const [name, value] of Object.entries(secrets)) redactor.add(name, value);
  return redactor;
}

function streamed(redactor: Redactor, pieces: readonly string[]): string {
  const stream = redactor.stream();
  return pieces.map((piece) => stream.push(piece)).join('') + stream.end();
}

const KEY = 'sk-ant-0123456789';

describe('Redactor', () => {
  it('[S15] replaces values wherever they stand, and names them', () => {
    const redactor = redactorOf({ anthropic: KEY, pass: 'hunter2hunter2' });
    assert.equal(
      redactor.text(`a ${KEY}${KEY} b hunter2hunter2`),
      'a [redacted:anthropic][redacted:anthropic] b [redacted:pass]',
    );
    assert.equal(redactor.text('nothing here'), 'nothing here');
    assert.equal(new Redactor().text(KEY), KEY);
  });

  it('leaves values under eight characters alone', () => {
    const redactor = redactorOf({ seven: 'abcdefg', eight: 'zyxwvuts' });
    assert.equal(redactor.text('abcdefg zyxwvuts'), 'abcdefg [redacted:eight]');
  });

  it('[S15] knows the forms in which a value turns up again', () => {
    const value = 'p/ss w"rd\\&+ü';
    const redactor = redactorOf({ key: value });
    for (const form of [
      value,
      encodeURIComponent(value),
      Buffer.from(value).toString('base64'),
      Buffer.from(value).toString('base64').replace(/=+$/, ''),
      JSON.stringify(value).slice(1, -1),
    ]) {
      const text = redactor.text(`<${form}>`);
      assert.ok(/^<\[redacted:key\]=*>$/.test(text), `${form} became ${text}`);
    }
  });

  it('takes what means something in a pattern for what it is', () => {
    const value = 'a.c*(d)[e]{2}^$|\\?+/-';
    assert.equal(redactorOf({ odd: value }).text(`x${value}y`), 'x[redacted:odd]y');
    assert.equal(redactorOf({ odd: 'a.c.e.g.' }).text('abcdefgh'), 'abcdefgh');
  });

  it('[S15] redacts every string of a JSON value, names of members too', () => {
    const redactor = redactorOf({ key: KEY });
    const value = { [KEY]: [`is ${KEY}`, 1, null, { deep: KEY }], plain: true };
    assert.deepEqual(redactor.json(value), {
      '[redacted:key]': ['is [redacted:key]', 1, null, { deep: '[redacted:key]' }],
      plain: true,
    });
  });

  it('makes text storable: no NUL, no halves of characters', () => {
    const redactor = redactorOf({ key: KEY });
    assert.equal(redactor.text(`a\0b\ud800c\udc00 😀 ${KEY}`), 'a\uFFFDb\uFFFDc\uFFFD 😀 [redacted:key]');
    assert.deepEqual(redactor.json({ 'a\0': '\udfff' }), { 'a\uFFFD': '\uFFFD' });
  });

  it('takes a value that is itself no well-formed text', () => {
    const redactor = redactorOf({ odd: 'half\ud800half', nul: 'with\0in it' });
    assert.equal(redactor.text('<half\ud800half> <with\0in it>'), '<[redacted:odd]> <[redacted:nul]>');
  });

  it('[S15] leaves no part of secrets that contain, begin, end or overlap each other', () => {
    const redactor = redactorOf({ short: 'abcdefgh', long: 'abcdefghijkl', inner: 'cdefghij', tail: 'ijklmnop' });
    assert.equal(redactor.text('<abcdefghijkl>'), '<[redacted:long]>');
    assert.equal(redactor.text('<abcdefgh>'), '<[redacted:short]>');
    const overlapping = redactor.text('<abcdefghijklmnop>');
    assert.doesNotMatch(overlapping, /[a-p]{4}(?![^[]*\])/, overlapping);
    assert.match(overlapping, /^<\[redacted:\w+\]>$/);
  });

  it('[S15] redacts a stream as the whole, wherever it is cut in two', () => {
    const redactor = redactorOf({ short: 'abcdefgh', long: 'abcdefghijkl', tail: 'ijklmnop', key: KEY });
    const texts = [
      `x ${KEY} y`,
      'abcdefgh and',
      'abcdefghijkl',
      'abcdefghijklmnop',
      `${KEY}${KEY}`,
      'sk-ant-01 no secret',
      'abcdefg',
    ];
    for (const text of texts) {
      for (let at = 0; at <= text.length; at += 1) {
        assert.equal(streamed(redactor, [text.slice(0, at), text.slice(at)]), redactor.text(text));
      }
    }
  });

  it('[S15] redacts a stream as the whole, whatever the secrets, the text and its pieces', () => {
    // Pieces of one word make secrets that contain and overlap each other, and texts full of their beginnings.
    const slice = (minLength: number) =>
      fc.tuple(fc.nat(24 - minLength), fc.integer({ min: minLength, max: 24 })).map(([from, length]) => {
        return 'abcabcabdabcabcabeabcabd'.slice(from, from + length);
      });
    fc.assert(
      fc.property(fc.array(slice(8), { maxLength: 4 }), fc.array(slice(0), { maxLength: 8 }), (secrets, pieces) => {
        const long = secrets.filter(({ length }) => length >= 8);
        const redactor = redactorOf(Object.fromEntries(long.map((secret, at) => [`s${at}`, secret])));
        const whole = redactor.text(pieces.join(''));
        assert.equal(streamed(redactor, pieces), whole);
        const shown = whole.replaceAll(/\[redacted:s\d\]/g, '|');
        for (const secret of long) assert.ok(!shown.includes(secret));
      }),
      { numRuns: 2000 },
    );
  });

  it('holds back no more of a stream than could be the beginning of a secret', () => {
    const stream = redactorOf({ key: KEY }).stream();
    assert.equal(stream.push('Hello, s'), 'Hello, ');
    assert.equal(stream.push('ir. '), 'sir. ');
    assert.equal(stream.push(KEY), '[redacted:key]');
    assert.equal(stream.push('sk-ant-'), '');
    assert.equal(stream.end(), 'sk-ant-');
  });
});
