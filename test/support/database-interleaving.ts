/** Scripted interleavings: transactions that stop where a test wants them to, and waiting for another to be blocked. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db, Queryable, Row, SqlValue, Tx } from '../../src/host/db/types.ts';

export type HeldTransaction = {
  tx: Tx;
  /** The server's process that runs it. */
  pid: number;
  commit(): Promise<void>;
  rollback(): Promise<void>;
};

/** A transaction that stays open until it is told how to end. */
export async function holdTransaction(db: Db): Promise<HeldTransaction> {
  const opened = Promise.withResolvers<Tx>();
  const released = Promise.withResolvers<'commit' | 'rollback'>();
  const rolledBack = new Error('rolled back by the test');
  const ended = db.transaction(async (tx) => {
    opened.resolve(tx);
    if ((await released.promise) === 'rollback') throw rolledBack;
  });
  ended.catch(opened.reject);
  const tx = await opened.promise;
  return {
    tx,
    pid: await backendOf(tx),
    commit: async () => {
      released.resolve('commit');
      await ended;
    },
    rollback: async () => {
      released.resolve('rollback');
      await ended.catch((error) => {
        if (error !== rolledBack) throw error;
      });
    },
  };
}

/** Resolves when `count` sessions wait for a lock that process `pid` of the server holds. */
export async function untilBlockedBy(db: Queryable, pid: number, count = 1): Promise<void> {
  for (;;) {
    const blocked = await db.query(
      'select 1 from pg_stat_activity where $1 = any(pg_blocking_pids(pid)) and wait_event_type = $2',
      [pid, 'Lock'],
    );
    if (blocked.length >= count) return;
    await sleep(5);
  }
}

export type PausedDb = {
  db: Db;
  /** Resolves with the server's process when the statement is about to run. */
  reached: Promise<number>;
  resume(): void;
};

/** A view of `db` that stops once: before the statement of a transaction that matches, or the `nth` that does. */
export function pauseBefore(db: Db, statement: RegExp, nth = 1): PausedDb {
  const reached = Promise.withResolvers<number>();
  const resumed = Promise.withResolvers<void>();
  let matches = 0;
  const pausing = (tx: Tx): Tx => ({
    inTransaction: true,
    async query<R extends Row = Row>(sql: string, params?: readonly SqlValue[]) {
      const matching = statement.test(sql);
      if (matching) matches += 1;
      if (matching && matches === nth) {
        reached.resolve(await backendOf(tx));
        await resumed.promise;
      }
      return tx.query<R>(sql, params);
    },
  });
  return {
    db: inTransactions(db, (body) => db.transaction((tx) => body(pausing(tx)))),
    reached: reached.promise,
    resume: () => resumed.resolve(),
  };
}

/** A view of `db` that stops once, when a transaction's work is done and only its commit is missing. */
export function pauseBeforeCommit(db: Db): PausedDb {
  const reached = Promise.withResolvers<number>();
  const resumed = Promise.withResolvers<void>();
  const transaction = <T>(body: (tx: Tx) => Promise<T>) =>
    db.transaction(async (tx) => {
      const result = await body(tx);
      reached.resolve(await backendOf(tx));
      await resumed.promise;
      return result;
    });
  return { db: inTransactions(db, transaction), reached: reached.promise, resume: () => resumed.resolve() };
}

/** A view of `db` in whose transactions the statements that match are left out: the rule is broken by the test. */
export function without(db: Db, statement: RegExp): Db {
  return rewriting(db, (sql) => (statement.test(sql) ? undefined : sql));
}

/** A view of `db` in whose transactions each statement is what `rewrite` makes of it; where that is nothing, it is left out. */
export function rewriting(db: Db, rewrite: (sql: string) => string | undefined): Db {
  return inTransactions(db, (body) =>
    db.transaction((tx) =>
      body({
        inTransaction: true,
        query: async <R extends Row = Row>(sql: string, params?: readonly SqlValue[]): Promise<R[]> => {
          const rewritten = rewrite(sql);
          return rewritten === undefined ? [] : tx.query<R>(rewritten, params);
        },
      }),
    ),
  );
}

/** A view of `db` whose transactions are run by `transact`. */
export function inTransactions(db: Db, transact: Db['transaction']): Db {
  return {
    kind: db.kind,
    query: (sql, params) => db.query(sql, params),
    exec: (sql) => db.exec(sql),
    transaction: transact,
    listen: (channel, onPayload, onReset) => db.listen(channel, onPayload, onReset),
    close: () => db.close(),
  };
}

async function backendOf(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
  return row?.pid ?? 0;
}
