/** Checks of the two views in a browser, each a test: its page is served as the preview serves it, under the extension's policy. */
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { openView } from '../../build/webview-preview/browser.ts';
import { type Preview, startPreview } from '../../build/webview-preview/server.ts';
import { findChromium } from './vscode-parts.ts';
import { launchBrowser } from './vscode-server.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

export type Check = {
  title: string;
  address: string;
  width?: number;
  height?: number;
  /** Complaints of the browser that are part of it. */
  expected?: RegExp;
  run(page: Page): Promise<void>;
};

/** What only a browser shows: keys, scrolling, what a text does in a page. Skips where there is none. */
export function describeInBrowser(title: string, checks: readonly Check[]): void {
  describe(title, function () {
    if (!findChromium()) {
      it('is looked at (no Chromium here)');
      return;
    }
    this.timeout(30_000);
    let preview: Preview | undefined;
    let browser: Browser | undefined;
    before(async () => {
      preview = await startPreview(ROOT, 0);
      browser = await launchBrowser();
    });
    after(async () => {
      await browser?.close();
      preview?.close();
    });
    for (const check of checks) {
      it(check.title, async () => {
        if (!preview || !browser) throw new Error('There is no page to look at.');
        await look(browser, preview.url, check);
      });
    }
  });
}

/** A complaint of the browser fails the check, and so does a request that leaves the page's own server. */
async function look(browser: Browser, url: string, check: Check): Promise<void> {
  const { address, width = 1200, height = 400, expected, run } = check;
  const complaints: string[] = [];
  const page = await openView(browser, `${url}${address}`, { width, height }, complaints);
  const foreign: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) foreign.push(request.url());
  });
  try {
    await page.waitForTimeout(150);
    await run(page);
    const unexpected = complaints.filter((complaint) => !expected?.test(complaint));
    if (unexpected.length > 0) throw new Error(unexpected.join('\n'));
    if (foreign.length > 0) throw new Error(`asked for ${foreign.join(', ')}`);
  } finally {
    await page.context().close();
  }
}

/** What the view asked of the extension. */
export function posted(page: Page): Promise<{ type: string }[]> {
  return page.evaluate('window.preview.posted') as Promise<{ type: string }[]>;
}

/** Sends the view a message, as the extension would. */
export async function send(page: Page, message: unknown): Promise<void> {
  await page.evaluate(`window.preview.send(${JSON.stringify(message)})`);
  await page.waitForTimeout(80);
}

export function read<Value>(page: Page, expression: string): Promise<Value> {
  return page.evaluate(expression) as Promise<Value>;
}
