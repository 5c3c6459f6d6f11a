/** Cancelling work, from wherever: items, foci, calls and waits end together, and whoever runs them can write nothing more. */
import type { Db } from '../../db/types.ts';
import { cancelOpenFoci } from '../../store/foci/foci.ts';
import { cancelItems } from '../../store/work/cancel.ts';
import { readChildIds } from '../../store/work/children.ts';
import { lockParentOf } from '../../store/work/locks.ts';
import { resolveWaitsOf, wakeIfChildrenEnded } from '../../store/work/waits.ts';

export type CancelOrder = {
  id: string;
  /** Also all open work below it, whatever state the item itself is in. */
  tree: boolean;
  /** Who asks for it. */
  by: string;
};

/**
 * Gives how many items it cancelled, which is none where all had ended. One transaction, level by level: the children of a
 * level are looked for behind its locks, so that one which is just being spawned is among them.
 */
export async function cancelWork(db: Db, { id, tree, by }: CancelOrder): Promise<number> {
  return db.transaction(async (tx) => {
    const parentId = await lockParentOf(tx, id);
    let count = 0;
    let reason = `by ${by}`;
    for (let level = [id]; level.length > 0; level = tree ? await readChildIds(tx, level) : []) {
      const cancelled = await cancelItems(tx, level, reason, by);
      await cancelOpenFoci(tx, cancelled);
      await resolveWaitsOf(tx, cancelled);
      count += cancelled.length;
      reason = 'with the work above it';
    }
    if (parentId) await wakeIfChildrenEnded(tx, parentId);
    return count;
  });
}
