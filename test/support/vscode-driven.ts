/** The packaged extension in a workbench that a test drives, and what goes with it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { packagedExtension } from './vscode-package.ts';
import { type CodeServerName, findCodeServer, missingForWorkbench } from './vscode-parts.ts';
import { VsCodeSandbox } from './vscode-sandbox.ts';
import { launchBrowser, VsCodeServer } from './vscode-server.ts';
import { Workbench } from './vscode-workbench.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

export type Driven = {
  server: VsCodeServer;
  sandbox: VsCodeSandbox;
  browser: Browser;
  /** What windows keep: the next one finds it. */
  context: BrowserContext;
  workbench: Workbench;
  faults: string[];
};

export type DriveOptions = {
  asksForTrust?: boolean;
  /** What the extension host finds in its environment, besides the home. */
  env?: Record<string, string>;
  /** Packages of more extensions, made in a folder that goes with the server. */
  extensions?(root: string): Promise<string>[];
  settings?(sandbox: VsCodeSandbox): Record<string, unknown>;
  /** Before VS Code sees the folder. */
  prepare?(sandbox: VsCodeSandbox): void;
};

export async function drive(name: CodeServerName, options: DriveOptions = {}): Promise<Driven> {
  const codeServer = findCodeServer(name);
  assert.ok(codeServer);
  const sandbox = new VsCodeSandbox();
  options.prepare?.(sandbox);
  const server = new VsCodeServer({
    codeServer,
    env: { ...sandbox.env, ...options.env },
    settings: options.settings?.(sandbox) ?? {},
    asksForTrust: options.asksForTrust ?? false,
  });
  await server.install(await packagedExtension());
  for (const file of options.extensions?.(server.root) ?? []) await server.install(await file);
  await server.start();
  const browser = await launchBrowser();
  const faults: string[] = [];
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const driven = { server, sandbox, browser, context, faults };
  return { ...driven, workbench: await openWindow(driven) };
}

/**
 * Another window on the same folder, with an extension host of its own. Two that are open at once need contexts of their
 * own: in a browser, windows on one folder overwrite each other's record of what was open.
 */
export async function openWindow({ server, sandbox, context, faults }: Omit<Driven, 'workbench'>): Promise<Workbench> {
  const page = await context.newPage();
  listenForFaults(page, faults);
  const workbench = new Workbench(page, server);
  await workbench.open(sandbox.workspace);
  await workbench.showAnimus();
  return workbench;
}

/** What a page was not allowed, and what our own code threw. */
function listenForFaults(page: Page, faults: string[]): void {
  page.on('console', (message) => {
    const text = message.text();
    const isOurs = /Content Security Policy|animus\.animus/i.test(text);
    if (message.type() === 'error' && isOurs) faults.push(text.slice(0, 400));
  });
}

export async function end(driven: Driven | undefined): Promise<void> {
  await driven?.browser.close();
  await driven?.server.stop();
  await driven?.sandbox.remove();
}

/** The command in a terminal of its own, on the same home and folder. */
export async function animus(sandbox: VsCodeSandbox, args: readonly string[], env: Record<string, string> = {}) {
  const options = {
    cwd: sandbox.workspace,
    env: { PATH: process.env.PATH ?? '', HOME: sandbox.home, ...sandbox.env, ...env },
  };
  return promisify(execFile)(process.execPath, [path.join(ROOT, 'dist/animus.mjs'), ...args], options);
}

/** Keeps a picture of where a test failed. */
export function keepPictureOfFailure(title: string, driven: () => Driven | undefined): void {
  afterEach(async function () {
    if (this.currentTest?.isFailed()) await driven()?.workbench.shot(`failed-${title}`);
  });
}

const missing = missingForWorkbench();

/** Tests of which each goes on where the one before it stopped; skipped by name where there is nothing to drive. */
export function describeDriven(title: string, define: () => void): void {
  describe(title, function () {
    if (missing === undefined) {
      this.timeout(120_000);
      beforeEach(function () {
        if (this.currentTest?.parent?.tests.some((test) => test.isFailed())) this.skip();
      });
      define();
    } else it(`is driven (${missing})`);
  });
}
