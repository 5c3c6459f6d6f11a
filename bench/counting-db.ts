/** A database that counts what it is asked. */
import { createTx } from '../src/host/db/transactions.ts';
import type { Db, Queryable } from '../src/host/db/types.ts';

export type Counts = {
  transactions: number;
  /** With `begin` and `commit`. */
  statements: number;
  /** How often the database is asked and answered for: what travels together is one, `begin` goes with the first. */
  roundTrips: number;
};

export function countingDb(db: Db): Db & { counts: Counts } {
  const counts: Counts = { transactions: 0, statements: 0, roundTrips: 0 };
  const counted =
    (inner: Queryable): Queryable['query'] =>
    (sql, params) => {
      counts.statements += 1;
      counts.roundTrips += 1;
      return inner.query(sql, params);
    };
  return {
    counts,
    kind: db.kind,
    query: counted(db),
    exec: (sql) => db.exec(sql),
    transaction: (body) => {
      counts.transactions += 1;
      return db.transaction(async (tx) => {
        // Grouped as the drivers group, by the same code.
        const { tx: counting, finish } = createTx(async (statements) => {
          counts.statements += statements.length;
          counts.roundTrips += 1;
          const asked = statements.filter(({ sql }) => sql !== 'begin');
          const answers = await Promise.allSettled(asked.map(({ sql, params }) => tx.query(sql, params)));
          const refused = answers.find((answer) => answer.status === 'rejected');
          const rows = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
          const begun = statements.length > asked.length ? [[]] : [];
          return { rows: [...begun, ...rows], ...(refused ? { refused: { error: refused.reason } } : {}) };
        });
        const result = await body(counting);
        const { begun } = await finish();
        counts.statements += begun ? 1 : 0;
        counts.roundTrips += begun ? 1 : 0;
        return result;
      });
    },
    listen: (...args) => db.listen(...args),
    close: () => db.close(),
  };
}
