/**
 * Stands in for the host's own opening of its database: the same one, but that it kills its process at one boundary. What
 * the boundaries were is noted in a file, so that a calm run tells how often each is passed.
 */
import { appendFileSync } from 'node:fs';
import * as z from 'zod';
import { openDatabase as openRealDatabase } from '../../src/host/db/open-database.ts';
import type { Db, Queryable, Tx } from '../../src/host/db/types.ts';
import { boundaryOf, type Statement } from './boundaries.ts';

export * from '../../src/host/db/open-database.ts';

export const KILL_VARIABLE = 'ANIMUS_TEST_KILL';

const killOrder = z.strictObject({
  /** Each boundary that is passed adds its name as a line. */
  log: z.string(),
  kill: z.strictObject({ boundary: z.string(), nth: z.int().min(1), when: z.enum(['before', 'after']) }).nullable(),
});
export type KillOrder = z.infer<typeof killOrder>;

export async function openDatabase(options: Parameters<typeof openRealDatabase>[0]): Promise<Db> {
  const db = await openRealDatabase(options);
  const order = process.env[KILL_VARIABLE];
  return order ? killing(db, killOrder.parse(JSON.parse(order))) : db;
}

function killing(db: Db, { log, kill }: KillOrder): Db {
  let passed = 0;
  /** Whether this is where the host dies. A transaction that is run again counts once. */
  const isLast = (boundary: string | undefined) => {
    if (kill === null || boundary !== kill.boundary) return false;
    passed += 1;
    return passed === kill.nth;
  };
  const transaction = async <T>(body: (tx: Tx) => Promise<T>): Promise<T> => {
    let dies = false;
    let boundary: string | undefined;
    const result = await db.transaction(async (tx) => {
      const statements: Statement[] = [];
      const inner = await body(noting(tx, statements));
      if (boundary === undefined) {
        boundary = boundaryOf(statements);
        dies = isLast(boundary);
      }
      if (dies && kill?.when === 'before') await die(log, `killed before ${boundary}`);
      return inner;
    });
    if (dies) await die(log, `killed after ${boundary}`);
    if (boundary) appendFileSync(log, `${boundary}\n`);
    return result;
  };
  return {
    kind: db.kind,
    query: (sql, params) => db.query(sql, params),
    exec: (sql) => db.exec(sql),
    transaction,
    listen: (...given) => db.listen(...given),
    close: () => db.close(),
  };
}

function noting(tx: Tx, statements: Statement[]): Tx {
  const query: Queryable['query'] = (sql, params) => {
    statements.push({ sql, params: params ?? [] });
    return tx.query(sql, params);
  };
  return { inTransaction: true, query };
}

/** Never resolves: nothing of this process goes on. */
function die(log: string, word: string): Promise<never> {
  appendFileSync(log, `${word}\n`);
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}
