/** Waits are rows, evaluated afresh at each wake; a wake that finds nothing to do is harmless. */
import type { JsonValue } from '../../../protocol/json.ts';
import type { Db, Queryable, Tx } from '../../db/types.ts';
import { wakeItem } from './transitions.ts';
import type { WaitKind } from './types.ts';

export type Wait = {
  id: string;
  workItemId: string;
  focusId: string;
  kind: WaitKind;
  /** What is waited for, by kind: for credentials the providers' names. */
  targets: JsonValue[];
  wakeAt: Date | null;
};

export async function insertWait(tx: Tx, wait: Omit<Wait, 'wakeAt'> & { wakeInMs: number | null }): Promise<void> {
  await tx.query(
    `insert into animus.waits (id, work_item_id, focus_id, kind, targets, wake_at)
     values ($1, $2, $3, $4, $5::jsonb, now() + $6 * interval '1 millisecond')`,
    [wait.id, wait.workItemId, wait.focusId, wait.kind, JSON.stringify(wait.targets), wait.wakeInMs],
  );
}

/** The open waits of some places, oldest first. */
export async function openWaits(db: Queryable, places: readonly string[]): Promise<Wait[]> {
  return db.query<Wait>(
    `select v.id, v.work_item_id as "workItemId", v.focus_id as "focusId", v.kind, v.targets, v.wake_at as "wakeAt"
     from animus.waits v join animus.work_items w on w.id = v.work_item_id
     where v.resolved_at is null and w.state = 'waiting' and w.place = any($1::uuid[])
     order by v.created_at, v.id`,
    [places],
  );
}

/** The open waits whose time has come, by the database's clock. */
export async function dueWaits(db: Queryable, places: readonly string[]): Promise<Wait[]> {
  return db.query<Wait>(
    `select v.id, v.work_item_id as "workItemId", v.focus_id as "focusId", v.kind, v.targets, v.wake_at as "wakeAt"
     from animus.waits v join animus.work_items w on w.id = v.work_item_id
     where v.resolved_at is null and v.wake_at <= now() and w.state = 'waiting' and w.place = any($1::uuid[])`,
    [places],
  );
}

/** Resolves a wait and queues its item. The item's row is locked first, so that a park under way is seen or waited for. */
export async function resolveWait(db: Db, wait: Pick<Wait, 'id' | 'workItemId'>, reason: string): Promise<boolean> {
  return db.transaction(async (tx) => {
    await tx.query('select 1 from animus.work_items where id = $1 for update', [wait.workItemId]);
    const resolved = await tx.query(
      'update animus.waits set resolved_at = now() where id = $1 and resolved_at is null returning 1 as done',
      [wait.id],
    );
    return resolved.length > 0 && (await wakeItem(tx, wait.workItemId, reason));
  });
}
