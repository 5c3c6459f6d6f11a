/** A claim: the next items, their leases and their foci, in one transaction. */

import { uuidv7 } from '../../../rendezvous/ids.ts';
import { retryLost } from '../../db/retry-lost.ts';
import type { Db, Tx } from '../../db/types.ts';
import { type Focus, readFocus, takeUpFocus } from '../../store/foci/foci.ts';
import { readWorkItem } from '../../store/work/find.ts';
import { findLeases, insertLease, type Lease } from '../../store/work/leases.ts';
import { type ClaimScope, lockNextItems } from '../../store/work/queue.ts';
import { startItem } from '../../store/work/transitions.ts';
import type { WorkItem } from '../../store/work/types.ts';
import { chargeDeadCalls } from '../focus/admission.ts';

export type Claimed = { item: WorkItem; focus: Focus; lease: Lease };

/** Claims the next item that may run here; undefined where there is none. */
export async function claimNext(db: Db, hostId: string, scope: ClaimScope): Promise<Claimed | undefined> {
  const [claimed] = await claimSeveral(db, hostId, scope, 1);
  return claimed;
}

/**
 * Claims the next items that may run here, at most so many; fewer where there are no more. One transaction, so that the next
 * four cost hardly more than the next one.
 */
export async function claimSeveral(db: Db, hostId: string, scope: ClaimScope, most: number): Promise<Claimed[]> {
  if (scope.faculties.length === 0) return [];
  // A claim whose answer was lost is found again by its tokens.
  const tokens = Array.from({ length: most }, () => uuidv7());
  return retryLost(async (again) => {
    const found = again ? await findClaims(db, tokens) : [];
    return found.length > 0 ? found : db.transaction((tx) => claim(tx, hostId, scope, tokens));
  });
}

/** What is done for each item is asked for together: the steps of a claim take a round trip each, however many it has. */
async function claim(tx: Tx, hostId: string, scope: ClaimScope, tokens: readonly string[]): Promise<Claimed[]> {
  const items = await lockNextItems(tx, scope, tokens.length);
  return Promise.all(
    items.map((item, at) => {
      const token = tokens[at];
      if (token === undefined) throw new Error('More items were locked than were asked for.');
      return claimItem(tx, item, hostId, token);
    }),
  );
}

async function claimItem(tx: Tx, item: WorkItem, hostId: string, token: string): Promise<Claimed> {
  const focus = await takeUpFocus(tx, {
    id: uuidv7(),
    workItemId: item.id,
    attempt: item.attempts + 1,
    faculty: item.faculty,
    hostId,
  });
  const lease = { workItemId: item.id, focusId: focus.id, token };
  await Promise.all([
    insertLease(tx, lease, hostId),
    startItem(tx, item.id, { host_id: hostId, focus_id: focus.id, attempt: focus.attempt }),
  ]);
  if (focus.phase !== 'orient') await chargeDeadCalls(tx, item);
  return { item, focus, lease };
}

/** In the order of the tokens, which is the order of the claim. */
async function findClaims(db: Db, tokens: readonly string[]): Promise<Claimed[]> {
  const leases = await findLeases(db, tokens);
  const claims = await Promise.all(
    leases.map(async (lease) => {
      const [item, focus] = [await readWorkItem(db, lease.workItemId), await readFocus(db, lease.focusId)];
      return item && focus ? [{ item, focus, lease }] : [];
    }),
  );
  return claims.flat().sort((a, b) => tokens.indexOf(a.lease.token) - tokens.indexOf(b.lease.token));
}
