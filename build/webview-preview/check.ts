/** What a check of a view is, and how it asks the page. */
import type { Page } from 'playwright-core';

export type Check = {
  title: string;
  address: string;
  width?: number;
  height?: number;
  /** Complaints of the browser that are part of it. */
  expected?: RegExp;
  run(page: Page): Promise<void>;
};

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
