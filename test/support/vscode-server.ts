/** A VS Code with throw-away folders on loopback, and a browser to look at it. Nothing leaves this machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium } from 'playwright-core';
import { type CodeServer, findChromium } from './vscode-parts.ts';

/** A quiet workbench: nothing asks the network, nothing moves, nothing covers what is looked at. */
const QUIET = {
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'workbench.editor.useModal': 'off',
  'workbench.enableExperiments': false,
  'workbench.reduceMotion': 'on',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'window.commandCenter': false,
} as const;

export type ServerOptions = {
  codeServer: CodeServer;
  env?: Record<string, string>;
  settings?: Record<string, unknown>;
  /** Asks whether a folder is trusted, as a desktop does; else every folder is. */
  asksForTrust?: boolean;
  /** Loads an extension and its tests from source folders. It hides notifications. */
  isForTests?: boolean;
  /** Everything the server says is kept here. */
  log?: string;
};

const STARTS_WITHIN_MS = 60_000;
const ENDS_WITHIN_MS = 15_000;

export class VsCodeServer {
  readonly root: string;
  #options: ServerOptions;
  #port = 0;
  #process: ChildProcess | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.root = realpathSync(mkdtempSync(path.join(tmpdir(), 'animus-vscode-')));
    mkdirSync(path.join(this.root, 'data/User'), { recursive: true });
    const trust = { 'security.workspace.trust.enabled': options.asksForTrust ?? false };
    const settings = { ...QUIET, ...trust, 'security.workspace.trust.startupPrompt': 'never', ...options.settings };
    writeFileSync(path.join(this.root, 'data/User/settings.json'), JSON.stringify(settings));
    // Without one it writes a default into the home folder.
    writeFileSync(path.join(this.root, 'config.yaml'), '');
  }

  async install(vsix: string): Promise<void> {
    const code = await this.#ended(this.#run(['--install-extension', vsix], 'ignore'));
    if (code !== 0) throw new Error(`code-server could not install ${vsix}: code ${code}`);
  }

  async start(): Promise<void> {
    this.#port = await freePort();
    const { asksForTrust, isForTests, log } = this.#options;
    const child = this.#run(
      [
        ...['--bind-addr', `127.0.0.1:${this.#port}`, '--auth', 'none', '--ignore-last-opened'],
        ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override', '--disable-proxy'],
        ...(asksForTrust ? [] : ['--disable-workspace-trust']),
        // A built workbench takes extensions and tests from the page's address only with this.
        ...(isForTests ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
      ],
      'pipe',
    );
    const sink = log ? createWriteStream(log) : undefined;
    for (const stream of [child.stdout, child.stderr]) {
      if (sink) stream?.pipe(sink, { end: false });
      else stream?.resume();
    }
    this.#process = child;
    const deadline = Date.now() + STARTS_WITHIN_MS;
    while (!(await this.#answers())) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error('code-server did not start');
      await sleep(100);
    }
  }

  /** The workbench with a folder open. */
  url(folder: string, payload: readonly (readonly [string, string])[] = []): string {
    const url = new URL(`http://127.0.0.1:${this.#port}/`);
    url.searchParams.set('folder', folder);
    if (payload.length > 0) url.searchParams.set('payload', JSON.stringify(payload));
    return url.href;
  }

  /** Paths that the page names carry the server's own authority. */
  remoteUri(file: string): string {
    return `vscode-remote://127.0.0.1:${this.#port}${path.resolve(file)}`;
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = this.#ended(child);
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN_MS);
      await ended;
      clearTimeout(late);
    }
    // What it started writes for a moment after it.
    rmSync(this.root, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  }

  #run(args: readonly string[], output: 'pipe' | 'ignore'): ChildProcess {
    const { codeServer, env } = this.#options;
    const own = ['--config', 'config.yaml', '--user-data-dir', 'data', '--extensions-dir', 'extensions'];
    const places = own.map((word, at) => (at % 2 === 0 ? word : path.join(this.root, word)));
    const kept = Object.entries(process.env).filter(
      ([name]) => !/^(npm_|VSCODE_|ANIMUS_|ANTHROPIC_|(HASHED_)?PASSWORD$|PORT$)/i.test(name),
    );
    return spawn(codeServer.node, [codeServer.entry, ...places, ...args], {
      cwd: this.root,
      // No marketplace; sockets of its own.
      env: { ...Object.fromEntries(kept), XDG_RUNTIME_DIR: this.root, EXTENSIONS_GALLERY: '{}', ...env },
      stdio: ['ignore', output, output],
    });
  }

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(`http://127.0.0.1:${this.#port}/healthz`)).ok;
    } catch {
      return false;
    }
  }

  #ended(child: ChildProcess): Promise<number | null> {
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code));
    });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

export function launchBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('No Chromium here: set CHROMIUM to one.');
  return chromium.launch({
    executablePath,
    args: [
      ...['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync'],
      // Chromium refuses its own sandbox to root.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
}
