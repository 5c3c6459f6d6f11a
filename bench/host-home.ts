/** A home of its own in which the built host is started; each host is ended by its id. */
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findOrStartHost, type HostLocation } from '../src/client/find-or-start-host.ts';
import type { HostClient } from '../src/client/host-client.ts';
import { databaseLabel } from '../src/host/config/database-label.ts';
import { readBuildInfo } from '../src/rendezvous/build-info.ts';
import { readHostFile } from '../src/rendezvous/store-files.ts';
import { storeFolder } from '../src/rendezvous/store-folder.ts';

const BUNDLE = path.resolve(import.meta.dirname, '../dist/host');
const END_WITHIN_MS = 10_000;
/** A host that nobody ended, because the benchmark was killed, leaves by itself after this. */
const IDLE_SECONDS = '20';

export class HostHome {
  #root = realpathSync(mkdtempSync(path.join(tmpdir(), 'home-')));
  #env: Record<string, string>;
  #locations: HostLocation[] = [];
  #pids = new Set<number>();
  #starts: Promise<unknown>[] = [];
  #removed = false;

  constructor(env: Record<string, string> = {}) {
    if (!existsSync(path.join(BUNDLE, 'main.mjs'))) throw new Error('There is no build: npm run bench makes one.');
    this.#env = env;
    mkdirSync(this.#home);
  }

  get #home(): string {
    return path.join(this.#root, 'home');
  }

  /** A new workspace with one file in it, and where its store will lie. */
  newLocation(): HostLocation {
    const folder = path.join(this.#root, `project-${this.#locations.length + 1}`);
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'note.md'), 'A heron stands in the pond.\n');
    const home = this.#home;
    const env = {
      PATH: process.env.PATH ?? '',
      HOME: home,
      ANIMUS_HOME: home,
      ANIMUS_HOST_IDLE_SECONDS: IDLE_SECONDS,
      ...this.#env,
    };
    const database = databaseLabel(this.#env.ANIMUS_DATABASE_URL ?? null);
    const identity = { kind: 'api' as const, build: readBuildInfo(BUNDLE), folder, database, home };
    const location = { identity, store: storeFolder(home, folder), bundle: BUNDLE, env };
    this.#locations.push(location);
    return location;
  }

  async start(location: HostLocation): Promise<HostClient> {
    if (this.#removed) throw new Error('The benchmark is over: it starts no more hosts.');
    const start = findOrStartHost(location);
    this.#starts.push(start.then(({ host }) => this.#pids.add(host.pid)));
    return start;
  }

  /** A clean stop, as `animus host stop` makes it; resolves when the process is gone. */
  async stop(client: HostClient): Promise<void> {
    const { pid } = client.host;
    await client.request('host/drain', { reason: 'benchmark' });
    await client.closed;
    await untilEnded(pid);
    this.#pids.delete(pid);
  }

  async remove(): Promise<void> {
    this.#removed = true;
    // Whoever is being spawned has an id only when it answers.
    await Promise.allSettled(this.#starts);
    for (const { store } of this.#locations) {
      const file = readHostFile(store);
      if (file.kind === 'read') this.#pids.add(file.value.pid);
    }
    for (const pid of this.#pids) {
      if (isRunning(pid)) process.kill(pid, 'SIGKILL');
      await untilEnded(pid);
    }
    this.#pids.clear();
    rmSync(this.#root, { recursive: true, force: true });
  }
}

async function untilEnded(pid: number): Promise<void> {
  const deadline = Date.now() + END_WITHIN_MS;
  while (isRunning(pid)) {
    if (Date.now() > deadline) throw new Error(`The host ${pid} did not end within ${END_WITHIN_MS / 1000} s.`);
    await sleep(5);
  }
}

/** Our own children only, so the id is nobody else's before we have heard of the end. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
