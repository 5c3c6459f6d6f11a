/** A host's life: listen, open the database, dispatch, drain, leave. The composition is in compose.ts. */

import { readlinkSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AnimusError } from '../protocol/errors.ts';
import { namedUuid, uuidv7 } from '../rendezvous/ids.ts';
import { randomHex } from '../rendezvous/proof.ts';
import {
  presenceFolder,
  readStoreFile,
  removeHostFile,
  writeHostFile,
  writeStoreFile,
} from '../rendezvous/store-files.ts';
import { ApiServer, socketAddress } from './api/server.ts';
import { type ComposedHost, composeHost } from './compose.ts';
import { POSTGRES_MAJOR } from './db/open-database.ts';
import type { Db } from './db/types.ts';
import { forwardNotifications } from './forward-notifications.ts';
import type { HostIdentity, HostOptions } from './host-options.ts';
import { sweepMarker } from './process/process-tree.ts';
import { markHostStopped } from './store/hosts/hosts.ts';
import { queueFigures } from './store/work/queue.ts';

/** How often it is looked whether there is still a reason to stay. */
const IDLE_LOOK_MS = 1000;
/** How long a host whose store does not open says why. */
const FAILED_STAYS_MS = 2000;
/** What was answered last has to leave before the sockets close. */
const LAST_ANSWERS_MS = 50;

export class Host {
  #options: HostOptions;
  #identity: HostIdentity;
  #parts: ComposedHost;
  #server: ApiServer;
  #state: 'starting' | 'serving' | 'draining' = 'starting';
  #failure: AnimusError | undefined;
  #idleSince = Date.now();
  #idleTimer: NodeJS.Timeout | undefined;
  #leave: () => void = () => undefined;
  /** Resolves when the host has drained and closed everything. */
  readonly left: Promise<void>;

