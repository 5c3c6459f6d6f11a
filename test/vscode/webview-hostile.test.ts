/** What hostile text does in a real page: nothing. The policy is the extension's, and a breach of it is a complaint. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { HOSTILE_TEXTS } from '../../build/webview-preview/hostile-texts.ts';
import { describeInBrowser, read } from '../support/webview-checks.ts';

/** Elements that no text of a model may become. */
const FORBIDDEN =
  'script, img, svg:not(.lanes svg), math, iframe, object, embed, form, style, link, video, audio, [href], [src], [style*="url"], [onerror], [onload], [onmouseover]';

async function assertHarmless(page: Page): Promise<void> {
  const found = await read<string[]>(
    page,
    `[...document.querySelectorAll('#root :is(${FORBIDDEN})')].map((element) => element.outerHTML)`,
  );
  assert.deepEqual(found, []);
  const links = await read<string[]>(
    page,
    `[...document.querySelectorAll('#root [data-href]')].map((link) => link.dataset.href)`,
  );
  for (const link of links) assert.match(link, /^https?:\/\//);
  assert.equal(await read(page, `typeof globalThis.owned`), 'undefined');
  const hidden = await read<string[]>(
    page,
    `[...document.getElementById('root').innerText.matchAll(/(?![\\n\\t])[\\p{Cc}\\p{Bidi_Control}]/gu)].map(String)`,
  );
  assert.deepEqual(hidden, []);
}

describeInBrowser('hostile text in a browser', [
  {
    title: '[S12] the ledger shows hostile text as text',
    address: '/ledger?data=hostile',
    height: 4000,
    width: 700,
    async run(page) {
      await assertHarmless(page);
      for (let at = 0; at < HOSTILE_TEXTS.length - 2; at += 1) {
        await page.keyboard.press(at === 0 ? 'Escape' : 'k');
        const row = page.locator(`.entry:has(.number-of:text-is("#${at + 1}"))`);
        if ((await row.count()) > 0) await row.click();
      }
      await page.waitForTimeout(200);
      assert.ok((await page.locator('.unfolded').count()) > 10);
      await assertHarmless(page);
    },
  },
  {
    title: '[S12] the focus editor shows hostile text as text',
    address: '/focus?data=hostile',
    height: 2000,
    async run(page) {
      await page.click('.step:has(.turn-number:text-is("1"))');
      await page.waitForTimeout(150);
      for (const head of await page.locator('.call-head').all()) await head.click();
      await page.waitForTimeout(150);
      for (const turn of [4, 6, 7]) {
        await page.click(`.step:has(.turn-number:text-is("${turn}")) .twistie`);
        await page.click(`.step:has(.turn-number:text-is("${turn}"))`);
        const article = page.locator(`.article[data-key="turn:${turn}"]`);
        for (const folded of ['.call-head[aria-expanded="false"]', '.text-button[aria-expanded="false"]']) {
          while ((await article.locator(folded).count()) > 0) await article.locator(folded).first().click();
        }
        const inside = (what: string) => article.locator(what).count();
        const isEdit = turn === 6;
        assert.ok((await inside(isEdit ? '.diff-line' : '.hook-runs .plain-text')) > 0, `turn ${turn} shows its own`);
        await page.waitForTimeout(100);
        await assertHarmless(page);
      }
      await assertHarmless(page);
      await page.click('text=JSON');
      await assertHarmless(page);
    },
  },
  {
    title: '[S12] the sanitiser lets nothing through even where markup was let in before it',
    address: '/sanitizer',
    // The parser says so of what is taken out, which the policy would have stopped as well.
    expected: /Content Security Policy/,
    async run(page) {
      for (const html of [
        ...HOSTILE_TEXTS,
        '<a role="link" data-href="https://example.com" onclick="owned=1" style="x" class="button" id="root">x</a>',
      ]) {
        await read(
          page,
          `document.getElementById('root').replaceChildren(globalThis.sanitize(${JSON.stringify(html)}))`,
        );
        const found = await read<string[]>(
          page,
          `[...document.querySelectorAll('#root :is(${FORBIDDEN}, [class], [id], [style], [onclick])')].map((element) => element.outerHTML)`,
        );
        assert.deepEqual(found, [], html);
      }
      await page.waitForTimeout(100);
      assert.equal(await read(page, `typeof globalThis.owned`), 'undefined');
    },
  },
]);
