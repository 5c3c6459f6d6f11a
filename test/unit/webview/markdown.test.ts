import assert from 'node:assert/strict';
import fc from 'fast-check';
import { HOSTILE_TEXTS } from '../../../build/webview-preview/hostile-texts.ts';
import { renderMarkdown } from '../../../src/webview/shared/markdown.ts';

/** What markup may be made of before the page sanitises it once more. */
const TAG = /<\/?([a-z0-9]+)((?:\s+[a-z-]+="[^"<>]*")*)\s*>/g;
const TAGS = 'p br hr blockquote h1 h2 h3 h4 h5 h6 ul ol li pre code em strong s a table thead tbody tr th td'.split(
  ' ',
);
const ATTRIBUTES = ['role', 'tabindex', 'title', 'start', 'data-href', 'data-path', 'data-line'];

function assertHarmless(html: string, source: string): void {
  for (const [, tag = '', attributes = ''] of html.matchAll(TAG)) {
    assert.ok(TAGS.includes(tag), `<${tag}> from ${source}`);
    for (const [, name = '', value = ''] of attributes.matchAll(/\s([a-z-]+)="([^"]*)"/g)) {
      assert.ok(ATTRIBUTES.includes(name), `${name} from ${source}`);
      if (name === 'data-href') assert.match(value, /^https?:\/\//, source);
    }
  }
  // Whatever is no tag of ours has no angle bracket, so that no parser can see another.
  assert.doesNotMatch(html.replaceAll(TAG, ''), /[<>]/, source);
  assert.doesNotMatch(html, /(?![\n\t])[\p{Cc}\p{Bidi_Control}\u200b]/u, source);
}

describe('markdown of models', () => {
  for (const [at, text] of HOSTILE_TEXTS.entries()) {
    it(`[S12] makes nothing of hostile text ${at + 1} but text`, () => assertHarmless(renderMarkdown(text), text));
  }

  it('[S12] makes nothing else of any text, however it is put together', () => {
    const piece = fc.oneof(
      fc.constantFrom(...HOSTILE_TEXTS.slice(0, -2)),
      fc.string({ unit: 'binary', maxLength: 12 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const text = pieces.join('');
        assertHarmless(renderMarkdown(text), JSON.stringify(text));
      }),
      { numRuns: 300 },
    );
  });

  it('[S12] shows an image as its description and loads none', () => {
    assert.equal(renderMarkdown('![a cat](https://example.com/cat.png)'), '<p><em>[image: a cat]</em></p>\n');
  });

  it('[S12] keeps a web link’s address out of the link, and shows it', () => {
    const html = renderMarkdown('[here](https://example.com/a?b=1&c=2)');
    assert.equal(
      html,
      '<p><a role="link" tabindex="0" data-href="https://example.com/a?b=1&amp;c=2" title="https://example.com/a?b=1&amp;c=2">here</a></p>\n',
    );
  });

  it('[S12] shows the host that is written, not one that looks like it', () => {
    assert.match(renderMarkdown('https://xn--80ak6aa92e.com/'), />https:\/\/xn--80ak6aa92e\.com\/</);
  });

  it('makes links of bare web addresses and of nothing that only looks like one', () => {
    assert.match(renderMarkdown('see https://example.com/x.'), /data-href="https:\/\/example\.com\/x"/);
    for (const text of ['example.com', 'me@example.com', 'ftp://example.com/x', 'mailto:me@example.com']) {
      assert.doesNotMatch(renderMarkdown(text), /<a/, text);
    }
  });

  it('makes a file that code names one that opens', () => {
    assert.equal(
      renderMarkdown('`src/date.ts:18`'),
      '<p><a role="link" tabindex="0" data-path="src/date.ts" data-line="18"><code>src/date.ts:18</code></a></p>\n',
    );
    assert.equal(renderMarkdown('`Date.UTC`'), '<p><code>Date.UTC</code></p>\n');
  });

  it('keeps what markdown is for', () => {
    const html = renderMarkdown(
      '# Head\n\n- **bold** and *soft*\n\n| a |\n|--:|\n| 1 |\n\n```ts\nconst a = 1 < 2;\n```',
    );
    for (const part of [
      '<h1>Head</h1>',
      '<strong>bold</strong>',
      '<em>soft</em>',
      '<td>1</td>',
      'const a = 1 &lt; 2;',
    ]) {
      assert.ok(html.includes(part), `${part} in ${html}`);
    }
  });
});
