/** The Ledger view in a browser. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { sampleId, smallLedger } from '../../build/webview-preview/sample-ledger.ts';
import { describeInBrowser, posted, read, send } from '../support/webview-checks.ts';

const SMALL = '/ledger?data=small&scope=1&behind=panel';
const LIST = `document.querySelector('.virtual')`;

const isAtEnd = (page: Page) =>
  read<boolean>(page, `${LIST}.scrollTop + ${LIST}.clientHeight >= ${LIST}.scrollHeight - 2`);
const follows = (page: Page) =>
  read<boolean>(page, `document.querySelector('[title="Follow ( f )"]').ariaPressed === 'true'`);
const active = (page: Page) =>
  read<string | null>(page, `document.querySelector('.virtual-row.active')?.ariaLabel ?? null`);
const shown = (page: Page) => read<number>(page, `document.querySelectorAll('.entry').length`);

function nextEntry(seq: number, content = 'One more finding') {
  const last = smallLedger().entries.at(-1);
  const id = `ffffffff-0000-7000-8000-${String(seq).padStart(12, '0')}`;
  return {
    ...last,
    id,
    seq,
    content,
    created_at: new Date(Date.parse('2026-11-23T12:16:00Z') + seq * 1000).toISOString(),
  };
}

const append = (page: Page, seq: number) => send(page, { type: 'appended', entries: [nextEntry(seq)], items: [] });

async function scrollBy(page: Page, distance: number): Promise<void> {
  await page.mouse.move(600, 150);
  await page.mouse.wheel(0, distance);
  await page.waitForTimeout(200);
}

/** Whoever asks where the list stands, right after the page has changed, has the browser move it up before all else. */
const ASK_FOR_PLACE = `(() => {
  const look = new MutationObserver(() => ${LIST}.scrollTop);
  look.observe(document.body, { childList: true, subtree: true });
  setTimeout(() => look.disconnect(), 60);
})()`;

