/** A database that counts what it is asked. */
import type { Db, Queryable } from '../src/host/db/types.ts';

export type Counts = { transactions: number; statements: number };

/** `begin` and `commit` count as statements, since each is a round trip. */
export function countingDb(db: Db): Db & { counts: Counts } {
  const counts: Counts = { transactions: 0, statements: 0 };
  const counted =
    (inner: Queryable): Queryable['query'] =>
    (sql, params) => {
      counts.statements += 1;
      return inner.query(sql, params);
    };
  return {
    counts,
    kind: db.kind,
    query: counted(db),
    exec: (sql) => db.exec(sql),
    transaction: (body) => {
      counts.transactions += 1;
      counts.statements += 2;
      return db.transaction((tx) => body({ inTransaction: true, query: counted(tx) }));
    },
    listen: (...args) => db.listen(...args),
    close: () => db.close(),
  };
}
