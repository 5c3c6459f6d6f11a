/** One claim: the next item, its lease and its focus, in one transaction. */

import { uuidv7 } from '../../../rendezvous/ids.ts';
import { retryLost } from '../../db/retry-lost.ts';
import type { Db, Tx } from '../../db/types.ts';
import { type Focus, insertFocus, readFocus, resumeOpenFocus } from '../../store/foci/foci.ts';
import { readWorkItem } from '../../store/work/find.ts';
import { findLease, insertLease, type Lease } from '../../store/work/leases.ts';
import { type ClaimScope, lockNextItem } from '../../store/work/queue.ts';
import { startItem } from '../../store/work/transitions.ts';
import type { WorkItem } from '../../store/work/types.ts';

export type Claimed = { item: WorkItem; focus: Focus; lease: Lease };

/** Claims the next item that may run here; undefined where there is none. */
export async function claimNext(db: Db, hostId: string, scope: ClaimScope): Promise<Claimed | undefined> {
  if (scope.faculties.length === 0) return undefined;
  // A claim whose answer was lost is found again by its token.
  const token = uuidv7();
  return retryLost(
    async (again) => (again && (await findClaim(db, token))) || db.transaction((tx) => claim(tx, hostId, scope, token)),
  );
}

async function claim(tx: Tx, hostId: string, scope: ClaimScope, token: string): Promise<Claimed | undefined> {
  const item = await lockNextItem(tx, scope);
  if (!item) return undefined;
  const focus =
    (await resumeOpenFocus(tx, item.id, hostId)) ??
    (await insertFocus(tx, {
      id: uuidv7(),
      workItemId: item.id,
      attempt: item.attempts + 1,
      faculty: item.faculty,
      hostId,
    }));
  const lease = { workItemId: item.id, focusId: focus.id, token };
  await insertLease(tx, lease, hostId);
  await startItem(tx, item.id, { host_id: hostId, focus_id: focus.id, attempt: focus.attempt });
  return { item, focus, lease };
}

async function findClaim(db: Db, token: string): Promise<Claimed | undefined> {
  const lease = await findLease(db, token);
  if (!lease) return undefined;
  const [item, focus] = [await readWorkItem(db, lease.workItemId), await readFocus(db, lease.focusId)];
  return item && focus ? { item, focus, lease } : undefined;
}
