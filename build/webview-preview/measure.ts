/** How the Ledger view bears 100,000 entries: until the first row is drawn, a key of the search, and frames of a scroll. */
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../../test/support/vscode-server.ts';

type Measured = { firstRow: number; frames: number[]; key: number; append: number; nodes: number };

export async function measureLedger(url: string): Promise<void> {
  for (const count of [1_000, 100_000]) {
    await withBrowser(async (browser) => {
      const complaints: string[] = [];
      const context = await browser.newContext({ viewport: { width: 1200, height: 800 } });
      const page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.addInitScript(WATCH_FIRST_ROW);
      await page.goto(`${url}/ledger?data=large&count=${count}&behind=panel`);
      await page.waitForSelector('.entry');
      const measured = (await page.evaluate(IN_PAGE)) as Measured;
      const { firstRow, frames, key, append, nodes } = measured;
      const sorted = [...frames].sort((a, b) => a - b);
      const of = (share: number) => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
      console.log(
        `${count} entries: message to first row ${firstRow.toFixed(0)} ms; search key ${key.toFixed(0)} ms; append ${append.toFixed(0)} ms; ` +
          `scroll frames median ${of(0.5)}, p95 ${of(0.95)}, worst ${of(1)} ms; ${nodes} nodes`,
      );
      for (const complaint of complaints) console.log(complaint);
    });
  }
}

const WATCH_FIRST_ROW = `(() => {
  const look = () => {
    if (document.querySelector('.entry, .article')) window.firstRowAt = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()`;

async function withBrowser(use: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await launchBrowser();
  try {
    await use(browser);
  } finally {
    await browser.close();
  }
}

/** From the message to the first turn of a focus of 240. */
export async function measureFocus(url: string): Promise<void> {
  await withBrowser(async (browser) => {
    const page = await browser.newPage({ viewport: { width: 1240, height: 900 } });
    await page.addInitScript(WATCH_FIRST_ROW);
    for (const data of ['done', 'long']) {
      await page.goto(`${url}/focus?data=${data}`);
      await page.waitForSelector('.article');
      await page.waitForTimeout(300);
      const first = (await page.evaluate('window.firstRowAt - window.preview.resetAt')) as number;
      console.log(`focus ${data}: message to first turn ${first.toFixed(0)} ms`);
    }
  });
}

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
  return { firstRow: window.firstRowAt - window.preview.resetAt, frames, key, append, nodes: document.querySelectorAll('*').length };
})()`;