  constructor(options: HostOptions) {
    this.#options = options;
    const storeId = ownStoreId(options);
    const { place } = options.config.host;
    this.#identity = {
      instanceId: uuidv7(),
      storeId,
      place: place === null ? storeId : namedUuid('place', place),
      startedAt: new Date(),
    };
    this.left = new Promise((resolve) => {
      this.#leave = resolve;
    });
    const token = randomHex();
    this.#parts = composeHost(options, this.#identity, {
      state: () => this.#state,
      clientCount: () => this.#server.clientCount,
      drain: (reason) => this.drain(reason),
      leaveAfter: (work) => this.#leaveAfter(work),
      broadcast: (name, params) => this.#server.broadcast(name, params),
      token,
    });
    this.#server = new ApiServer(this.#parts.connections, () => {
      this.#idleSince = Date.now();
    });
  }

  /** Listens at once and opens the database behind it: a client has its first answer while the store still opens. */
  async start(): Promise<void> {
    const { store, env, build } = this.#options;
    const { log } = this.#parts;
    const address = socketAddress(store, this.#identity.instanceId, env);
    // Whoever starts holds the store's lock, so what lies there is a dead host's.
    rmSync(presenceFolder(store), { recursive: true, force: true });
    await this.#server.listen(address);
    writeHostFile(store, {
      instance_id: this.#identity.instanceId,
      store_id: this.#identity.storeId,
      pid: process.pid,
      host_name: hostname(),
      pid_namespace: pidNamespace(),
      socket: address.address,
      ...build,
      token: this.#parts.token,
      started_at: this.#identity.startedAt.toISOString(),
    });
    log('info', 'host.start', { pid: process.pid, ...build, store, folder: this.#options.folder });
    this.#idleTimer = setInterval(() => void this.#leaveWhenIdle(), IDLE_LOOK_MS);
    await this.#openStore();
  }

  /** Gives how many foci still run. The host leaves when they have ended. */
  drain(reason: string): number {
    const running = this.#parts.dispatcher()?.runningCount ?? 0;
    if (this.#state === 'draining') return running;
    this.#beginDrain(reason);
    void this.#shutDown();
    return running;
  }

  async #leaveAfter<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isDraining()) throw new AnimusError('draining', 'The host is about to leave.', 'Try again in a moment.');
    this.#beginDrain('the store is to be moved');
    try {
      await this.#parts.stop();
      return await work();
    } finally {
      void this.#shutDown();
    }
  }

  #beginDrain(reason: string): void {
    this.#state = 'draining';
    clearInterval(this.#idleTimer);
    this.#parts.log('info', 'host.drain', { reason, running: this.#parts.dispatcher()?.runningCount ?? 0 });
    this.#server.broadcast('host/changed', { state: 'draining' });
  }

  async #openStore(): Promise<void> {
    const { log } = this.#parts;
    try {
      const swept = await sweepMarker(`${this.#identity.storeId}/`);
      if (swept.ended > 0) log('warn', 'host.swept', swept);
      const db = await this.#parts.openDatabase();
      await forwardNotifications(db, (name, params) => this.#server.broadcast(name, params));
      if (this.#isDraining()) return;
      await this.#parts.startDispatcher(db);
      if (this.#isDraining()) return;
      this.#state = 'serving';
      this.#server.broadcast('host/changed', { state: 'serving' });
    } catch (error) {
      this.#failure = error as AnimusError;
      log('error', 'host.store_failed', { message: String(error), stack: (error as Error).stack });
      this.#server.broadcast('host/changed', { state: 'failed' });
      // Whoever asks meanwhile hears why; the next host may do better, so this one does not stay for its clients.
      setTimeout(() => this.drain('the store failed'), FAILED_STAYS_MS);
    }
  }

  #isDraining(): boolean {
    return this.#state === 'draining';
  }

  async #shutDown(): Promise<void> {
    const { log } = this.#parts;
    try {
      await this.#parts.stop();
      await sleep(LAST_ANSWERS_MS);
      await this.#server.close();
      const db = await this.#parts.openDatabase().catch(() => undefined); // it never opened: said when it failed
      if (db) {
        await markHostStopped(db, this.#identity.instanceId);
        await db.close();
      }
    } catch (error) {
      // What is recorded is recorded; the next host takes over what was held.
      log('error', 'host.drain_failed', { message: String(error) });
    }
    removeHostFile(this.#options.store);
    log('info', 'host.left');
    this.#leave();
  }

  /** Stays while work runs, a client is there, or an item has a due time; else leaves after the idle time. */
  async #leaveWhenIdle(): Promise<void> {
    if (this.#isBusy()) this.#idleSince = Date.now();
    const idleMs = this.#options.config.host.idle_seconds * 1000;
    if (this.#failure || this.#isDraining() || Date.now() - this.#idleSince < idleMs) return;
    // Somebody may have come while it was looked for due work.
    if ((await this.#hasDueWork()) || this.#isBusy()) this.#idleSince = Date.now();
    else this.drain('idle');
  }

  #isBusy(): boolean {
    return this.#server.clientCount > 0 || (this.#parts.dispatcher()?.runningCount ?? 0) > 0;
  }

  async #hasDueWork(): Promise<boolean> {
    try {
      const db: Db = await this.#parts.openDatabase();
      return (await queueFigures(db, this.#identity.place)).nextDueInMs !== null;
    } catch (error) {
      this.#parts.log('warn', 'host.idle_look_failed', { message: String(error) });
      return true;
    }
  }
}

/** The store's identity is made by its first host, under the lock. */
function ownStoreId({ store, folder }: HostOptions): string {
  const present = readStoreFile(store);
  if (present.kind === 'read') return present.value.store_id;
  if (present.kind === 'broken') throw new Error(`${present.reason}. Restore ${path.join(store, 'store.json')}.`);
  const store_id = uuidv7();
  writeStoreFile(store, { store_id, folders: [folder], postgres_major: POSTGRES_MAJOR });
  return store_id;
}

function pidNamespace(): string {
  return process.platform === 'linux' ? readlinkSync('/proc/self/ns/pid') : '';
}
