/** The Ledger's page alone in Chromium, fed by a stand-in for the extension with all entries at once. */
import type { Browser } from 'playwright-core';
import type { Contender } from './measure.ts';
import { median } from './measure.ts';

export const PAGE_FIGURES = {
  firstRow: 'page alone: message to first row',
  frame: 'page alone: frame of a scroll, median',
  worst: 'page alone: frame of a scroll, worst',
  key: 'page alone: key of the search',
  append: 'page alone: one more entry',
} as const;

type Measured = { firstRow: number; frames: number[]; key: number; append: number };

/** `count` entries, all in the page. `named` gives the label of a figure. */
export function ledgerPage(browser: Browser, url: string, count: number, named: (figure: string) => string): Contender {
  return async () => {
    const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
    try {
      await page.addInitScript(WATCH_FIRST_ROW);
      await page.goto(`${url}/ledger?data=large&count=${count}&behind=panel`);
      await page.waitForSelector('.entry');
      const { firstRow, frames, key, append } = (await page.evaluate(IN_PAGE)) as Measured;
      return {
        [named(PAGE_FIGURES.firstRow)]: firstRow,
        [named(PAGE_FIGURES.frame)]: median(frames),
        [named(PAGE_FIGURES.worst)]: Math.max(...frames),
        [named(PAGE_FIGURES.key)]: key,
        [named(PAGE_FIGURES.append)]: append,
      };
    } finally {
      await page.close();
    }
  };
}

const WATCH_FIRST_ROW = `(() => {
  const look = () => {
    if (document.querySelector('.entry')) window.firstRowAt = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()`;

/** Runs in the page, as text: this program knows no document. */
const IN_PAGE = `(async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const painted = async () => { await frame(); await frame(); };
  const list = document.querySelector('.virtual');
  const frames = [];
  await painted();
  list.scrollTop -= 1;
  await painted();
  for (let step = 0; step < 240; step += 1) {
    const before = performance.now();
    list.scrollTop = step % 40 === 39 ? Math.random() * list.scrollHeight : list.scrollTop - 330;
    list.dispatchEvent(new Event('scroll'));
    await new Promise((resolve) => setTimeout(resolve, 0));
    list.getBoundingClientRect();
    document.querySelector('.virtual-rows').offsetHeight;
    frames.push(performance.now() - before);
    await frame();
  }
  const input = document.querySelector('input');
  const beforeKey = performance.now();
  input.value = 'timeout';
  input.dispatchEvent(new Event('input', { bubbles: true }));
  await new Promise((resolve) => setTimeout(resolve, 0));
  list.getBoundingClientRect();
  const key = performance.now() - beforeKey;
  input.value = '';
  input.dispatchEvent(new Event('input', { bubbles: true }));
  await painted();
  const again = performance.now();
  const last = { ...window.preview.reset.entries.at(-1) };
  last.id = 'ffffffff-ffff-7fff-8fff-ffffffffffff';
  last.seq += 1;
  const waits = new Promise((resolve) => window.addEventListener('message', () => setTimeout(resolve, 0), { once: true }));
  window.preview.send({ type: 'appended', entries: [last], items: [] });
  await waits;
  list.getBoundingClientRect();
  const append = performance.now() - again;
  return { firstRow: window.firstRowAt - window.preview.resetAt, frames, key, append };
})()`;
