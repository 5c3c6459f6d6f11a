/** One life of the database's thread: started, asked, ended. Who restarts it is pglite-db's business. */
import { Worker } from 'node:worker_threads';
import type { BatchAnswer, Statement } from './transactions.ts';
import { DbError, DbLost, type Row } from './types.ts';
import type { WorkerAnswer, WorkerRequest, WorkerSettings } from './worker-messages.ts';

type Waiting = { resolve: (answer: BatchAnswer) => void; reject: (error: Error) => void; watchdog: NodeJS.Timeout };

export type ThreadEvents = {
  onNotified: (channel: string, payload: string) => void;
  /**
   * The thread failed or was killed; every open call has been rejected with DbLost. The data folder may be opened again
   * only when `exited` has resolved.
   */
  onLost: (reason: string, exited: Promise<void>) => void;
};

/** After this long without an answer the database is taken to hang (it can, after a failed CHECKPOINT) and is ended. */
const ANSWER_WITHIN_MS = 30_000;
/** The same for what works through whole tables, or through everything. */
export const SLOW_ANSWER_WITHIN_MS = 10 * 60_000;

export class WorkerThread {
  #worker: Worker;
  #nextId = 1;
  #waiting = new Map<number, Waiting>();
  #events: ThreadEvents;
  #closing = false;
  #ended = false;
  #exited: Promise<void>;
  /** Resolves when the database is open, rejects with the reason it cannot be. */
  readonly opened: Promise<void>;

  constructor(settings: WorkerSettings, events: ThreadEvents) {
    this.#events = events;
    const file = import.meta.url.endsWith('.ts') ? './db-worker.ts' : './db-worker.mjs';
    // The environment is the host's own; the thread needs none of it.
    this.#worker = new Worker(new URL(file, import.meta.url), { workerData: settings, env: {}, execArgv: [] });
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => resolve());
    });
    this.opened = new Promise((resolve, reject) => {
      this.#worker.on('message', (answer: WorkerAnswer) => {
        if ('opened' in answer) {
          if (answer.opened) resolve();
          else reject(new DbError(answer.error.message, answer.error.code, undefined));
        } else this.#take(answer);
      });
      this.#worker.once('error', (error) => this.#end(`it failed: ${error.message}`));
      this.#worker.once('exit', (code) => {
        this.#end(`it ended with code ${code}`);
        reject(new DbLost(`The database's thread ended with code ${code} while opening.`));
      });
    });
    this.opened.catch(() => undefined); // whoever awaits it gets the error; nobody may be
  }

  /** The rows of a request that is one thing; rejects where it is refused. */
  async ask(request: WorkerRequest, withinMs = ANSWER_WITHIN_MS): Promise<Row[]> {
    const { rows, refused } = await this.#post(request, withinMs);
    if (refused) throw refused.error;
    return rows[0] ?? [];
  }

  /** Never rejects: a thread that is lost refuses what it had not answered. */
  askAll(statements: readonly Statement[]): Promise<BatchAnswer> {
    return this.#post({ kind: 'query', statements }, ANSWER_WITHIN_MS).catch((error) => ({
      rows: [],
      refused: { error },
    }));
  }

  #post(request: WorkerRequest, withinMs: number): Promise<BatchAnswer> {
    if (this.#ended) return Promise.reject(new DbLost("The database's thread has ended."));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      const watchdog = setTimeout(() => void this.kill(`it gave no answer for ${withinMs / 1000} s`), withinMs);
      this.#waiting.set(id, { resolve, reject, watchdog });
      this.#worker.postMessage({ ...request, id });
    });
  }

  /** Checkpoints and ends. Falls back to ending it hard when it does not answer. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.ask({ kind: 'close' }).catch((error) => {
      if (!(error instanceof DbLost)) throw error;
    });
    await this.#exited;
  }

  /** Ends the thread wherever it is; the data folder stays sound (it recovers at the next open). */
  async kill(reason: string): Promise<void> {
    this.#end(reason);
    await this.#worker.terminate();
  }

  #take(answer: Exclude<WorkerAnswer, { opened: boolean }>): void {
    if ('notified' in answer) {
      this.#events.onNotified(answer.notified, answer.payload);
      return;
    }
    const waiting = this.#waiting.get(answer.id);
    if (!waiting) return;
    this.#waiting.delete(answer.id);
    clearTimeout(waiting.watchdog);
    const { rows, refused } = answer;
    if (!refused) waiting.resolve({ rows });
    else waiting.resolve({ rows, refused: { error: new DbError(refused.message, refused.code, refused.constraint) } });
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.watchdog);
      waiting.reject(new DbLost(`The database's thread was lost: ${reason}.`));
    }
    this.#waiting.clear();
    if (!this.#closing) this.#events.onLost(reason, this.#exited);
  }
}
