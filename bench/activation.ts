/** What the extension costs a window when its view is first shown, beside an extension that does nothing. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { packagedExtension } from '../test/support/vscode-package.ts';
import type { Workbench } from '../test/support/vscode-workbench.ts';
import { alternate, type Contender, figures } from './measure.ts';
import { figureTable, type Report } from './report.ts';
import { packagedStandIn, STAND_IN, STAND_IN_ROW } from './stand-in-extension.ts';
import type { Subject, SubjectContext } from './subject.ts';
import { type BenchedVsCode, missingHere, startBrowser, startVsCode, withWindow } from './vscode-windows.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

type Extension = { name: string; label: string /** What its view says when all is there. */; shows: string };

const OURS: Extension = { name: 'Animus', label: 'Animus', shows: 'No work here yet' };
const BASE: Extension = { name: STAND_IN, label: 'registers a command and a tree', shows: STAND_IN_ROW };

const activation = ({ label }: Extension) => `activation: ${label}`;
const shown = ({ label }: Extension) => `click to what the view says: ${label}`;

/** What a window still does when its workbench is drawn. */
const SETTLE_MS = 1500;

export const extensionActivation: Subject = { name: 'activation', limitMs: 240_000, run };

async function run({ cleanup, signal }: SubjectContext): Promise<Report> {
  const missing = missingHere();
  if (missing !== undefined) throw new Error(`There is no VS Code to measure in: ${missing}.`);
  const vsixes = [await packagedExtension(), await packagedStandIn(engine())];
  const vscode = await startVsCode(cleanup, vsixes, async () => ({}));
  const browser = await startBrowser(cleanup);
  const contenders = [BASE, OURS].map((extension) => activated(browser, vscode, extension));
  const samples = await alternate(contenders, { warmUps: 1, counted: 7, budgetMs: 150_000, signal });
  const rows = [activation, shown].flatMap((figure) => figures(samples, [figure(BASE), figure(OURS)], figure(BASE)));
  return {
    title: 'Activation',
    meaning: [
      'A fresh window, in which the tab of one of the two is clicked. Activation is what Show Running Extensions says: loading',
      'the code and calling activate. The click ends when the view has its rows or its welcome; the host runs already.',
    ],
    ...figureTable(rows, 'registering alone'),
    notes: [sizes()],
  };
}

function activated(browser: Browser, vscode: BenchedVsCode, extension: Extension): Contender {
  return () =>
    withWindow(browser, vscode, '', async (workbench) => {
      await sleep(SETTLE_MS);
      const begin = performance.now();
      await workbench.page.getByRole('tab', { name: new RegExp(`^${extension.name}`) }).click();
      await workbench.page.getByText(extension.shows).first().waitFor();
      const click = performance.now() - begin;
      return { [activation(extension)]: await activationOf(workbench, extension), [shown(extension)]: click };
    });
}

async function activationOf(workbench: Workbench, { name }: Extension): Promise<number> {
  await workbench.command('Developer: Show Running Extensions');
  const row = workbench.page.locator('.runtime-extensions-editor .extension').filter({ hasText: name });
  const text = await row.locator('.activation-time').filter({ hasText: /\d/ }).innerText();
  return Number(/\d+/.exec(text)?.[0]);
}

function engine(): string {
  const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { engines: { vscode: string } };
  return manifest.engines.vscode;
}

function sizes(): string {
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
  const files = readdirSync(path.join(ROOT, 'dist')).filter((name) => name.endsWith('.cjs'));
  return files
    .map((name) => {
      const content = readFileSync(path.join(ROOT, 'dist', name));
      return `dist/${name}: ${kilobytes(content.length)}, gzipped ${kilobytes(gzipSync(content).length)}`;
    })
    .join('; ');
}
