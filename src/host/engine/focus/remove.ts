/** Removing finished work for good, its ledger included: the one way in which ledger rows go. */
import type { Db, Tx } from '../../db/types.ts';
import { readFocusIds } from '../../store/foci/foci.ts';
import { readAncestorIds, readChildIds } from '../../store/work/children.ts';
import { deleteItem, lockLevel, notifyGone } from '../../store/work/move.ts';

export type Removed =
  /** The items that are gone, and their foci, whose folders nobody needs any more. */
  | { kind: 'removed'; ids: string[]; focusIds: string[] }
  /** It is open, or belongs to a tree of which some is: this one. */
  | { kind: 'open'; id: string };

/** Takes along all that is below the item, and what was merged into it. */
export function removeWork(db: Db, id: string): Promise<Removed> {
  return db.transaction((tx) => removeTree(tx, id));
}

async function removeTree(tx: Tx, id: string): Promise<Removed> {
  const ids: string[] = [];
  for (const above of (await readAncestorIds(tx, id)).reverse()) {
    const [open] = await openAmong(tx, [above]);
    if (open) return { kind: 'open', id: open };
  }
  for (let level = [id]; level.length > 0; level = await readChildIds(tx, level)) {
    const [open] = await openAmong(tx, level);
    if (open) return { kind: 'open', id: open };
    ids.push(...level);
  }
  const focusIds = await readFocusIds(tx, ids);
  await deleteItem(tx, id);
  await notifyGone(tx, ids);
  return { kind: 'removed', ids, focusIds };
}

async function openAmong(tx: Tx, ids: readonly string[]): Promise<string[]> {
  const items = await lockLevel(tx, ids);
  return items.filter(({ state }) => ['queued', 'running', 'waiting'].includes(state)).map((item) => item.id);
}
