/**
 * What the VS Code lane needs besides npm packages of ours: code-server (a real workbench, server and extension host), kept in
 * .cache by the lock file of test/vscode/code-server, and a Chromium.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** The newest one that was looked at, and the oldest that package.json declares. */
export type CodeServerName = 'newest' | 'oldest';

export type CodeServer = { name: CodeServerName; node: string; entry: string };

const LOGGER = path.join(ROOT, 'test/vscode/code-server/spdlog');

const CHROMIUMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** $CHROMIUM, or where Debian and others put one. */
export function findChromium(): string | undefined {
  return [process.env.CHROMIUM ?? '', ...CHROMIUMS].find((file) => file !== '' && existsSync(file));
}

/** Undefined where it is not installed as its lock file says. */
export function findCodeServer(name: CodeServerName): CodeServer | undefined {
  const folder = path.join(ROOT, '.cache/vscode', name);
  if (!existsSync(stampFile(folder)) || readFileSync(stampFile(folder), 'utf8') !== lockHash(name)) return undefined;
  const modules = path.join(folder, 'node_modules');
  const node = name === 'newest' ? process.execPath : path.join(modules, `node-linux-${process.arch}/bin/node`);
  const entry = path.join(modules, 'code-server/out/node/entry.js');
  return existsSync(node) && existsSync(entry) ? { name, node, entry } : undefined;
}

/** Why it cannot be had here; undefined where it can. */
export function codeServerComplaint(): string | undefined {
  if (process.platform !== 'linux') return 'it is set up on Linux only';
  if (process.versions.node.split('.')[0] !== '24') return `it needs Node 24, and this is ${process.versions.node}`;
  return undefined;
}

/** What is missing to drive a workbench, in words; undefined where nothing is. */
export function missingForWorkbench(): string | undefined {
  const complaint = codeServerComplaint();
  if (complaint) return `code-server: ${complaint}`;
  if (!findChromium()) return 'no Chromium here';
  const absent = (['newest', 'oldest'] as const).filter((name) => !findCodeServer(name));
  return absent.length > 0 ? `code-server is not installed (${absent.join(', ')})` : undefined;
}

/** Installs both by their lock files, without running any install script. Does nothing the second time. */
export function installCodeServers(): void {
  for (const name of ['newest', 'oldest'] as const) if (!findCodeServer(name)) install(name);
}

function install(name: CodeServerName): void {
  const folder = path.join(ROOT, '.cache/vscode', name);
  console.log(`installing code-server (${name}) into ${path.relative(ROOT, folder)} …`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', 'package-lock.json'])
    cpSync(path.join(lockFolder(name), file), path.join(folder, file));
  // What npm set for our own package would make it work on that one.
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^npm_/i.test(key)));
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const modules = path.join(folder, 'node_modules');
  cpSync(LOGGER, path.join(modules, '@vscode/spdlog'), { recursive: true });
  // The workbench asks for its packages beside itself; here they lie with everything else, locked.
  symlinkSync(
    path.join('..', '..', '..', '..', 'node_modules'),
    path.join(modules, 'code-server/lib/vscode/node_modules'),
  );
  writeFileSync(stampFile(folder), lockHash(name));
}

const lockFolder = (name: CodeServerName) => path.join(ROOT, 'test/vscode/code-server', name);
const stampFile = (folder: string) => path.join(folder, 'installed');

function lockHash(name: CodeServerName): string {
  const hash = createHash('sha256');
  for (const file of [path.join(lockFolder(name), 'package-lock.json'), path.join(LOGGER, 'index.js')]) {
    hash.update(readFileSync(file));
  }
  return hash.digest('hex');
}
