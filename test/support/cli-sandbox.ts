/** A home, a workspace and the built command, all of their own; what was started in it is ended by its id. */
import { execFile, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attachIfRunning, findOrStartHost, type HostLocation } from '../../src/client/find-or-start-host.ts';
import type { HostClient } from '../../src/client/host-client.ts';
import { obtainTerminalKey } from '../../src/host/cli/person-key-file.ts';
import { readBuildInfo } from '../../src/rendezvous/build-info.ts';
import { type HostFile, readHostFile } from '../../src/rendezvous/store-files.ts';
import { storeFolder } from '../../src/rendezvous/store-folder.ts';
import { decideWith } from './person.ts';

export const ROOT = path.resolve(import.meta.dirname, '../..');
const COMMAND = path.join(ROOT, 'dist/animus.mjs');
const BUNDLE = path.join(ROOT, 'dist/host');

export type CommandResult = { code: number; stdout: string; stderr: string };

export type RunOptions = { env?: Record<string, string>; input?: string; cwd?: string };

const COMMAND_LIMIT_MS = 120_000;

/** What a command of a test gets to see: nothing of the machine's own configuration. */
function cleanEnvironment(home: string, more: Record<string, string> = {}): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: home, ANIMUS_HOME: home, NO_COLOR: '1', ...more };
}

export class CliSandbox {
  readonly home: string;
  readonly workspace: string;
  /** For every command of this sandbox, and so for the hosts that they start. */
  readonly env: Record<string, string>;
  #root: string;
  #pids = new Set<number>();

  constructor(env: Record<string, string> = {}) {
    this.#root = realpathSync(mkdtempSync(path.join(tmpdir(), 'animus-cli-')));
    this.home = path.join(this.#root, 'home');
    this.workspace = path.join(this.#root, 'project');
    this.env = env;
    mkdirSync(this.home);
    mkdirSync(this.workspace);
  }

  get store(): string {
    return storeFolder(this.home, this.workspace);
  }

  /** Writes files of the workspace, by relative path. */
  write(files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(this.workspace, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }

  /** A script for the scripted model; gives the model's name. */
  script(script: object): string {
    const file = path.join(this.#root, `script-${readdirSync(this.#root).length}.json`);
    writeFileSync(file, JSON.stringify(script));
    return `scripted/${file}`;
  }

  async animus(args: string[], options: RunOptions = {}): Promise<CommandResult> {
    const result = await new Promise<CommandResult>((resolve, reject) => {
      const child = spawn(process.execPath, [COMMAND, ...args], {
        cwd: options.cwd ?? this.workspace,
        env: cleanEnvironment(this.home, { ...this.env, ...options.env }),
        timeout: COMMAND_LIMIT_MS,
        killSignal: 'SIGKILL',
      });
      const output = { stdout: '', stderr: '' };
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output.stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        output.stderr += text;
      });
      child.stdin.end(options.input ?? '');
      child.once('error', reject);
      child.once('close', (code) => resolve({ code: code ?? -1, ...output }));
    });
    this.#noteHost();
    return result;
  }

  /** Runs with --json and gives what was printed. Throws where that is no JSON. */
  async json<T = Record<string, unknown>>(args: string[], options: RunOptions = {}): Promise<T & { code: number }> {
    const { code, stdout, stderr } = await this.animus([...args, '--json'], options);
    try {
      return { ...(JSON.parse(stdout) as T), code };
    } catch (cause) {
      throw new Error(`animus ${args.join(' ')} (code ${code}) printed no JSON: ${stdout}\n${stderr}`, { cause });
    }
  }

  hostFile(): HostFile | undefined {
    const file = readHostFile(this.store);
    return file.kind === 'read' ? file.value : undefined;
  }

  /** A connection of the test's own to the running host. */
  async attach(kind: 'api' | 'vscode' = 'api'): Promise<HostClient> {
    const client = await attachIfRunning(this.#location(kind));
    if (!client) throw new Error('No host runs in this sandbox.');
    return client;
  }

  /** The same, as whoever decides here: with the key of this sandbox's terminals. */
  async attachAsPerson(): Promise<HostClient> {
    const client = await this.attach();
    await decideWith(client, obtainTerminalKey(this.home));
    return client;
  }

  /** The same as attach, after starting a host where none runs: what every command does first. */
  async connect(): Promise<HostClient> {
    const client = await findOrStartHost(this.#location());
    this.#pids.add(client.host.pid);
    return client;
  }

  #location(kind: 'api' | 'vscode' = 'api'): HostLocation {
    const identity = { kind, build: readBuildInfo(BUNDLE), folder: this.workspace, home: this.home };
    return {
      identity: { ...identity, database: 'embedded' },
      store: this.store,
      bundle: BUNDLE,
      env: cleanEnvironment(this.home, this.env),
    };
  }

  /** kill -9 of the running host; resolves when it is gone. */
  async killHost(): Promise<void> {
    const pid = this.hostFile()?.pid;
    if (pid === undefined || !isAlive(pid)) return;
    process.kill(pid, 'SIGKILL');
    while (isAlive(pid)) await sleep(5);
  }

  /** Every text that this sandbox's home holds but the database's own files. */
  readTexts(): { file: string; text: string }[] {
    return readdirSync(this.home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .filter((file) => !file.includes(`${path.sep}hosts${path.sep}`))
      .flatMap((file) => readIfThere(file));
  }

  /** Ends the hosts that ran here and removes everything. */
  async remove(): Promise<void> {
    this.#noteHost();
    for (const pid of this.#pids) {
      if (!this.#isOurHost(pid)) continue;
      process.kill(pid, 'SIGKILL');
      while (isAlive(pid)) await sleep(5);
    }
    rmSync(this.#root, { recursive: true, force: true });
  }

  #noteHost(): void {
    const pid = this.hostFile()?.pid;
    if (pid !== undefined) this.#pids.add(pid);
  }

  /** A pid may have become somebody else's by now. */
  #isOurHost(pid: number): boolean {
    const file = `/proc/${pid}/cmdline`;
    return existsSync(file) && readFileSync(file, 'utf8').includes(this.#root);
  }
}

export function isAlive(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  if (!existsSync(stat)) return false;
  try {
    // A zombie waits for its parent and does nothing more.
    return !/\) Z /.test(readFileSync(stat, 'utf8'));
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** The command lines of all processes whose arguments name `text`. */
export function commandLines(text: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    execFile('ps', ['-eo', 'args', '-ww'], (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout.split('\n').filter((line) => line.includes(text)));
    });
  });
}

/** A host that leaves takes files along: what is gone by now holds nothing. */
function readIfThere(file: string): { file: string; text: string }[] {
  try {
    return [{ file, text: readFileSync(file, 'latin1') }];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
