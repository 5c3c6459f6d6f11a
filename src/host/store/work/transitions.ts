/**
 * The states of a work item. Each function is one guarded UPDATE with its row in work_events; it changes nothing, and
 * says so, when the item is not where it should be. All run inside the caller's transaction.
 *
 *   queued → running → completed | dead | queued (retry, released) | waiting → queued
 *   any of queued, running, waiting → cancelled (in cancel.ts, for many at once)
 */
import type { JsonObject } from '../../../protocol/json.ts';
import type { Tx } from '../../db/types.ts';
import { NOTIFY_WORK, type Outcome, type WaitKind, type WorkState } from './types.ts';

type Transition = {
  from: readonly WorkState[];
  to: WorkState;
  reason: string;
  data?: JsonObject;
  /** Delay before the item can be claimed, in milliseconds. */
  delayMs?: number;
  outcome?: Outcome;
  /** What is added to the count of failed foci. */
  failedAttempts?: 0 | 1;
  resumes?: 'reset' | 'count';
};

async function transition(tx: Tx, id: string, change: Transition): Promise<boolean> {
  const rows = await tx.query(
    `with item as (
       select id, state from animus.work_items where id = $1 and state = any($2) for no key update
     ), moved as (
       update animus.work_items w set state = $3, event_seq = w.event_seq + 1, updated_at = now(),
         available_at = case when $3 = 'queued' then now() + $4 * interval '1 millisecond' else w.available_at end,
         outcome = coalesce($5::jsonb, w.outcome),
         attempts = w.attempts + $6,
         resumes_without_progress = case $7 when 'reset' then 0 when 'count' then w.resumes_without_progress + 1
           else w.resumes_without_progress end,
         resolved_at = case when $3 in ('completed', 'dead', 'cancelled') then now() else w.resolved_at end
       from item where w.id = item.id
       returning w.id, item.state as from_state, w.event_seq
     ), event as (
       insert into animus.work_events (work_item_id, seq, from_state, to_state, reason, data)
       select id, event_seq, from_state, $3, $8, $9::jsonb from moved returning work_item_id, seq, to_state
     )
     select ${NOTIFY_WORK} from event`,
    [
      id,
      change.from,
      change.to,
      change.delayMs ?? 0,
      change.outcome ? JSON.stringify(change.outcome) : null,
      change.failedAttempts ?? 0,
      change.resumes ?? 'keep',
      change.reason,
      JSON.stringify(change.data ?? {}),
    ],
  );
  return rows.length > 0;
}

export function startItem(tx: Tx, id: string, data: JsonObject): Promise<boolean> {
  return transition(tx, id, { from: ['queued'], to: 'running', reason: 'claimed', data });
}

export function completeItem(tx: Tx, id: string, outcome: Outcome): Promise<boolean> {
  return transition(tx, id, { from: ['running'], to: 'completed', reason: 'completed', outcome, resumes: 'reset' });
}

/** A failed attempt that is followed by another one after `delayMs`. */
export function retryItem(tx: Tx, id: string, delayMs: number, data: JsonObject): Promise<boolean> {
  return transition(tx, id, {
    from: ['running'],
    to: 'queued',
    reason: 'attempt failed, to be retried',
    data,
    delayMs,
    failedAttempts: 1,
    resumes: 'reset',
  });
}

/** A failed attempt that was the last one. */
export function buryItem(tx: Tx, id: string, outcome: Outcome): Promise<boolean> {
  return transition(tx, id, {
    from: ['running'],
    to: 'dead',
    reason: 'attempt failed, none left',
    outcome,
    failedAttempts: 1,
  });
}

/** Given back by a host that drains: the next one goes on at once, and nothing is counted. */
export function releaseItem(tx: Tx, id: string): Promise<boolean> {
  return transition(tx, id, { from: ['running'], to: 'queued', reason: 'released' });
}

/** Taken from a host that died. Counts against progress, since a poisonous item would kill every host it meets. */
export function takeOverItem(tx: Tx, id: string): Promise<boolean> {
  return transition(tx, id, { from: ['running'], to: 'queued', reason: 'taken over', resumes: 'count' });
}

export function parkItem(tx: Tx, id: string, kind: WaitKind, data: JsonObject): Promise<boolean> {
  return transition(tx, id, { from: ['running'], to: 'waiting', reason: `waits for ${kind}`, data });
}

export function wakeItem(tx: Tx, id: string, reason: string): Promise<boolean> {
  return transition(tx, id, { from: ['waiting'], to: 'queued', reason });
}

/** Progress was recorded: a takeover from here on starts counting anew. */
export async function noteProgress(tx: Tx, id: string): Promise<void> {
  await tx.query(
    'update animus.work_items set resumes_without_progress = 0 where id = $1 and resumes_without_progress > 0',
    [id],
  );
}
