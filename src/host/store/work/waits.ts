/**
 * Waits are rows, evaluated afresh at each wake; a wake that finds nothing to do is harmless. A wait of a tool call is open
 * until the call has its result, over any number of parks. A wait without a call holds the whole focus: while it is open
 * nothing else wakes the item.
 */
import type { JsonValue } from '../../../protocol/json.ts';
import type { Db, Queryable, Tx } from '../../db/types.ts';
import { lockItem } from './locks.ts';
import { IS_HELD } from './pauses.ts';
import { wakeItem } from './transitions.ts';
import type { WaitKind } from './types.ts';

export type Wait = {
  id: string;
  workItemId: string;
  focusId: string;
  /** The call that waits; null where the whole focus does. */
  toolCallId: string | null;
  kind: WaitKind;
  /** What is waited for, by kind: for credentials the providers' names, for children their ids. */
  targets: JsonValue[];
  /** Whether all targets or any of them; null where there is nothing to choose. */
  mode: 'all' | 'any' | null;
  wakeAt: Date | null;
};

export type NewWait = Omit<Wait, 'wakeAt' | 'toolCallId' | 'mode'> &
  Partial<Pick<Wait, 'toolCallId' | 'mode'>> & { wakeInMs: number | null };

const COLUMNS = `v.id, v.work_item_id as "workItemId", v.focus_id as "focusId", v.tool_call_id as "toolCallId", v.kind,
  v.targets, v.mode, v.wake_at as "wakeAt"`;

/** A call's wait is kept back by one of the whole focus. */
const MAY_WAKE = `(v.tool_call_id is null or not exists (select 1 from animus.waits f
  where f.work_item_id = v.work_item_id and f.tool_call_id is null and f.resolved_at is null))`;

/** Targets that are gone have ended too. */
const CHILDREN_ENDED = `(v.kind = 'children' and case when v.kind = 'children' then (
  select case v.mode when 'any' then bool_or(ended) else bool_and(ended) end from (
    select c.id is null or c.state in ('completed', 'dead', 'cancelled', 'merged') as ended
    from jsonb_array_elements_text(v.targets) t (id) left join animus.work_items c on c.id = t.id::uuid
  ) children
) end)`;

export async function insertWait(tx: Tx, wait: NewWait): Promise<void> {
  await tx.query(
    `insert into animus.waits (id, work_item_id, focus_id, tool_call_id, kind, targets, mode, wake_at)
     values ($1, $2, $3, $4, $5, $6::jsonb, $7, now() + $8 * interval '1 millisecond')`,
    [
      wait.id,
      wait.workItemId,
      wait.focusId,
      wait.toolCallId ?? null,
      wait.kind,
      JSON.stringify(wait.targets),
      wait.mode ?? null,
      wait.wakeInMs,
    ],
  );
}

/** The open waits of some places, oldest first. */
export async function openWaits(db: Queryable, places: readonly string[]): Promise<Wait[]> {
  return db.query<Wait>(
    `select ${COLUMNS} from animus.waits v join animus.work_items w on w.id = v.work_item_id
     where v.resolved_at is null and w.state = 'waiting' and w.place = any($1::uuid[])
     order by v.tool_call_id nulls first, v.created_at, v.id`,
    [places],
  );
}

/** The open waits whose time has come, by the database's clock. While an item is held no time passes for it. */
export async function dueWaits(db: Queryable, places: readonly string[]): Promise<Wait[]> {
  return db.query<Wait>(
    `select ${COLUMNS} from animus.waits v join animus.work_items w on w.id = v.work_item_id
     where v.resolved_at is null and v.wake_at <= now() and w.state = 'waiting' and w.place = any($1::uuid[])
       and ${MAY_WAKE} and not ${IS_HELD}`,
    [places],
  );
}

/**
 * Queues a wait's item, and resolves the wait where no call has to evaluate it. The item's row is locked first, so that a
 * park under way is seen or waited for.
 */
export async function resolveWait(db: Db, wait: Pick<Wait, 'id' | 'workItemId'>, reason: string): Promise<boolean> {
  return db.transaction(async (tx) => {
    await lockItem(tx, wait.workItemId);
    const open = await tx.query(
      `update animus.waits v set resolved_at = case when v.tool_call_id is null then now() end
       where v.id = $1 and v.resolved_at is null and ${MAY_WAKE} returning 1 as done`,
      [wait.id],
    );
    return open.length > 0 && (await wakeItem(tx, wait.workItemId, reason));
  });
}

