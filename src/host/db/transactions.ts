/** What the two drivers' transactions have in common: the retry of whole bodies, and the guard against self-waiting. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { SQLSTATE } from './sqlstate.ts';
import { DbError, type Row, type SqlValue, type Tx } from './types.ts';

const MOST_TRIES = 5;
const RETRY_WITHIN_MS = 20;

const insideTransaction = new AsyncLocalStorage<object>();

/** Throws when the caller runs within a transaction of this very database. */
export function refuseInsideTransaction(db: object): void {
  if (insideTransaction.getStore() === db) {
    throw new Error("A query went to the database from inside its own transaction: use the transaction's `tx`.");
  }
}

/** For what a transaction sets off and does not wait for: it is not inside. */
export function outsideTransaction<T>(work: () => T): T {
  return insideTransaction.exit(work);
}

/** Runs `attempt` with the guard set, again where the database asks for that. */
export async function withTransactionRetry<T>(db: object, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await insideTransaction.run(db, attempt);
    } catch (error) {
      if (tries >= MOST_TRIES || !asksForRetry(error)) throw error;
    }
    // Whoever it gave way to gets on first: a quick one would only stand in the way again.
    await sleep(Math.random() * RETRY_WITHIN_MS * tries);
  }
}

export type Statement = { sql: string; params: readonly SqlValue[] };

export type Refusal = { error: unknown };

/** The rows of each statement, up to the first one that was refused. */
export type BatchAnswer = { rows: Row[][]; refused?: Refusal };

/** Runs statements one after another and none after one that is refused, in one round trip. Never rejects. */
export type SendBatch = (statements: readonly Statement[]) => Promise<BatchAnswer>;

export type OpenTx = {
  tx: Tx;
  /**
   * Waits for what was asked for, refuses all that comes later, and says whether there is a transaction to be ended, and what
   * was refused in it. That undoes the whole transaction: the commit of a body that caught the error would be a rollback
   * that nobody is told of.
   */
  finish(): Promise<{ begun: boolean; refused: Refusal | undefined }>;
};

const BEGIN: Statement = { sql: 'begin', params: [] };
const OVER: Refusal = { error: new Error('The transaction is over: its body did not wait for all of its statements.') };

/**
 * The handle for a transaction's body. What the body asks for without awaiting in between travels together; `begin` goes
 * with the first. Each statement still runs by itself, in the order of asking, and sees what was committed before it.
 */
export function createTx(send: SendBatch): OpenTx {
  let begun = false;
  let refused: Refusal | undefined;
  let asked: Asked[] = [];
  let last = Promise.resolve();
  const sendAsked = async () => {
    const batch = asked;
    asked = [];
    // After a refusal the server refuses all but a rollback; or it never began, and would run what is sent by itself.
    const answer = refused ? { rows: [], refused } : await send(begun ? batch : [BEGIN, ...batch]);
    const rows = begun ? answer.rows : answer.rows.slice(1);
    begun = true;
    refused = answer.refused;
    for (const [at, { resolve, reject }] of batch.entries()) {
      const found = rows[at];
      if (found) resolve(found);
      else reject(refused?.error);
    }
  };
  const query = <R extends Row = Row>(sql: string, params: readonly SqlValue[] = []) =>
    new Promise<R[]>((resolve, reject) => {
      asked.push({ sql, params, resolve: resolve as Asked['resolve'], reject });
      if (asked.length > 1) return;
      queueMicrotask(() => {
        last = last.then(sendAsked);
      });
    });
  return {
    tx: { inTransaction: true, query },
    async finish() {
      do await last;
      while (asked.length > 0);
      const ended = { begun, refused };
      refused ??= OVER;
      return ended;
    },
  };
}

type Asked = Statement & { resolve(rows: Row[]): void; reject(error: unknown): void };

function asksForRetry(error: unknown): boolean {
  return (
    error instanceof DbError &&
    (error.code === SQLSTATE.serializationFailure || error.code === SQLSTATE.deadlockDetected)
  );
}
