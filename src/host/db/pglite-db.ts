/**
 * PGlite behind the Db interface: one connection in a thread, calls in order of arrival, the thread reopened when it is
 * lost. It locks nothing: whoever opens it must hold the store's lock.
 */
import { isDiskFull } from './disk-space.ts';
import { schemaQualifier } from './schema-name.ts';
import { createTx, outsideTransaction, refuseInsideTransaction, withTransactionRetry } from './transactions.ts';
import { DbLost, type EmbeddedDb, type Row, type SqlValue, type Tx } from './types.ts';
import type { WorkerSettings } from './worker-messages.ts';
import { SLOW_ANSWER_WITHIN_MS, WorkerThread } from './worker-thread.ts';

export type PgliteOptions = WorkerSettings & {
  schema: string;
  /** Told, for the log, when the thread was lost and when it is back. */
  onLost?: (reason: string) => void;
  onReopened?: () => void;
  /** Told when it could not be reopened: every call is refused from then on. */
  onGivenUp?: () => void;
  /** Told when a write was refused because the disk is full. */
  onDiskFull?: () => void;
  /** Told of a listener that threw. */
  onListenerError?: (error: unknown) => void;
};

type Listener = { onPayload: (payload: string) => void; onReset: () => void };

const REOPEN_DELAYS_MS = [0, 100, 500, 2000, 5000];

/** Opens the database and resolves when it answers. Rejects with the database's own reason. */
export async function openPglite(options: PgliteOptions): Promise<PgliteDb> {
  const db = new PgliteDb(options);
  try {
    await db.opened();
  } catch (error) {
    await db.discard();
    throw error;
  }
  return db;
}

export class PgliteDb implements EmbeddedDb {
  readonly kind = 'pglite';
  #options: PgliteOptions;
  #qualify: (sql: string) => string;
  #thread: WorkerThread;
  #ready: Promise<void>;
  #turn: Promise<unknown> = Promise.resolve();
  #listeners = new Map<string, Set<Listener>>();
  #closed = false;
  /** A loss while it is set is met by the loop that reopens: two threads on one folder would ruin it. */
  #reopening = false;

  constructor(options: PgliteOptions) {
    this.#options = options;
    this.#qualify = schemaQualifier(options.schema);
    const { folder, template } = options;
    this.#thread = this.#start({ ...(folder ? { folder } : {}), ...(template ? { template } : {}) });
    this.#ready = this.#thread.opened;
  }

  opened(): Promise<void> {
    return this.#ready;
  }

