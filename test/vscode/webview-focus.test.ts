/** The focus editor in a browser. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { sampleFocus } from '../../build/webview-preview/sample-focus.ts';
import { describeInBrowser, posted, read, send } from '../support/webview-checks.ts';

const LIVE = '/focus?data=running&live=1';
const live = (page: Page) => page.locator('.article[aria-label="The turn being written"]');
const region = (page: Page) =>
  read<string>(page, `document.activeElement.closest('.lanes, .steps, .detail-region')?.className ?? 'none'`);

describeInBrowser('the focus editor in a browser', [
  {
    title: 'the open turn shows as it streams, begins anew on a retry, and gives way to its record',
    address: LIVE,
    height: 800,
    async run(page) {
      assert.match((await live(page).textContent()) ?? '', /All 12 pass.*each zone.*run_command/s);
      assert.equal(await live(page).locator('strong').textContent(), 'each zone');
      await send(page, { type: 'delta', turn: 11, kind: 'retry', text: 'the stream was cut' });
      assert.doesNotMatch((await live(page).textContent()) ?? '', /All 12 pass/);
      await send(page, { type: 'delta', turn: 11, kind: 'text', text: 'Again' });
      const { item, focus } = sampleFocus({ turns: 10, isRunning: true });
      const message = {
        n: 99,
        turn: 11,
        block: 2,
        role: 'assistant',
        kind: 'assistant',
        content: { blocks: [{ type: 'text', text: 'All pass.' }] },
        created_at: new Date().toISOString(),
      };
      await send(page, { type: 'changed', item, focus, messages: [message], tool_calls: [], entries: [] });
      assert.equal(await live(page).count(), 0);
      assert.equal(await page.locator('.article[aria-label="Turn 11"]').count(), 1);
      await send(page, { type: 'delta', turn: 11, kind: 'text', text: 'late' });
      assert.equal(await live(page).count(), 0, 'what comes late is not shown');
    },
  },
  {
    title: 'F6 goes from region to region, Escape to the steps, arrows through them',
    address: '/focus?data=done',
    height: 800,
    async run(page) {
      const visited: string[] = [];
      for (let press = 0; press < 3; press += 1) {
        await page.keyboard.press('F6');
        visited.push(await region(page));
      }
      assert.deepEqual(new Set(visited), new Set(['lanes', 'steps', 'detail-region']));
      await page.keyboard.press('Escape');
      await page.keyboard.press('Home');
      assert.equal(await read(page, `document.activeElement.dataset.key`), 'orient');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowLeft');
      assert.equal(await read(page, `document.activeElement.ariaExpanded`), 'false');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('j');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('j');
      assert.match(await read<string>(page, `document.activeElement.dataset.key`), /^call:/);
      await page.waitForSelector('.call-head[aria-expanded="true"]');
    },
  },
  {
    title: 'a long result is bounded until all of it is asked for',
    address: '/focus?data=done',
    height: 800,
    async run(page) {
      await page.click('.step:has(.turn-number:text-is("8"))');
      await page.click('.call-head:has-text("search_text")');
      const lines = () =>
        read<number>(page, `document.querySelector('.call-body .plain-text').textContent.split('\\n').length`);
      assert.ok((await lines()) < 30);
      await page.click('text=Show All (41 lines');
      assert.equal(await lines(), 41);
    },
  },
  {
    title: 'of a long focus only what is in sight is in the page, and a chosen turn comes to the top',
    address: '/focus?data=long',
    height: 800,
    async run(page) {
      await page.focus('.step[tabindex="0"]');
      await page.keyboard.press('Home');
      for (let press = 0; press < 30; press += 1) await page.keyboard.press('j');
      await page.waitForTimeout(250);
      assert.ok((await page.locator('.article').count()) < 40);
      const key = await read<string>(page, `document.querySelector('.step.active').dataset.key`);
      const top = await read<number>(
        page,
        `document.querySelector('.article[data-key="${key}"]').getBoundingClientRect().top - document.querySelector('.conversation').getBoundingClientRect().top`,
      );
      assert.ok(Math.abs(top) <= 2, `${key} is ${top} from the top`);
    },
  },
  {
    title: 'it keeps the id by which the extension restores it, and what was chosen',
    address: '/focus?data=done',
    height: 800,
    async run(page) {
      await page.click('.step:has(.turn-number:text-is("4"))');
      await page.waitForTimeout(400);
      const state = await read<{ focus_id: string; turn: number }>(page, `JSON.parse(sessionStorage.getItem('state'))`);
      assert.equal(state.focus_id, sampleFocus({ turns: 1, isRunning: false }).focus.id);
      await page.reload();
      await page.waitForTimeout(400);
      assert.equal(await read(page, `document.querySelector('.step.active .turn-number').textContent`), '4');
      assert.deepEqual(
        (await posted(page)).map(({ type }) => type),
        ['ready'],
      );
    },
  },
]);
