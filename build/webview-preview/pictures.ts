/** What is looked at: each view in its states and widths, in three themes. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { launchBrowser } from '../../test/support/vscode-server.ts';
import { openView, type Size } from './browser.ts';

type Picture = { name: string; address: string; size: Size; prepare?: (page: Page) => Promise<void> };

const THEMES = ['dark', 'light', 'hc'] as const;
const SIDE: Size = { width: 320, height: 760 };
const PANEL: Size = { width: 1200, height: 320 };

const LEDGER: Picture[] = [
  { name: 'side', address: '/ledger?data=small&scope=1', size: SIDE, prepare: (page) => unfold(page, '#6') },
  { name: 'panel', address: '/ledger?data=small&scope=1&behind=panel', size: { width: 1200, height: 270 } },
  {
    name: 'panel-unfolded',
    address: '/ledger?data=small&scope=1&behind=panel',
    size: { width: 1200, height: 420 },
    prepare: (page) => unfold(page, '#8'),
  },
  { name: 'all-work', address: '/ledger?data=large&count=3000', size: SIDE },
  { name: 'all-work-panel', address: '/ledger?data=large&count=3000&behind=panel', size: PANEL },
  {
    name: 'search',
    address: '/ledger?data=large&total=312408',
    size: SIDE,
    prepare: (page) => search(page, 'timeout'),
  },
  {
    name: 'folded',
    address: '/ledger?data=small&scope=1&behind=panel',
    size: PANEL,
    prepare: (page) => page.click('text=Fold Closed'),
  },
  { name: 'nothing', address: '/ledger?data=small&scope=1', size: SIDE, prepare: (page) => search(page, 'daylight') },
  { name: 'panel-600', address: '/ledger?data=large&count=3000&behind=panel', size: { width: 600, height: 300 } },
  { name: 'panel-860', address: '/ledger?data=large&count=3000&behind=panel', size: { width: 860, height: 300 } },
  { name: 'empty', address: '/ledger?data=empty', size: SIDE },
  { name: 'untrusted', address: '/ledger?state=untrusted', size: SIDE },
  { name: 'down', address: '/ledger?data=small&state=down&loaded=1&behind=panel', size: PANEL },
];

const EDITOR: Size = { width: 1240, height: 900 };
const FOCUS: Picture[] = [
  { name: 'running', address: '/focus?data=running&live=1', size: EDITOR, prepare: openCall },
  { name: 'done', address: '/focus?data=done', size: EDITOR },
  { name: 'long', address: '/focus?data=long', size: EDITOR },
  { name: 'scripted', address: '/focus?data=scripted', size: EDITOR, prepare: (page) => page.click('text=JSON') },
  { name: 'narrow', address: '/focus?data=running&live=1', size: { width: 620, height: 900 }, prepare: openCall },
  { name: 'narrowest', address: '/focus?data=done', size: { width: 320, height: 760 } },
  { name: 'hostile', address: '/focus?data=hostile', size: EDITOR },
  { name: 'asks', address: '/focus?data=asks', size: EDITOR },
  { name: 'approval', address: '/focus?data=approval', size: EDITOR, prepare: openDecided },
  { name: 'approval-narrow', address: '/focus?data=approval', size: { width: 620, height: 900 }, prepare: openDecided },
  { name: 'hooks', address: '/focus?data=running&live=1', size: EDITOR, prepare: openHooks },
  { name: 'folded', address: '/focus?data=folded', size: EDITOR, prepare: openFolded },
  { name: 'task', address: '/focus?data=task', size: { width: 900, height: 400 } },
];

const VIEWS: Record<string, Picture[]> = { ledger: LEDGER, focus: FOCUS };

export async function takePictures(url: string, folder: string, only: string | undefined): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const complaints: string[] = [];
  const browser = await launchBrowser();
  try {
    for (const [view, pictures] of Object.entries(VIEWS)) {
      for (const { name, address, size, prepare } of pictures) {
        if (only !== undefined && !`${view}-${name}`.includes(only)) continue;
        for (const theme of THEMES) {
          const page = await openView(
            browser,
            `${url}${address}${address.includes('?') ? '&' : '?'}theme=${theme}`,
            size,
            complaints,
          );
          await page.waitForTimeout(250);
          await prepare?.(page);
          await page.waitForTimeout(250);
          await page.screenshot({ path: path.join(folder, `${view}-${name}-${theme}.png`) });
          await page.context().close();
        }
      }
    }
  } finally {
    await browser.close();
  }
  for (const complaint of complaints) console.log(complaint);
  console.log(`pictures are in ${folder}`);
}

async function unfold(page: Page, number: string): Promise<void> {
  await page.click(`[role=treeitem]:has(.number-of:text-is("${number}"))`);
}

async function search(page: Page, text: string): Promise<void> {
  await page.fill('input', text);
  await page.waitForTimeout(500);
}

/** A turn chosen in the steps, one of its calls unfolded. */
async function openCall(page: Page): Promise<void> {
  await page.click('.step:has(.turn-number:text-is("10"))');
  await page.click('.step.active .twistie');
  await page.click('.call-head:has-text("edit_file"):has-text("src/date.ts") >> nth=-1');
  await page.waitForSelector('.diff-line');
  await page.locator('.hook-runs').last().scrollIntoViewIfNeeded();
}

/** What a hook refused and what waits for a person, both unfolded. */
async function openDecided(page: Page): Promise<void> {
  await page.click('.step:has(.turn-number:text-is("10")) .twistie');
  await page.click('.call-head:has-text("package-lock.json")');
  // The rows make room for what unfolded.
  await page.waitForTimeout(100);
  await page.click('.call-head:has-text("test:zones") >> nth=-1');
}

async function openHooks(page: Page): Promise<void> {
  for (const turn of [4, 7]) await page.click(`.step:has(.turn-number:text-is("${turn}")) .twistie`);
  await page.click('.step:has(.turn-number:text-is("7"))');
  await page.click('.turn-hooks .text-button >> nth=0');
}

async function openFolded(page: Page): Promise<void> {
  await page.click('.step.left >> nth=0');
}
