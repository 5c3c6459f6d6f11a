/**
 * How a focus ends: one transaction each, in which lease, item and focus change together. All may be repeated when an
 * answer was lost: finding the lease gone and the item where it was to be is success. Where the item ends with its focus the
 * same transaction wakes a parent that awaits it.
 */

import type { JsonValue } from '../../../protocol/json.ts';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { retryLost } from '../../db/retry-lost.ts';
import type { Db, Tx } from '../../db/types.ts';
import { cancelOpenFoci, type FocusError, type FocusStatus, readFocus, setStatus } from '../../store/foci/foci.ts';
import { insertQuestion, type NewQuestion } from '../../store/questions/questions.ts';
import { giveUpLease, type Lease, LeaseLost } from '../../store/work/leases.ts';
import { lockItem, lockParentOf } from '../../store/work/locks.ts';
import { isPaused } from '../../store/work/pauses.ts';
import { buryItem, completeItem, parkItem, releaseItem, retryItem } from '../../store/work/transitions.ts';
import type { Outcome, WaitKind } from '../../store/work/types.ts';
import { insertWait, resolveWaitsOf, wakeIfChildrenEnded } from '../../store/work/waits.ts';

export function completeFocus(db: Db, lease: Lease, outcome: Outcome): Promise<void> {
  return endItem(db, lease, 'completed', (tx) => completeItem(tx, lease.workItemId, outcome));
}

/** The attempt failed; another one follows after `delayMs`. */
export function retryLater(db: Db, lease: Lease, delayMs: number, error: { kind: string; message: string }) {
  return end(db, lease, 'failed', (tx) => retryItem(tx, lease.workItemId, delayMs, { error }));
}

/** The attempt failed and no other follows. */
export function giveUp(db: Db, lease: Lease, outcome: Outcome): Promise<void> {
  return endItem(db, lease, 'failed', (tx) => buryItem(tx, lease.workItemId, outcome));
}

/**
 * For the next host of the place to go on with; where the item is paused, parked until it is resumed. The item's row is
 * locked before that is looked at: a pause or its end is either seen here, or finds the item where this put it.
 */
export async function releaseFocus(db: Db, lease: Lease): Promise<void> {
  await repeatable(db, lease, ['released', 'parked'], async (tx) => {
    await giveUpLease(tx, lease);
    const [, paused] = await Promise.all([lockItem(tx, lease.workItemId), isPaused(tx, lease.workItemId)]);
    const [changed] = await Promise.all([
      paused ? parkForPause(tx, lease) : releaseItem(tx, lease.workItemId),
      setStatus(tx, lease.focusId, paused ? 'parked' : 'released'),
    ]);
    if (!changed) throw notRunning(lease);
  });
}

async function parkForPause(tx: Tx, { workItemId, focusId }: Lease): Promise<boolean> {
  const parked = await parkItem(tx, workItemId, 'paused', {});
  if (parked) await insertWait(tx, { id: uuidv7(), workItemId, focusId, kind: 'paused', targets: [], wakeInMs: null });
  return parked;
}

/** The item is queued for another focus, which begins from the ledger. No attempt is counted. */
export function abandonFocus(db: Db, lease: Lease, error: FocusError): Promise<void> {
  return repeatable(db, lease, ['cancelled'], async (tx) => {
    await giveUpLease(tx, lease);
    await cancelOpenFoci(tx, [lease.workItemId], error);
    if (!(await releaseItem(tx, lease.workItemId))) throw notRunning(lease);
    await resolveWaitsOf(tx, [lease.workItemId]);
  });
}

export type ParkReason = {
  kind: WaitKind;
  targets: JsonValue[];
  wakeInMs: number | null;
  /** What the provider said, for people; undefined where it was not asked. */
  message?: string | undefined;
  /** What a person is asked. */
  question?: Omit<NewQuestion, 'workItemId' | 'focusId'>;
};

/** Costs no slot, no lease and no attempt until what is waited for is there. */
export function parkFocus(
  db: Db,
  lease: Lease,
  { kind, targets, wakeInMs, message, question }: ParkReason,
): Promise<void> {
  return end(db, lease, 'parked', async (tx) => {
    const parked = await parkItem(tx, lease.workItemId, kind, { targets, ...(message ? { message } : {}) });
    if (!parked) return false;
    const { workItemId, focusId } = lease;
    if (question) await insertQuestion(tx, { ...question, workItemId, focusId });
    await insertWait(tx, { id: uuidv7(), workItemId, focusId, kind, targets, wakeInMs });
    return true;
  });
}

type Change = (tx: Tx) => Promise<boolean>;

function end(db: Db, lease: Lease, status: FocusStatus, change: Change): Promise<void> {
  return repeatable(db, lease, [status], async (tx) => {
    await giveUpLease(tx, lease);
    await endFocus(tx, lease, status, change);
  });
}

/** The parent's row is locked first, and its waits are evaluated last: children that end at once wake it between them. */
function endItem(db: Db, lease: Lease, status: FocusStatus, change: Change): Promise<void> {
  return repeatable(db, lease, [status], async (tx) => {
    const [parentId] = await Promise.all([lockParentOf(tx, lease.workItemId), giveUpLease(tx, lease)]);
    await endFocus(tx, lease, status, change);
    if (parentId) await wakeIfChildrenEnded(tx, parentId);
  });
}

/** Behind `giveUpLease`, which is answered first: who has lost the lease changes nothing and locks nothing. */
async function endFocus(tx: Tx, lease: Lease, status: FocusStatus, change: Change): Promise<void> {
  const isOver = status === 'completed' || status === 'failed';
  const [, changed] = await Promise.all([
    setStatus(tx, lease.focusId, status),
    change(tx),
    isOver ? resolveWaitsOf(tx, [lease.workItemId]) : undefined,
  ]);
  if (!changed) throw notRunning(lease);
}

function notRunning({ workItemId }: Lease): LeaseLost {
  return new LeaseLost(`Work item ${workItemId} is not running any more.`);
}

async function repeatable(
  db: Db,
  lease: Lease,
  ends: readonly FocusStatus[],
  body: (tx: Tx) => Promise<void>,
): Promise<void> {
  await retryLost(async (again) => {
    try {
      await db.transaction(body);
    } catch (error) {
      if (again && error instanceof LeaseLost && (await hasOneOf(db, lease.focusId, ends))) return;
      throw error;
    }
  });
}

async function hasOneOf(db: Db, focusId: string, statuses: readonly FocusStatus[]): Promise<boolean> {
  const focus = await readFocus(db, focusId);
  return focus !== undefined && statuses.includes(focus.status);
}
