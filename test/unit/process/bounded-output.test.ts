import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BoundedOutput, wholeCharacters } from '../../../src/host/process/bounded-output.ts';

function capture(limit: number, ...chunks: (string | Buffer)[]) {
  const output = new BoundedOutput(limit);
  for (const chunk of chunks) output.write(Buffer.from(chunk));
  return output.capture();
}

describe('BoundedOutput', () => {
  it('keeps what fits as it is', () => {
    assert.deepEqual(capture(10, 'abc', '', 'defghij'), { text: 'abcdefghij', totalBytes: 10, omittedBytes: 0 });
    assert.deepEqual(capture(10), { text: '', totalBytes: 0, omittedBytes: 0 });
  });

  it('keeps head and tail of what does not fit, however it is cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{0,9}$/)), fc.integer({ min: 2, max: 30 }), (chunks, limit) => {
        const whole = chunks.join('');
        const { text, totalBytes, omittedBytes } = capture(limit, ...chunks);
        assert.equal(totalBytes, whole.length);
        assert.equal(omittedBytes, Math.max(0, whole.length - limit));
        const head = Math.floor(limit / 2);
        const expected =
          omittedBytes === 0
            ? whole
            : `${whole.slice(0, head)}\n[${omittedBytes} bytes left out]\n${whole.slice(head - limit)}`;
        assert.equal(text, expected);
      }),
    );
  });

  it('cuts no character in two', () => {
    const { text, omittedBytes } = capture(12, '€€€€', '€€€€');
    assert.equal(text, '€€\n[12 bytes left out]\n€€');
    assert.equal(omittedBytes, 12);
    assert.equal(capture(14, '€€€€', '€€€€').text, '€€\n[12 bytes left out]\n€€');
  });

  it('counts whole characters only', () => {
    for (const [bytes, whole] of [
      [[], 0],
      [[0x61], 1],
      [[0x61, 0xe2, 0x82], 1],
      [[0xe2, 0x82, 0xac], 3],
      [[0x61, 0xf0, 0x9f, 0x98], 1],
      [[0xf0, 0x9f, 0x98, 0x80], 4],
      [[0x80, 0x80], 2],
    ] as const) {
      assert.equal(wholeCharacters(Buffer.from(bytes)), whole);
    }
  });

  it('refuses a limit that keeps nothing', () => {
    for (const limit of [0, 1, -5, 2.5, Number.NaN]) assert.throws(() => new BoundedOutput(limit), RangeError);
  });
});
