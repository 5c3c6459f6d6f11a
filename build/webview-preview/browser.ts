/** A view in a browser, as it is looked at. */
import type { Browser, Page } from 'playwright-core';
import { SAMPLE_NOW } from './sample-ledger.ts';

export type Size = { width: number; height: number };

/** A page at the sample's time and place; what it complains of, policy violations included, goes into `complaints`. */
export async function openView(browser: Browser, address: string, viewport: Size, complaints: string[]): Promise<Page> {
  const context = await browser.newContext({ viewport, timezoneId: 'UTC', locale: 'en-GB', reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.clock.setFixedTime(SAMPLE_NOW);
  page.on('console', (message) => complaints.push(`${address}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`${address}: ${error.stack ?? error.message}`));
  await page.goto(address);
  return page;
}
