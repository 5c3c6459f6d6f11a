/** A person's way through a workbench: what they click, type and read. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import type { VsCodeServer } from './vscode-server.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SCREENSHOTS = path.join(ROOT, '.cache/screenshots');

export const THEMES = {
  dark: 'Default Dark Modern',
  light: 'Default Light Modern',
  contrast: 'Default High Contrast',
} as const;
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

  /** A webview is a page in a page in the page. */
  webview(holder: 'sidebar' | 'editor'): FrameLocator {
    const frames = this.page.locator('iframe.webview.ready');
    // Webviews float above the workbench and say to which part they belong.
    const mine = holder === 'editor' ? frames.last() : frames.first();
    return mine.contentFrame().frameLocator('#active-frame');
  }

  async theme(theme: Theme): Promise<void> {
    const file = path.join(this.#server.root, 'data/User/settings.json');
    const settings = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...settings, 'workbench.colorTheme': THEMES[theme] }));
    await this.page.locator(`.monaco-workbench.${THEME_CLASSES[theme]}`).waitFor();
  }

  async shot(name: string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`) });
  }

  /** One picture for each theme. */
  async shots(name: string): Promise<void> {
    for (const theme of Object.keys(THEMES) as Theme[]) {
      await this.theme(theme);
      await this.page.waitForTimeout(400); // webviews take the colours over a moment later
      await this.shot(`${name}-${theme}`);
    }
  }
}
