/** A database whose answers get lost, where a test wants them to. */
import { type Db, DbLost } from '../../src/host/db/types.ts';
import { inTransactions } from './database-interleaving.ts';

/** When the connection goes: the transaction's work is undone, or it is done and only nobody is told. */
export type Loss = 'before commit' | 'after commit';

/** A view of `db` that loses its first transactions, each as its entry of `losses` says; undefined loses nothing. */
export function losing(db: Db, losses: readonly (Loss | undefined)[]): Db {
  const left = [...losses];
  return inTransactions(db, async (body) => {
    const loss = left.shift();
    const result = await db.transaction(async (tx) => {
      const inner = await body(tx);
      if (loss === 'before commit') throw new DbLost('lost before the commit, by the test');
      return inner;
    });
    if (loss === 'after commit') throw new DbLost('lost after the commit, by the test');
    return result;
  });
}
