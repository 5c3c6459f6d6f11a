/** One embedded database in memory for all tests of the engine: each works in a place of its own. */
import path from 'node:path';
import { migrate, readMigrations } from '../../src/host/db/migrate.ts';
import { openPglite, type PgliteDb } from '../../src/host/db/pglite-db.ts';
import { type Db, DbLost, type Queryable, type Tx } from '../../src/host/db/types.ts';

const MIGRATIONS = path.resolve(import.meta.dirname, '../../migrations');
export const OPENING_LIMIT_MS = 60_000;

let opening: Promise<PgliteDb> | undefined;

export function engineDatabase(): Promise<PgliteDb> {
  opening ??= open();
  return opening;
}

async function open(): Promise<PgliteDb> {
  const db = await openPglite({ schema: 'engine_tests' });
  await migrate(db, readMigrations(MIGRATIONS));
  return db;
}

after(async () => {
  await (await opening)?.close();
});

export type Fault = 'none' | 'before' | 'after';

/** A database whose transactions fail as the function says, by their number from 1. */
export function faultyDatabase(db: Db, faultOf: (transaction: number) => Fault, error: () => Error): Db {
  let count = 0;
  const transaction = async <T>(body: (tx: Tx) => Promise<T>): Promise<T> => {
    count += 1;
    const fault = faultOf(count);
    if (fault === 'before') throw error();
    const result = await db.transaction(body);
    if (fault === 'after') throw error();
    return result;
  };
  return withTransaction(db, transaction);
}

/** The host is dead from its n-th transaction on, which may still have committed. */
export function dyingDatabase(db: Db, at: number, when: 'before' | 'after'): Db & { died: boolean } {
  const state = { died: false };
  const die = () => {
    state.died = true;
    return new Error('This host is dead.');
  };
  const faulty = faultyDatabase(db, (count) => (count < at ? 'none' : count === at ? when : 'before'), die);
  const query: Queryable['query'] = (sql, params) => {
    if (state.died) throw die();
    return db.query(sql, params);
  };
  return Object.defineProperty({ ...faulty, query, died: false }, 'died', { get: () => state.died });
}

/** Loses the answer of every transaction of these numbers after it has committed. */
export function lossyDatabase(db: Db, lost: (transaction: number) => boolean): Db {
  return faultyDatabase(
    db,
    (count) => (lost(count) ? 'after' : 'none'),
    () => new DbLost('The answer was lost.'),
  );
}

function withTransaction(db: Db, transaction: Db['transaction']): Db {
  return {
    kind: db.kind,
    transaction,
    query: (sql, params) => db.query(sql, params),
    exec: (sql) => db.exec(sql),
    listen: (...args) => db.listen(...args),
    close: () => db.close(),
  };
}
