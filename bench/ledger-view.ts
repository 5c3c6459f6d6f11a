/** The Ledger view with 100,000 entries, beside itself with 1,000: its page alone, and all of it in a VS Code. */
import path from 'node:path';
import { startPreview } from '../build/webview-preview/server.ts';
import { packagedExtension } from '../test/support/vscode-package.ts';
import { findChromium } from '../test/support/vscode-parts.ts';
import { countBytes, DEEP_PAGE, type LedgerWindow, ledgerInVsCode, WINDOW_FIGURES } from './ledger-in-vscode.ts';
import { ledgerPage, PAGE_FIGURES } from './ledger-page.ts';
import { alternate, type Figure, figures, type Samples } from './measure.ts';
import { figureTable, type Report } from './report.ts';
import { seedStore } from './seeded-store.ts';
import type { Subject, SubjectContext } from './subject.ts';
import { missingHere, startBrowser, startVsCode } from './vscode-windows.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const FEW = 1000;
const MANY = 100_000;
const few = (figure: string) => `${figure}: 1,000`;
const many = (figure: string) => `${figure}: 100,000`;

export const ledgerView: Subject = { name: 'ledger-view', limitMs: 300_000, run };

async function run(context: SubjectContext): Promise<Report> {
  if (!findChromium()) throw new Error('There is no Chromium here (Debian: chromium), so no view to measure.');
  const notes: string[] = [];
  const rows = [...(await measurePage(context)), ...(await measureInVsCode(context, notes))];
  return {
    title: 'Ledger view',
    meaning: [
      'The page alone has all entries and is told of them at once. In VS Code it has the newest 500 and gets older ones page',
      'by page; a fresh window is clicked when it is drawn, and the host that it attaches to runs since the first round.',
    ],
    ...figureTable(rows, '1,000 entries'),
    notes,
  };
}

async function measurePage({ cleanup, signal }: SubjectContext): Promise<Figure[]> {
  const { url, close } = await startPreview(ROOT, 0);
  cleanup.add(close);
  const browser = await startBrowser(cleanup);
  const contenders = [ledgerPage(browser, url, FEW, few), ledgerPage(browser, url, MANY, many)];
  const samples = await alternate(contenders, { warmUps: 1, counted: 4, budgetMs: 30_000, signal });
  await browser.close();
  return Object.values(PAGE_FIGURES).flatMap((figure) => compared(samples, figure));
}

async function measureInVsCode({ cleanup, signal }: SubjectContext, notes: string[]): Promise<Figure[]> {
  const missing = missingHere();
  if (missing !== undefined) {
    notes.push(`In VS Code: not measured, because ${missing}.`);
    return [];
  }
  const vsix = await packagedExtension();
  const browser = await startBrowser(cleanup);
  const open = async (entries: number): Promise<LedgerWindow> => {
    signal.throwIfAborted();
    const vscode = await startVsCode(cleanup, [vsix], async ({ store, workspace }) => {
      await seedStore(store, workspace, entries);
      return {};
    });
    return { browser, vscode, isLong: entries === MANY };
  };
  const [short, long] = [await open(FEW), await open(MANY)];
  const contenders = [ledgerInVsCode(short, few), ledgerInVsCode(long, many)];
  const samples = await alternate(contenders, { warmUps: 1, counted: 4, budgetMs: 90_000, signal });
  notes.push(await countBytes(long));
  const { firstRow, older } = WINDOW_FIGURES;
  const deep = figures(samples, [many(DEEP_PAGE)], few(older));
  return [...[firstRow, older].flatMap((figure) => compared(samples, figure)), ...deep];
}

function compared(samples: Samples, figure: string): Figure[] {
  return figures(samples, [few(figure), many(figure)], few(figure));
}
