/**
 * Stands in for the executable of a desktop VS Code: takes the arguments that @vscode/test-electron gives it, and runs the
 * tests in the extension host of code-server. Exit code 0 says only that the tests' run() resolved.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { format, parseArgs } from 'node:util';
import { packageFolder } from './vscode-package.ts';
import { findCodeServer } from './vscode-parts.ts';
import { launchBrowser, VsCodeServer } from './vscode-server.ts';

const LIMIT_MS = 180_000;

const { values, positionals } = parseArgs({
  strict: false,
  allowPositionals: true,
  options: {
    extensionTestsPath: { type: 'string' },
    extensionDevelopmentPath: { type: 'string', multiple: true },
  },
});

/** What the tests are told through the environment; the server passes it on to the extension host. */
const ours = Object.entries(process.env).filter(([name]) => name.startsWith('ANIMUS_'));

async function main(): Promise<number> {
  const codeServer = findCodeServer('newest');
  if (!codeServer) throw new Error('code-server is not installed: node test/run.ts vscode installs it.');
  const env = Object.fromEntries(ours.map(([name, value]) => [name, value ?? '']));
  const server = new VsCodeServer({
    codeServer,
    env,
    isForTests: true,
    ...(env.ANIMUS_TEST_SERVER_LOG ? { log: env.ANIMUS_TEST_SERVER_LOG } : {}),
  });
  // A page takes one extension from its folder; a desktop takes many. The others are installed.
  const [, ...others] = developed();
  try {
    for (const [at, folder] of others.entries()) {
      await server.install(await packageFolder(folder, path.join(server.root, `${at}.vsix`)));
    }
    await server.start();
    return await runIn(server);
  } finally {
    await server.stop();
  }
}

function developed(): string[] {
  return [values.extensionDevelopmentPath ?? []].flat().map(String);
}

async function runIn(server: VsCodeServer): Promise<number> {
  const folder = positionals[0] ?? path.join(server.root, 'workspace');
  mkdirSync(folder, { recursive: true });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    return await new Promise<number>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`The tests did not end within ${LIMIT_MS} ms.`)), LIMIT_MS);
      const end = (code: number) => {
        clearTimeout(limit);
        resolve(code);
      };
      page.on('crash', () => reject(new Error('The page crashed.')));
      const open = async () => {
        // The workbench calls these two where its window has them.
        await page.exposeFunction('codeAutomationExit', end);
        await page.exposeFunction('codeAutomationLog', (type: string, args: unknown[]) => {
          if (process.env.ANIMUS_TEST_VERBOSE) console.log(`[${type}]`, format(...args));
        });
        const extensions = developed().slice(0, 1);
        await page.goto(
          server.url(folder, [
            ...extensions.map((file) => ['extensionDevelopmentPath', server.remoteUri(file)] as const),
            ['extensionTestsPath', server.remoteUri(String(values.extensionTestsPath))],
          ]),
        );
      };
      open().catch(reject);
    });
  } finally {
    await browser.close();
  }
}

main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
