/**
 * Locks on items. Transactions over several items lock by depth, then id, and each item's lease before its row. The locks
 * leave foreign keys alone: who adds rows that belong to an item does not wait for them.
 */
import type { Tx } from '../../db/types.ts';

/** What is evaluated for an item is evaluated behind this, in a statement of its own: one that locks sees what was before. */
export async function lockItem(tx: Tx, id: string): Promise<void> {
  await tx.query('select 1 from animus.work_items where id = $1 for no key update', [id]);
}

/** Locks the parent, for whoever is about to end a child. Null where there is none. */
export async function lockParentOf(tx: Tx, id: string): Promise<string | null> {
  const [parent] = await tx.query<{ id: string }>(
    `select p.id from animus.work_items p
     where p.id = (select c.parent_id from animus.work_items c where c.id = $1) for no key update`,
    [id],
  );
  return parent?.id ?? null;
}