/**
 * Wakes an item that waits for this: a wait of the whole focus is over, one of a call is evaluated. The item's row must be
 * locked by a statement before.
 */
export async function wakeForTarget(tx: Tx, workItemId: string, target: string, reason: string): Promise<boolean> {
  const open = await tx.query(
    `update animus.waits v set resolved_at = case when v.tool_call_id is null then now() end
     where v.work_item_id = $1 and v.resolved_at is null and v.targets @> jsonb_build_array($2::text) and ${MAY_WAKE}
     returning 1 as done`,
    [workItemId, target],
  );
  return open.length > 0 && (await wakeItem(tx, workItemId, reason));
}

/** The wait of a call, and whether its time has come. */
export async function readCallWait(tx: Tx, toolCallId: string): Promise<(Wait & { isDue: boolean }) | undefined> {
  const [wait] = await tx.query<Wait & { isDue: boolean }>(
    `select ${COLUMNS}, coalesce(v.wake_at <= now(), false) as "isDue" from animus.waits v where v.tool_call_id = $1`,
    [toolCallId],
  );
  return wait;
}

/** The first open wait of a focus's calls. */
export async function findOpenCallWait(db: Queryable, focusId: string): Promise<Wait | undefined> {
  const [wait] = await db.query<Wait>(
    `select ${COLUMNS} from animus.waits v where v.focus_id = $1 and v.tool_call_id is not null and v.resolved_at is null
     order by v.created_at, v.id limit 1`,
    [focusId],
  );
  return wait;
}

/** The call has its result. */
export async function resolveCallWait(tx: Tx, toolCallId: string): Promise<void> {
  await tx.query('update animus.waits set resolved_at = now() where tool_call_id = $1 and resolved_at is null', [
    toolCallId,
  ]);
}

/** Wakes an item one of whose calls has what it waits for. Its row must be locked by a statement before. */
export async function wakeForCall(
  tx: Tx,
  { workItemId, toolCallId }: { workItemId: string; toolCallId: string },
  reason: string,
): Promise<boolean> {
  const waits = await tx.query(
    `select 1 from animus.waits v where v.tool_call_id = $1 and v.resolved_at is null and ${MAY_WAKE}`,
    [toolCallId],
  );
  return waits.length > 0 && (await wakeItem(tx, workItemId, reason));
}

/** The call waits for something else than it did. */
export async function removeCallWait(tx: Tx, toolCallId: string): Promise<void> {
  await tx.query('delete from animus.waits where tool_call_id = $1', [toolCallId]);
}

/** Nothing waits for these items' foci any more: they have ended. */
export async function resolveWaitsOf(tx: Tx, workItemIds: readonly string[]): Promise<void> {
  await tx.query(
    'update animus.waits set resolved_at = now() where work_item_id = any($1::uuid[]) and resolved_at is null',
    [workItemIds],
  );
}

/** Wakes an item some of whose awaited children have ended. Its row must be locked by a statement before. */
export async function wakeIfChildrenEnded(tx: Tx, workItemId: string): Promise<boolean> {
  const ended = await tx.query(
    `select 1 from animus.waits v
     where v.work_item_id = $1 and v.resolved_at is null and ${MAY_WAKE} and ${CHILDREN_ENDED} limit 1`,
    [workItemId],
  );
  return ended.length > 0 && (await wakeItem(tx, workItemId, 'children ended'));
}

/** As the transactions that end children do, for what they did not reach. Gives the ids of the items that it woke. */
export async function wakeAwaitingChildren(db: Db, places: readonly string[]): Promise<string[]> {
  const found = await db.query<{ id: string }>(
    `select distinct w.id from animus.waits v join animus.work_items w on w.id = v.work_item_id
     where v.resolved_at is null and w.state = 'waiting' and w.place = any($1::uuid[])
       and ${MAY_WAKE} and ${CHILDREN_ENDED} order by 1`,
    [places],
  );
  const woken: string[] = [];
  for (const { id } of found) {
    const isWoken = await db.transaction(async (tx) => {
      await lockItem(tx, id);
      return wakeIfChildrenEnded(tx, id);
    });
    if (isWoken) woken.push(id);
  }
  return woken;
}
