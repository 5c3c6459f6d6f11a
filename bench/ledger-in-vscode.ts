/** The Ledger in a VS Code, from the click that opens it: extension, host and database included. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Browser, FrameLocator } from 'playwright-core';
import type { VsCodeSandbox } from '../test/support/vscode-sandbox.ts';
import type { Contender } from './measure.ts';
import { type BenchedVsCode, withWindow } from './vscode-windows.ts';

const COMMAND = path.resolve(import.meta.dirname, '../dist/animus.mjs');

export const WINDOW_FIGURES = {
  firstRow: 'in VS Code: click to first row',
  older: 'in VS Code: scroll to older page there',
} as const;

/** What only a long ledger has: pages whose work the window does not know yet. */
export const DEEP_PAGE = 'in VS Code: scroll to older page there, far back';
const DEEP_FROM = 12;
const DEEP_PAGES = 3;

/** What a window still does when its workbench is drawn. */
const SETTLE_MS = 1500;
const STEPS = 20;

export type LedgerWindow = { browser: Browser; vscode: BenchedVsCode; isLong: boolean };

export function ledgerInVsCode(window: LedgerWindow, named: (figure: string) => string): Contender {
  return () =>
    withWindow(window.browser, window.vscode, WATCH, async (workbench) => {
      await sleep(SETTLE_MS);
      await workbench.page
        .getByRole('tab', { name: /^Animus/ })
        .first()
        .click();
      const ledger = workbench.webview('view');
      await ledger.locator('.entry').first().waitFor();
      const paintedAt = await inPage<number>(ledger, PAINTED);
      const pressedAt = (await workbench.page.evaluate('bench.pressedAt')) as number;
      const pages = await inPage<number[]>(ledger, scrollBack(window.isLong ? DEEP_FROM + DEEP_PAGES : 1));
      const deep = pages.slice(DEEP_FROM);
      return {
        [named(WINDOW_FIGURES.firstRow)]: paintedAt - pressedAt,
        [named(WINDOW_FIGURES.older)]: pages[0] ?? Number.NaN,
        ...(deep.length > 0 ? { [named(DEEP_PAGE)]: deep.reduce((sum, ms) => sum + ms, 0) / deep.length } : {}),
      };
    });
}

/** Bytes of what the page is sent: everything at the start, then what is new while a script writes entries. */
export async function countBytes({ browser, vscode }: LedgerWindow): Promise<string> {
  return withWindow(browser, vscode, WATCH, async (workbench) => {
    await workbench.showAnimus();
    const ledger = workbench.webview('view');
    await ledger.locator('.entry').first().waitFor();
    await submitWriter(vscode.sandbox);
    await ledger.getByText(`step ${STEPS} of the benchmark`).first().waitFor();
    const { reset, appended, entries } = await inPage<{ reset: number[]; appended: number[]; entries: number }>(
      ledger,
      SENT,
    );
    const sum = appended.reduce((total, bytes) => total + bytes, 0);
    const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
    return (
      `Sent to the page: ${reset.map(kilobytes).join(', ')} at the start; then ${appended.length} messages of together ` +
      `${kilobytes(sum)} while a script wrote ${entries} entries, ${kilobytes(sum / entries)} for each.`
    );
  });
}

async function submitWriter(sandbox: VsCodeSandbox): Promise<void> {
  const input = (step: number) => ({ entry_type: 'step', content: `step ${step} of the benchmark` });
  const turns = Array.from({ length: STEPS }, (_, at) => ({
    tool_calls: [{ name: 'ledger_append', input: input(at + 1) }],
  }));
  const outcome = { name: 'report_outcome', input: { success: true, summary: 'Written.' } };
  const model = sandbox.script('writer', {
    name: 'writer',
    turns: [...turns, { tool_calls: [outcome] }, { text: '.' }],
  });
  await promisify(execFile)(process.execPath, [COMMAND, 'work', 'submit', 'Write what the benchmark counts'], {
    cwd: sandbox.workspace,
    env: { PATH: process.env.PATH ?? '', HOME: sandbox.home, ...sandbox.env, ANIMUS_MODEL: model },
  });
}

function inPage<Value>(ledger: FrameLocator, expression: string): Promise<Value> {
  return ledger.locator('body').evaluate(expression) as Promise<Value>;
}

/** In every frame: when a button was pressed, when the first row was there, and the messages that came. */
const WATCH = `(() => {
  const now = () => performance.timeOrigin + performance.now();
  const bench = { received: [] };
  globalThis.bench = bench;
  document.addEventListener('pointerdown', () => { bench.pressedAt = now(); }, true);
  if (window === window.top) return;
  const look = () => {
    if (document.querySelector('.entry')) requestAnimationFrame(() => { bench.paintedAt = now(); });
    else requestAnimationFrame(look);
  };
  // The page is written into its frame later, which ends all that listens in it by then.
  const listen = window.addEventListener;
  window.addEventListener = (type, listener, ...more) => {
    const own = (event) => {
      bench.received.push(event.data);
      listener(event);
      if (event.data.type === 'reset') requestAnimationFrame(look);
    };
    listen.call(window, type, type === 'message' ? own : listener, ...more);
  };
})()`;

const PAINTED = `(async () => {
  while (bench.paintedAt === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  return bench.paintedAt;
})()`;

/** Goes near the top so often, each time until the older page is drawn. Gives the milliseconds. */
const scrollBack = (times: number) => `(async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const pages = () => bench.received.filter(({ type }) => type === 'older').length;
  const list = document.querySelector('.virtual');
  const taken = [];
  for (let n = 1; n <= ${times}; n += 1) {
    const begin = performance.now();
    // Below the row that stands for what is older, so that an entry's row is what is held in place.
    list.scrollTop = 30;
    while (pages() < n) {
      if (performance.now() - begin > 20_000) throw new Error('No older page came.');
      await frame();
    }
    await frame();
    taken.push(performance.now() - begin);
    await frame();
    await frame();
  }
  return taken;
})()`;

const SENT = `(() => {
  const of = (type) => bench.received.filter((message) => message.type === type);
  const bytes = (message) => new TextEncoder().encode(JSON.stringify(message)).length;
  const appended = of('appended');
  return {
    reset: of('reset').map(bytes),
    appended: appended.map(bytes),
    entries: appended.reduce((sum, { entries }) => sum + entries.length, 0),
  };
})()`;
