import assert from 'node:assert/strict';
import fc from 'fast-check';
import { boundText } from '../../../src/webview/shared/bound-text.ts';
import { cutText, visibleLine, visibleText } from '../../../src/webview/shared/visible-text.ts';

describe('visible text', () => {
  const cases: [what: string, text: string, shown: string][] = [
    ['a terminal colour', '\u001b[31mred\u001b[0m', '\\x1b[31mred\\x1b[0m'],
    ['a terminal link', '\u001b]8;;https://example.com\u0007x', '\\x1b]8;;https://example.com\\x07x'],
    ['an 8-bit terminal sequence', '\u009b2J', '\\x9b2J'],
    ['a carriage return that overwrites', 'safe\rrm -rf', 'safe\\x0drm -rf'],
    ['a bidi override', 'user\u202enimda', 'user\\u202enimda'],
    ['bidi isolates', '\u2066a\u2069', '\\u2066a\\u2069'],
    ['zero width and a byte order mark', 'a\u200bb\ufeff', 'a\\u200bb\\ufeff'],
    ['tag characters', 'a\u{e0041}', 'a\\u{e0041}'],
    ['half a surrogate pair', 'a\ud800', 'a\\ud800'],
    ['a line separator', 'a\u2028b', 'a\\u2028b'],
  ];
  for (const [what, text, shown] of cases) {
    it(`[S12] writes out ${what}`, () => assert.equal(visibleText(text), shown));
  }

  it('leaves what people write as it is', () => {
    const text = 'Grüße, здравствуй, नमस्ते, 👩‍👩‍👧 שלום\n\tindented';
    assert.equal(visibleText(text), text);
    assert.equal(visibleText('a\r\nb'), 'a\nb');
  });

  it('[S12] changes nothing the second time, and leaves nothing hidden', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = visibleText(text);
        assert.equal(visibleText(shown), shown);
        assert.ok(shown.isWellFormed());
      }),
    );
  });

  it('makes one line of several', () => assert.equal(visibleLine('  a\n\n b\tc '), 'a b c'));

  it('cuts between characters', () => {
    assert.equal(cutText('abc', 3), 'abc');
    assert.equal(cutText('ab👍', 3), 'ab…');
  });
});

describe('bounded output', () => {
  it('shows short output whole', () => assert.deepEqual(boundText('a\nb\n'), { text: 'a\nb', isCut: false, lines: 2 }));

  it('cuts by lines, and not for a few lines more', () => {
    const lines = (count: number) => Array.from({ length: count }, (_, at) => `line ${at + 1}`).join('\n');
    assert.equal(boundText(lines(28)).isCut, false);
    const cut = boundText(lines(1000));
    assert.equal(cut.text.split('\n').length, 24);
    assert.equal(cut.lines, 1000);
  });

  it('cuts one line that is too long', () => {
    const cut = boundText('x'.repeat(100_000));
    assert.ok(cut.isCut && cut.text.length < 5000);
  });
});
