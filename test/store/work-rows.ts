/** Work items, hosts and claims as the store's tests need them. */
import assert from 'node:assert/strict';
import type { Db, Queryable } from '../../src/host/db/types.ts';
import { type Claimed, claimNext } from '../../src/host/engine/dispatch/claim.ts';
import { registerHost } from '../../src/host/store/hosts/hosts.ts';
import { listWorkEvents, readWorkItem } from '../../src/host/store/work/find.ts';
import { type Submission, submitWork } from '../../src/host/store/work/submit.ts';
import type { Outcome, WorkItem, WorkState } from '../../src/host/store/work/types.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';

export const PLACE = '01900000-0000-7000-8000-00000000aaaa';
export const OTHER_PLACE = '01900000-0000-7000-8000-00000000bbbb';
export const FACULTY = 'general';

export const OUTCOME: Outcome = { success: true, summary: 'done', duration_ms: 5 };

export function submission(overrides: Partial<Submission> = {}): Submission {
  return {
    id: uuidv7(),
    place: PLACE,
    faculty: FACULTY,
    description: 'Look at the failing test.',
    params: {},
    attachments: [],
    model: null,
    priority: 0,
    dedup: null,
    delayMs: 0,
    maxAttempts: 3,
    provenance: { source: 'cli' },
    ...overrides,
  };
}

/** Gives the id of the new item. */
export async function submitted(db: Db, overrides: Partial<Submission> = {}): Promise<string> {
  const result = await submitWork(db, submission(overrides));
  assert.equal(result.kind, 'queued');
  return result.id;
}

export type TestHost = { hostId: string; storeId: string };

export async function registered(db: Queryable, storeId = uuidv7()): Promise<TestHost> {
  const id = uuidv7();
  await registerHost(db, { id, storeId, name: 'test', places: [PLACE], faculties: [FACULTY], version: '0.0.0' });
  return { hostId: id, storeId };
}

export function claim(db: Db, hostId: string): Promise<Claimed | undefined> {
  return claimNext(db, hostId, { places: [PLACE], faculties: [FACULTY] });
}

/** Claims the one item that is there to be claimed. */
export async function claimed(db: Db, hostId: string = uuidv7()): Promise<Claimed> {
  const result = await claim(db, hostId);
  assert.ok(result, 'nothing was there to be claimed');
  return result;
}

/** A running item of a host of its own. */
export async function running(db: Db): Promise<Claimed> {
  await submitted(db);
  return claimed(db);
}

export async function item(db: Queryable, id: string): Promise<WorkItem> {
  const found = await readWorkItem(db, id);
  assert.ok(found, `there is no item ${id}`);
  return found;
}

export async function stateOf(db: Queryable, id: string): Promise<WorkState> {
  return (await item(db, id)).state;
}

/** The item's history as "from → to: reason". Checks on the way that its events are numbered without a gap. */
export async function history(db: Queryable, id: string): Promise<string[]> {
  const events = await listWorkEvents(db, id);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
  assert.equal((await item(db, id)).eventSeq, events.length);
  return events.map(({ fromState, toState, reason }) => `${fromState ?? 'nothing'} → ${toState}: ${reason}`);
}

export async function countRows(db: Queryable, table: string): Promise<number> {
  const [row] = await db.query<{ count: number }>(`select count(*) as count from animus.${table}`);
  return row?.count ?? 0;
}

/** Lets an item's lease expire, by the database's clock. */
export async function expireLease(db: Queryable, workItemId: string): Promise<void> {
  await db.query("update animus.leases set expires_at = now() - interval '1 second' where work_item_id = $1", [
    workItemId,
  ]);
}