describeInBrowser('the Ledger view in a browser', [
  {
    title: 'the keyboard moves, unfolds and folds, and stays with the row',
    address: SMALL,
    async run(page) {
      await page.focus('[data-key][tabindex="0"]');
      await page.keyboard.press('End');
      assert.match((await active(page)) ?? '', /^error 13/);
      await page.keyboard.press('k');
      await page.keyboard.press('ArrowUp');
      assert.match((await active(page)) ?? '', /^finding 11/);
      assert.equal(await follows(page), false, 'choosing a row stops following');
      await page.keyboard.press('Enter');
      await page.waitForSelector('.unfolded .rich-text');
      await page.keyboard.press('ArrowLeft');
      assert.equal(await page.locator('.unfolded').count(), 0);
      await page.keyboard.press('k');
      assert.match((await active(page)) ?? '', /^step 10/);
      await page.keyboard.press('ArrowLeft');
      assert.equal(await read(page, `document.querySelectorAll('.gutter.shut').length`), 1, 'Left folds the block');
      await page.keyboard.press('ArrowRight');
      assert.equal(await read(page, `document.querySelectorAll('.gutter.shut').length`), 0);
      assert.equal(await read(page, `document.activeElement.classList.contains('active')`), true);
    },
  },
  {
    title: 'slash goes to the search, words filter and are marked, Escape clears and returns',
    address: SMALL,
    async run(page) {
      await page.keyboard.press('/');
      await page.keyboard.type('auckland');
      await page.waitForTimeout(400);
      assert.equal(await page.locator('mark').first().textContent(), 'Auckland');
      assert.equal(await shown(page), 1);
      const asked = (await posted(page)).at(-1);
      assert.deepEqual(
        { ...asked, search: 0 },
        { type: 'search', search: 0, text: 'auckland', types: [], work_item_id: sampleId(1, 1) },
      );
      await page.keyboard.press('Escape');
      assert.equal(await read(page, `document.querySelector('input').value`), '');
      await page.keyboard.press('Escape');
      assert.equal(await read(page, `document.activeElement.closest('.virtual') !== null`), true);
    },
  },
  {
    title: 'chips are one stop, arrows move between them, Space chooses',
    address: SMALL,
    async run(page) {
      await page.focus('.chips button[tabindex="0"]');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Space');
      await page.waitForTimeout(100);
      assert.equal(await shown(page), 4);
      assert.equal(await read(page, `document.querySelectorAll('.chips [tabindex="0"]').length`), 1);
    },
  },
  {
    title: 'the list follows its end until somebody scrolls, and then counts what is newer',
    address: SMALL,
    height: 220,
    async run(page) {
      assert.ok(await isAtEnd(page));
      await append(page, 14);
      assert.ok(await isAtEnd(page), 'it follows');
      await scrollBy(page, -60);
      assert.equal(await follows(page), false);
      const before = await read<number>(page, `${LIST}.scrollTop`);
      await append(page, 15);
      await append(page, 16);
      assert.equal(await read<number>(page, `${LIST}.scrollTop`), before, 'it stays');
      assert.equal((await page.textContent('.newer'))?.includes('2 newer entries'), true);
      await page.keyboard.press('f');
      await page.waitForTimeout(80);
      assert.ok(await isAtEnd(page));
    },
  },
  {
    title: 'a host that goes and comes back is no scrolling of a person: the list follows on',
    address: '/ledger?data=large&count=300',
    width: 300,
    height: 360,
    async run(page) {
      const state = (kind: string, message: string) => ({
        type: 'state',
        state: { kind, message, actions: kind === 'ready' ? [] : [{ command: 'showLogs', title: 'Show Logs' }] },
      });
      const entries = await read<unknown[]>(page, 'window.preview.reset.entries');
      const items = await read<unknown[]>(page, 'window.preview.reset.items');
      for (let times = 1; times <= 6; times += 1) {
        await send(page, state('down', 'Animus ended unexpectedly. Nothing that was recorded is lost.'));
        await send(page, state('starting', 'Animus ended unexpectedly and is being started again. Nothing is lost.'));
        await read(page, ASK_FOR_PLACE);
        await send(page, state('ready', ''));
        await send(page, { type: 'reset', entries, items, next: null, total: entries.length });
        assert.equal(await follows(page), true, `after ${times}`);
        assert.ok(await isAtEnd(page));
      }
    },
  },
  {
    title: 'older pages come when the top is near, and the rows in sight stay where they are',
    address: '/ledger?data=paged&count=5000&behind=panel',
    async run(page) {
      const top = `[...document.querySelectorAll('.entry')].map((row) => [row.ariaLabel, row.getBoundingClientRect().top]).find(([, top]) => top > 60)`;
      await page.focus('[data-key][tabindex="0"]');
      await page.keyboard.press('Home');
      await page.waitForTimeout(150);
      await scrollBy(page, 400);
      await scrollBy(page, -200);
      await page.waitForTimeout(300);
      const [label, place] = await read<[string, number]>(page, top);
      assert.ok((await posted(page)).some(({ type }) => type === 'load_older'));
      await scrollBy(page, -100);
      await page.waitForTimeout(300);
      const after = await read<number>(
        page,
        `document.querySelector('.entry[aria-label=' + JSON.stringify(${JSON.stringify(label)}) + ']')?.getBoundingClientRect().top ?? -1`,
      );
      assert.ok(Math.abs(after - place - 100) <= 2, `${label} was at ${place}, is at ${after}`);
      assert.ok((await read<number>(page, `${LIST}.scrollHeight`)) > 22 * 1000, 'more rows are there');
    },
  },
  {
    title: 'of 100,000 entries only what is in sight is in the page',
    address: '/ledger?data=large&behind=panel',
    height: 800,
    async run(page) {
      for (const share of [0, 0.3, 0.77, 1]) {
        await read(page, `void (${LIST}.scrollTop = ${LIST}.scrollHeight * ${share})`);
        await page.waitForTimeout(80);
        assert.ok((await shown(page)) < 70 && (await shown(page)) > 25, `${await shown(page)} rows`);
        const covered = await read<boolean>(
          page,
          `document.elementFromPoint(600, 500)?.closest('.virtual-row') != null`,
        );
        assert.ok(covered, `a row is drawn at ${share}`);
      }
    },
  },
  {
    title: 'a view that was hidden comes back as it was',
    address: '/ledger?data=large&count=3000&behind=panel',
    async run(page) {
      await page.click('.chips button[title^="finding"]');
      await scrollBy(page, -3000);
      const label = `document.elementFromPoint(600, 200)?.closest('.entry')?.ariaLabel`;
      const before = await read<string>(page, label);
      await page.waitForTimeout(400);
      await page.reload();
      await page.waitForTimeout(500);
      assert.equal(await read<string>(page, label), before);
      assert.equal(
        await read(page, `document.querySelector('.chips [aria-pressed="true"]').title.startsWith('finding')`),
        true,
      );
    },
  },
  {
    title: 'links and files ask the extension, with the keyboard too',
    address: SMALL,
    async run(page) {
      await page.click('[role=treeitem]:has(.number-of:text-is("#8"))');
      await page.click('.rich-text a');
      await page.focus('.rich-text a');
      await page.keyboard.press('Enter');
      await page.click('.reference button >> nth=0');
      await page.click('.detail-actions button >> text=Open Focus');
      const asked = (await posted(page)).filter(({ type }) => type.startsWith('open_'));
      const link = { type: 'open_link', href: 'https://example.com/issues/41' };
      assert.deepEqual(asked, [
        link,
        link,
        { type: 'open_file', path: 'package.json', line: 38 },
        { type: 'open_focus', focus_id: sampleId(2, 2) },
      ]);
      assert.equal(await page.locator('.unfolded').count(), 1, 'and the entry stays unfolded');
    },
  },
  {
    title: 'what does not look like a message changes nothing',
    address: SMALL,
    async run(page) {
      const before = await shown(page);
      for (const message of [
        null,
        5,
        'reset',
        {},
        { type: 'reset' },
        { type: 'appended', entries: {}, items: [] },
        { type: 'state' },
        { type: 'constructor' },
      ]) {
        await send(page, message);
      }
      assert.equal(await shown(page), before);
    },
  },
]);
