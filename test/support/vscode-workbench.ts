/** A person's way through a workbench: what they click, type and read. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import type { VsCodeServer } from './vscode-server.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SCREENSHOTS = path.join(ROOT, '.cache/screenshots');

/** As the list of themes names them. */
const THEMES = { light: 'Light Modern', contrast: 'Dark High Contrast', dark: 'Dark Modern' } as const;
export type Theme = keyof typeof THEMES;

/** What the class of the workbench says when a theme is on. */
const THEME_CLASSES: Record<Theme, string> = { dark: 'vs-dark', light: 'vs', contrast: 'hc-black' };

export class Workbench {
  readonly page: Page;
  #server: VsCodeServer;

  constructor(page: Page, server: VsCodeServer) {
    this.page = page;
    this.#server = server;
    page.setDefaultTimeout(30_000);
  }

  async open(folder: string): Promise<void> {
    await this.page.goto(this.#server.url(folder));
    await this.page.locator('.monaco-workbench .activitybar').waitFor();
  }

  async showAnimus(): Promise<void> {
    await this.page
      .getByRole('tab', { name: /^Animus/ })
      .first()
      .click();
    await this.page.getByRole('button', { name: 'Work Section' }).waitFor();
  }

  /** Runs a command from the palette. What is typed while it opens is lost, and Enter runs whatever is on top. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    await this.input.fill(`>${title}`);
    await this.choice(title).click();
  }

  get input(): Locator {
    return this.page.locator('.quick-input-widget input').first();
  }

  choice(text: string): Locator {
    return this.page.locator('.quick-input-widget .monaco-list-row').filter({ hasText: text }).first();
  }

  /** Types into the box that asks, once it asks that. */
  async answer(title: string, text: string): Promise<void> {
    await this.page.locator('.quick-input-widget').getByText(title).first().waitFor();
    await this.input.fill(text);
    await this.input.press('Enter');
  }

  /** A row of the Work view, by what it is read out as. */
  row(name: string | RegExp): Locator {
    return this.page.getByRole('treeitem', { name }).first();
  }

  /** Clicks a row until it has done what it does: a click on a row that is just replaced goes nowhere. */
  async clickFor(row: Locator, result: Locator): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      await row.click();
      try {
        await result.waitFor({ timeout: 5000 });
        return;
      } catch (error) {
        if (tries === 3) throw error;
      }
    }
  }

  tab(name: string | RegExp): Locator {
    return this.page.locator('.tabs-container').getByRole('tab', { name });
  }

  /** The host is there: nothing offers to start it or to show why it does not. */
  async hostIsReady(): Promise<void> {
    await this.page.getByText('Starting Animus').first().waitFor({ state: 'detached' });
    await this.row('Show Logs').waitFor({ state: 'detached' });
  }

  /** A webview is a page in a page in the page; what it is for stands in its address. */
  webview(holder: 'view' | 'editor'): FrameLocator {
    const isView = '[src*="purpose=webviewView"]';
    const frame = this.page.locator(`iframe.webview.ready${holder === 'view' ? isView : `:not(${isView})`}`);
    return frame.first().contentFrame().frameLocator('#active-frame');
  }

  /** What an expression gives within the page of a webview. */
  async read<Value>(holder: 'view' | 'editor', expression: string): Promise<Value> {
    const root = await this.webview(holder).locator('#root').elementHandle();
    const frame = await root?.ownerFrame();
    if (!frame) throw new Error('The webview is gone.');
    return (await frame.evaluate(expression)) as Value;
  }

  /** Different texts of a webview that match, as they come and go within 15 s, until there are so many. */
  async watchText(holder: 'view' | 'editor', pattern: RegExp, wanted: number): Promise<string[]> {
    const body = this.webview(holder).locator('body');
    const seen = new Set<string>();
    const deadline = Date.now() + 15_000;
    while (seen.size < wanted && Date.now() < deadline) {
      const found = pattern.exec(await body.innerText());
      if (found) seen.add(found[0]);
    }
    return [...seen];
  }

  /** Runs an action of a notification, or waits until one says so. */
  notification(text: string | RegExp): Locator {
    return this.page.locator('.notification-toast').filter({ hasText: text }).first();
  }

  /** Until they are gone: what clears them would take the next one with them. */
  async clearNotifications(): Promise<void> {
    await this.command('Notifications: Clear All Notifications');
    await this.page.locator('.notification-toast').first().waitFor({ state: 'detached' });
    // VS Code takes three within 800 ms for too many, and shows the third in its list only.
    await this.page.waitForTimeout(1000);
  }

  async theme(theme: Theme): Promise<void> {
    await this.command('Preferences: Color Theme');
    // Some theme has to be in the list before it can be searched.
    await this.choice('Modern').waitFor();
    await this.input.fill(THEMES[theme]);
    await this.choice(THEMES[theme]).click();
    await this.page.locator(`.monaco-workbench.${THEME_CLASSES[theme]}`).waitFor();
  }

  async shot(name: string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`) });
  }

  /** One picture for each theme; dark is the last and stays. */
  async shots(name: string): Promise<void> {
    for (const theme of Object.keys(THEMES) as Theme[]) {
      await this.theme(theme);
      await this.page.waitForTimeout(400); // webviews take the colours over a moment later
      await this.shot(`${name}-${theme}`);
    }
  }
}
