/** What the two drivers' transactions have in common: the retry of whole bodies, and the guard against self-waiting. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { SQLSTATE } from './sqlstate.ts';
import { DbError, type Queryable, type Tx } from './types.ts';

const MOST_TRIES = 5;

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
  }
}

/**
 * The handle for a transaction's body, and whether the transaction may be committed. A refused statement undoes all of it:
 * the commit of a body that caught the error would be a rollback that nobody is told of.
 */
export function createTx(run: Queryable['query']): { tx: Tx; throwIfRefused(): void } {
  let refusal: { error: unknown } | undefined;
  const query: Queryable['query'] = async (sql, params) => {
    try {
      return await run(sql, params);
    } catch (error) {
      refusal ??= { error };
      throw error;
    }
  };
  return {
    tx: { inTransaction: true, query },
    throwIfRefused: () => {
      if (refusal) throw refusal.error;
    },
  };
}

function asksForRetry(error: unknown): boolean {
  return (
    error instanceof DbError &&
    (error.code === SQLSTATE.serializationFailure || error.code === SQLSTATE.deadlockDetected)
  );
}