  async query<R extends Row = Row>(sql: string, params: readonly SqlValue[] = []): Promise<R[]> {
    refuseInsideTransaction(this);
    const statements = [{ sql: this.#qualify(sql), params }];
    const rows = await this.#inTurn(() => this.#thread.ask({ kind: 'query', statements }));
    return rows as R[];
  }

  async exec(sql: string): Promise<void> {
    refuseInsideTransaction(this);
    await this.#inTurn(() => this.#thread.ask({ kind: 'exec', sql: this.#qualify(sql) }));
  }

  async maintain(statement: string): Promise<void> {
    refuseInsideTransaction(this);
    const request = { kind: 'exec' as const, sql: this.#qualify(statement) };
    await this.#inTurn(() => this.#thread.ask(request, SLOW_ANSWER_WITHIN_MS));
  }

  async dump(file: string): Promise<number> {
    refuseInsideTransaction(this);
    const [row] = await this.#inTurn(() => this.#thread.ask({ kind: 'dump', file }, SLOW_ANSWER_WITHIN_MS));
    return Number(row?.bytes);
  }

  async transaction<T>(body: (tx: Tx) => Promise<T>): Promise<T> {
    refuseInsideTransaction(this);
    return withTransactionRetry(this, () => this.#inTurn(() => this.#transact(body)));
  }

  async listen(channel: string, onPayload: (payload: string) => void, onReset: () => void) {
    const name = this.#qualify(`animus.${channel}`);
    const listener = { onPayload, onReset };
    const present = this.#listeners.get(name);
    if (present) present.add(listener);
    else {
      this.#listeners.set(name, new Set([listener]));
      try {
        await this.#inTurn(() => this.#thread.ask({ kind: 'listen', channel: name }));
      } catch (error) {
        this.#forget(name, listener); // who is refused has nothing to end it with
        throw error;
      }
    }
    return async () => {
      const wasLast = this.#forget(name, listener);
      if (wasLast && !this.#closed) await this.#inTurn(() => this.#thread.ask({ kind: 'unlisten', channel: name }));
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#turn.catch(() => undefined); // its own caller has the error
    await this.#thread.close();
  }

  /** For a database that did not open: its thread would stay, or be opened anew, and hold the folder for nobody. */
  async discard(): Promise<void> {
    this.#closed = true;
    await this.#thread.kill('it did not open');
  }

  /** Ends the database's thread as a crash would. It reopens by itself; used to show that nothing is lost. */
  killThread(reason: string): Promise<void> {
    return this.#thread.kill(reason);
  }

  async #transact<T>(body: (tx: Tx) => Promise<T>): Promise<T> {
    const thread = this.#thread;
    const { tx, finish } = createTx((statements) =>
      thread.askAll(statements.map(({ sql, params }) => ({ sql: this.#qualify(sql), params }))),
    );
    let result: T;
    try {
      result = await body(tx);
      const { refused } = await finish();
      if (refused) throw refused.error;
    } catch (error) {
      const { begun } = await finish();
      if (begun) await this.#rollBack(thread);
      throw error;
    }
    const { begun } = await finish();
    if (begun) await thread.ask({ kind: 'exec', sql: 'commit' });
    return result;
  }

  async #rollBack(thread: WorkerThread): Promise<void> {
    // A thread that is lost has rolled back by itself.
    await thread.ask({ kind: 'exec', sql: 'rollback' }).catch((fault) => {
      if (!(fault instanceof DbLost)) throw fault;
    });
  }

  /** One call or one transaction at a time: there is one connection. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new DbLost('The database is closed.'));
    const result = this.#turn.then(
      () => this.#ready.then(work),
      () => this.#ready.then(work),
    );
    this.#turn = result;
    result.catch((error) => {
      if (isDiskFull(error)) this.#options.onDiskFull?.();
    });
    return result;
  }

  #start(settings: WorkerSettings): WorkerThread {
    return new WorkerThread(settings, {
      onNotified: (channel, payload) => this.#deliver(channel, payload),
      onLost: (reason, exited) => this.#lost(reason, exited),
    });
  }

  /** Whether it was the channel's last one. */
  #forget(channel: string, listener: Listener): boolean {
    const listeners = this.#listeners.get(channel);
    if (!listeners?.delete(listener) || listeners.size > 0) return false;
    return this.#listeners.delete(channel);
  }

  #deliver(channel: string, payload: string): void {
    for (const listener of this.#listeners.get(channel) ?? []) {
      this.#guarded(() => listener.onPayload(payload));
    }
  }

  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.onListenerError?.(error);
    }
  }

  #lost(reason: string, exited: Promise<void>): void {
    if (this.#closed || this.#reopening) return;
    this.#reopening = true;
    this.#options.onLost?.(reason);
    // The loss may show within a transaction, and what listeners do when the database is back is no part of that.
    outsideTransaction(() => {
      this.#ready = exited.then(() => this.#reopen());
      this.#ready.then(
        () => this.#options.onReopened?.(),
        () => this.#options.onGivenUp?.(), // every later call is rejected with it
      );
    });
  }

  async #reopen(): Promise<void> {
    let failure: unknown;
    for (const delay of REOPEN_DELAYS_MS) {
      await new Promise((resolve) => setTimeout(resolve, delay));
      if (this.#closed) throw new DbLost('The database is closed.');
      // An in-memory database is gone with its thread; a folder is there by now, so no template.
      const { folder } = this.#options;
      this.#thread = this.#start(folder ? { folder } : {});
      try {
        await this.#thread.opened;
        for (const channel of this.#listeners.keys()) await this.#thread.ask({ kind: 'listen', channel });
        this.#reopening = false;
        for (const listeners of this.#listeners.values()) {
          for (const listener of listeners) this.#guarded(listener.onReset);
        }
        return;
      } catch (error) {
        failure = error;
        await this.#thread.kill('it did not reopen');
      }
    }
    throw new DbLost('The database could not be reopened after five tries.', { cause: failure });
  }
}
