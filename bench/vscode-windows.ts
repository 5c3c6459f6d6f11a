/** A VS Code with extensions in it, and windows of it that nobody has used before. */
import type { Browser, BrowserContext } from 'playwright-core';
import { findCodeServer, missingForWorkbench } from '../test/support/vscode-parts.ts';
import { VsCodeSandbox } from '../test/support/vscode-sandbox.ts';
import { launchBrowser, VsCodeServer } from '../test/support/vscode-server.ts';
import { Workbench } from '../test/support/vscode-workbench.ts';
import type { Cleanup } from './cleanup.ts';

export type BenchedVsCode = { server: VsCodeServer; sandbox: VsCodeSandbox };

/** A host that nobody ended, because the benchmark was killed, leaves by itself after this. */
const IDLE_SECONDS = '120';

/** Undefined where nothing is missing, else what: then there is nothing to measure. */
export const missingHere = missingForWorkbench;

/** `prepare` is called before anything of the sandbox has been opened, and may give settings. */
export async function startVsCode(
  cleanup: Cleanup,
  vsixes: readonly string[],
  prepare: (sandbox: VsCodeSandbox) => Promise<Record<string, unknown>>,
): Promise<BenchedVsCode> {
  const codeServer = findCodeServer('newest');
  if (!codeServer) throw new Error('code-server is not installed: npm run test:vscode installs it.');
  const sandbox = new VsCodeSandbox();
  cleanup.add(() => sandbox.remove());
  const settings = await prepare(sandbox);
  const env = { ...sandbox.env, ANIMUS_HOST_IDLE_SECONDS: IDLE_SECONDS };
  const server = new VsCodeServer({ codeServer, env, settings });
  cleanup.add(() => server.stop());
  for (const vsix of vsixes) await server.install(vsix);
  await server.start();
  return { server, sandbox };
}

export async function startBrowser(cleanup: Cleanup): Promise<Browser> {
  const browser = await launchBrowser();
  cleanup.add(() => browser.close());
  return browser;
}

/** A window that remembers nothing, with an extension host of its own. `inPages` runs first in every page and frame of it. */
export async function withWindow<Value>(
  browser: Browser,
  { server, sandbox }: BenchedVsCode,
  inPages: string,
  use: (workbench: Workbench) => Promise<Value>,
): Promise<Value> {
  const context: BrowserContext = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    await context.addInitScript(inPages);
    const workbench = new Workbench(await context.newPage(), server);
    await workbench.open(sandbox.workspace);
    return await use(workbench);
  } finally {
    await context.close();
  }
}
