/** Listens on the store's socket and keeps the clients that came. */

import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import type { Notification, NotificationParams } from '../../protocol/notifications.ts';
import { shortId } from '../../rendezvous/ids.ts';
import { ClientConnection, type ConnectionOptions } from './connection.ts';

/** Longer paths are cut or refused by some system, silently by others. */
const LONGEST_SOCKET_PATH = 100;

export type SocketAddress = {
  address: string;
  /** Where the sockets of this store's earlier hosts lie, and how their names begin; null where none are left behind. */
  leftovers: { folder: string; prefix: string } | null;
};

/**
 * Where a host listens: in the store's folder, or, where that path is too long, in a short private one. The name is the
 * instance's own, so that who still has the address of a dead host meets nobody there.
 */
export function socketAddress(store: string, instanceId: string, env: NodeJS.ProcessEnv): SocketAddress {
  const hash = createHash('sha256').update(store).digest('hex').slice(0, 16);
  const own = shortId(instanceId);
  if (process.platform === 'win32') return { address: `\\\\.\\pipe\\animus-${hash}-${own}`, leftovers: null };
  const inStore = path.join(store, `host-${own}.sock`);
  if (Buffer.byteLength(inStore) <= LONGEST_SOCKET_PATH) {
    return { address: inStore, leftovers: { folder: store, prefix: 'host-' } };
  }
  const folder = privateSocketFolder(env);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  requirePrivate(folder);
  return { address: path.join(folder, `${hash}-${own}.sock`), leftovers: { folder, prefix: `${hash}-` } };
}

/** Where the sockets lie of stores whose own folders have paths that are too long. */
export function privateSocketFolder(env: NodeJS.ProcessEnv): string {
  return path.join(env.XDG_RUNTIME_DIR || '/tmp', `animus-${process.getuid?.() ?? 0}`);
}

/** Whoever calls it holds the store's lock, so every socket of the store is a dead host's. */
function removeLeftovers({ folder, prefix }: NonNullable<SocketAddress['leftovers']>): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(prefix) && name.endsWith('.sock')) rmSync(path.join(folder, name), { force: true });
  }
}

/** A folder under /tmp may be somebody else's, or a link to somewhere. */
function requirePrivate(folder: string): void {
  const stat = lstatSync(folder);
  const own = stat.uid === process.getuid?.();
  if (!stat.isDirectory() || !own || (stat.mode & 0o077) !== 0) {
    throw new Error(`${folder} is not a private folder of yours; remove it, or set XDG_RUNTIME_DIR to one that is.`);
  }
}

export class ApiServer {
  #server: Server;
  #clients = new Set<ClientConnection>();
  #onIdle: () => void;

  /** `onIdle` is called whenever the last client has left. */
  constructor(options: Omit<ConnectionOptions, 'clientCount'>, onIdle: () => void) {
    this.#onIdle = onIdle;
    this.#server = createServer((socket) => {
      const client = new ClientConnection(socket, { ...options, clientCount: () => this.clientCount });
      this.#clients.add(client);
      void client.closed.then(() => {
        this.#clients.delete(client);
        if (this.#clients.size === 0) this.#onIdle();
      });
    });
  }

  get clientCount(): number {
    return [...this.#clients].filter(({ initialized }) => initialized).length;
  }

  /** Whoever calls it holds the store's lock. */
  async listen({ address, leftovers }: SocketAddress): Promise<void> {
    if (leftovers) removeLeftovers(leftovers);
    // The socket is bound within `listen`, so only it is made under this mask.
    const before = process.umask(0o077);
    try {
      const listening = new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen(address, () => resolve());
      });
      process.umask(before);
      await listening;
    } finally {
      process.umask(before);
    }
    if (leftovers) chmodSync(address, 0o600);
  }

  broadcast<N extends Notification>(name: N, params: NotificationParams<N>): void {
    for (const client of this.#clients) client.notify(name, params);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const client of this.#clients) client.close();
    await closed;
  }
}
