/** What people say to work that is under way. */
import type { Tx } from '../../db/types.ts';

export type WorkMessage = { id: string; content: string };

export type Said =
  | 'kept'
  /** The item has ended, or what it does is over and only its outcome is still to be written. */
  | 'too_late';

/**
 * Keeps a message for the item's focus. The item's row is locked first, so that it cannot end between the look and the
 * message; the same message said twice is one.
 */
export async function sayToWork(
  tx: Tx,
  message: { id: string; workItemId: string; content: string; by: string },
): Promise<Said> {
  const [item] = await tx.query<{ isOpen: boolean }>(
    `select state in ('queued', 'running', 'waiting') as "isOpen" from animus.work_items where id = $1
     for no key update`,
    [message.workItemId],
  );
  const present = await tx.query('select 1 from animus.work_messages where id = $1', [message.id]);
  if (present.length > 0) return 'kept';
  // A statement of its own sees what was committed while the lock was waited for.
  const over = await tx.query(
    "select 1 from animus.foci where work_item_id = $1 and phase = 'consolidate' and status in ('running', 'parked', 'released')",
    [message.workItemId],
  );
  if (!item?.isOpen || over.length > 0) return 'too_late';
  await tx.query('insert into animus.work_messages (id, work_item_id, content, said_by) values ($1, $2, $3, $4)', [
    message.id,
    message.workItemId,
    message.content,
    message.by,
  ]);
  return 'kept';
}

/** The messages that no focus has yet, oldest first; from now on this one has them. */
export async function takeMessages(tx: Tx, workItemId: string, focusId: string): Promise<WorkMessage[]> {
  return tx.query<WorkMessage>(
    `with taken as (
       update animus.work_messages set focus_id = $2, taken_at = now() where work_item_id = $1 and taken_at is null
       returning id, content, created_at
     )
     select id, content from taken order by created_at, id`,
    [workItemId, focusId],
  );
}

/** Whether somebody said something that no focus has yet. Locks the item's row, so that nobody says more until the end. */
export async function hasUnheard(tx: Tx, workItemId: string): Promise<boolean> {
  await tx.query('select 1 from animus.work_items where id = $1 for no key update', [workItemId]);
  const rows = await tx.query(
    'select 1 from animus.work_messages where work_item_id = $1 and taken_at is null limit 1',
    [workItemId],
  );
  return rows.length > 0;
}

/** What an earlier attempt was told, the next one is told again. */
export async function giveBackMessages(tx: Tx, workItemId: string, focusId: string): Promise<void> {
  await tx.query(
    `update animus.work_messages set focus_id = null, taken_at = null
     where work_item_id = $1 and taken_at is not null and focus_id is distinct from $2`,
    [workItemId, focusId],
  );
}
