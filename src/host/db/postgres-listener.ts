/**
 * The connection that hears notifications. It reconnects for as long as it is wanted, and says after each reconnection
 * that something may have been missed.
 */
import type pg from 'pg';

export type Listener = { onPayload: (payload: string) => void; onReset: () => void };

type Events = { onLost: (reason: string) => void; onListenerError: (error: unknown) => void };

const RECONNECT_MIN_MS = 100;
const RECONNECT_MAX_MS = 5000;

export class PostgresListener {
  #createClient: () => pg.Client;
  #events: Events;
  #client: pg.Client | undefined;
  #connecting: Promise<void> | undefined;
  #listeners = new Map<string, Set<Listener>>();
  #retryTimer: NodeJS.Timeout | undefined;
  #delay = RECONNECT_MIN_MS;
  /** Set from a loss to the next connection: something may have been notified in between. */
  #missed = false;
  #closed = false;

  constructor(createClient: () => pg.Client, events: Events) {
    this.#createClient = createClient;
    this.#events = events;
  }

  async listen(channel: string, listener: Listener): Promise<() => Promise<void>> {
    const present = this.#listeners.get(channel);
    if (present) present.add(listener);
    else this.#listeners.set(channel, new Set([listener]));
    try {
      if (this.#client) await this.#client.query(`listen "${channel}"`);
      else await this.#connect();
    } catch (error) {
      this.#forget(channel, listener); // who is refused has nothing to end it with
      throw error;
    }
    return async () => {
      const wasLast = this.#forget(channel, listener);
      if (wasLast && !this.#closed) await this.#client?.query(`unlisten "${channel}"`);
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    await this.#connecting?.catch(() => undefined); // reported when it failed
    await this.#client?.end();
  }

  /** Whether it was the channel's last one. */
  #forget(channel: string, listener: Listener): boolean {
    const listeners = this.#listeners.get(channel);
    if (!listeners?.delete(listener) || listeners.size > 0) return false;
    return this.#listeners.delete(channel);
  }

  /** One connection, however many ask for it: a second one would hear everything twice and never be closed. */
  #connect(): Promise<void> {
    clearTimeout(this.#retryTimer);
    if (this.#client) return Promise.resolve();
    this.#connecting ??= this.#connectOnce().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connectOnce(): Promise<void> {
    const client = this.#createClient();
    client.on('notification', ({ channel, payload }) => this.#deliver(channel, payload ?? ''));
    // 'error' and 'end' both follow a broken connection; the second one finds nothing left to do.
    client.on('error', (error) => this.#lost(client, error.message));
    client.on('end', () => this.#lost(client, 'the connection ended'));
    try {
      await client.connect();
      for (const channel of this.#listeners.keys()) await client.query(`listen "${channel}"`);
    } catch (error) {
      client.end().catch(() => undefined); // it is broken already
      if (this.#missed && !this.#closed) this.#scheduleReconnect();
      throw error;
    }
    this.#client = client;
    this.#delay = RECONNECT_MIN_MS;
    if (this.#missed && !this.#closed) this.#reset();
    this.#missed = false;
  }

  #lost(client: pg.Client, reason: string): void {
    if (this.#closed || this.#client !== client) return;
    this.#client = undefined;
    this.#missed = true;
    this.#scheduleReconnect();
    this.#events.onLost(reason);
  }

  #scheduleReconnect(): void {
    this.#retryTimer = setTimeout(() => {
      this.#connect().catch(() => undefined); // the server is still away: the next try is set, and the poll goes on
    }, this.#delay);
    this.#delay = Math.min(this.#delay * 2, RECONNECT_MAX_MS);
  }

  #deliver(channel: string, payload: string): void {
    for (const listener of this.#listeners.get(channel) ?? []) this.#guarded(() => listener.onPayload(payload));
  }

  #reset(): void {
    for (const listeners of this.#listeners.values()) {
      for (const listener of listeners) this.#guarded(listener.onReset);
    }
  }

  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#events.onListenerError(error);
    }
  }
}
