/** Which item a host gets, and that no two hosts get the same. */
import assert from 'node:assert/strict';
import type { Db } from '../../src/host/db/types.ts';
import { claimNext, claimSeveral } from '../../src/host/engine/dispatch/claim.ts';
import { releaseFocus, retryLater } from '../../src/host/engine/focus/ending.ts';
import { listFoci } from '../../src/host/store/foci/foci.ts';
import { facultiesOfPlace, markHostStopped, markPredecessorsStopped } from '../../src/host/store/hosts/hosts.ts';
import { proveLease } from '../../src/host/store/work/leases.ts';
import { takeOverExpired } from '../../src/host/store/work/queue.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { losing } from '../support/database-faults.ts';
import { onEachDatabase } from '../support/databases.ts';
import {
  claim,
  claimed,
  countRows,
  expireLease,
  FACULTY,
  history,
  item,
  OTHER_PLACE,
  PLACE,
  registered,
  stateOf,
  submitted,
} from './work-rows.ts';

const FAILURE = { kind: 'http', message: 'failed' };

/** Claims until nothing is left; gives the ids in the order of claiming. */
async function claimAll(db: Db): Promise<string[]> {
  const ids: string[] = [];
  for (let next = await claim(db, uuidv7()); next; next = await claim(db, uuidv7())) ids.push(next.item.id);
  return ids;
}

onEachDatabase('claim', {}, (database) => {
  it('gives item, focus and lease of one another, and writes it into the history', async () => {
    const { db } = database;
    const id = await submitted(db);
    const hostId = uuidv7();
    const { item: claimedItem, focus, lease } = await claimed(db, hostId);
    assert.equal(claimedItem.id, id);
    assert.deepEqual({ workItemId: lease.workItemId, focusId: lease.focusId }, { workItemId: id, focusId: focus.id });
    const { attempt, phase, status, faculty } = focus;
    assert.deepEqual(
      [attempt, phase, status, faculty, focus.hostId, focus.workItemId],
      [1, 'orient', 'running', FACULTY, hostId, id],
    );
    assert.equal(await stateOf(db, id), 'running');
    assert.deepEqual(await history(db, id), ['nothing → queued: submitted', 'queued → running: claimed']);
  });

  it('takes the higher priority first, then the older, then the smaller id', async () => {
    const { db } = database;
    const low = await submitted(db, { priority: -1 });
    const older = await submitted(db);
    const newer = await submitted(db);
    const high = await submitted(db, { priority: 5 });
    assert.deepEqual(await claimAll(db), [high, older, newer, low]);
    const ids = [uuidv7(2), uuidv7(1)];
    for (const id of ids) await submitted(db, { id });
    await db.query("update animus.work_items set available_at = now() - interval '1 hour' where id = any($1::uuid[])", [
      ids,
    ]);
    assert.deepEqual(await claimAll(db), ids.toReversed());
  });

  it('takes what was begun before what is new, at the same priority only', async () => {
    const { db } = database;
    const begun = await submitted(db);
    const { lease } = await claimed(db);
    const older = await submitted(db);
    const high = await submitted(db, { priority: 1 });
    await releaseFocus(db, lease);
    assert.deepEqual(await claimAll(db), [high, begun, older]);
  });

  it('gives a released item back with the focus it had', async () => {
    const { db } = database;
    await submitted(db);
    const first = await claimed(db);
    await releaseFocus(db, first.lease);
    const hostId = uuidv7();
    const second = await claimed(db, hostId);
    assert.equal(second.focus.id, first.focus.id);
    assert.deepEqual([second.focus.hostId, second.focus.status, second.focus.attempt], [hostId, 'running', 1]);
    assert.notEqual(second.lease.token, first.lease.token);
    assert.equal((await listFoci(db, first.item.id)).length, 1);
  });

  it('gives a failed item back with a new focus, which counts as the next attempt', async () => {
    const { db } = database;
    await submitted(db);
    const first = await claimed(db);
    await retryLater(db, first.lease, 0, FAILURE);
    const second = await claimed(db);
    assert.notEqual(second.focus.id, first.focus.id);
    assert.equal(second.focus.attempt, 2);
    const foci = await listFoci(db, first.item.id);
    assert.deepEqual(
      foci.map(({ status }) => status),
      ['failed', 'running'],
    );
  });

  it('leaves what is delayed until its time has come', async () => {
    const { db } = database;
    const id = await submitted(db, { delayMs: 60_000 });
    assert.equal(await claim(db, uuidv7()), undefined);
    await db.query('update animus.work_items set available_at = now() where id = $1', [id]);
    assert.equal((await claimed(db)).item.id, id);
    const retried = await submitted(db);
    const { lease } = await claimed(db);
    await retryLater(db, lease, 60_000, FAILURE);
    assert.equal(await claim(db, uuidv7()), undefined);
    assert.equal(await stateOf(db, retried), 'queued');
  });

  it('keeps to the places and the faculties that are asked for', async () => {
    const { db } = database;
    const [elsewhere, other] = [
      await submitted(db, { place: OTHER_PLACE }),
      await submitted(db, { faculty: 'researcher' }),
    ];
    const claimFor = async (places: string[], faculties: string[]) =>
      (await claimNext(db, uuidv7(), { places, faculties }))?.item.id;
    assert.equal(await claimFor([PLACE], [FACULTY]), undefined);
    assert.equal(await claimFor([PLACE], []), undefined);
    assert.equal(await claimFor([], [FACULTY, 'researcher']), undefined);
    assert.equal(await claimFor([PLACE], [FACULTY, 'researcher']), other);
    assert.equal(await claimFor([PLACE, OTHER_PLACE], [FACULTY]), elsewhere);
  });

  it('leaves out what is still ending here, and takes what comes after it', async () => {
    const { db } = database;
    const [first, second] = [await submitted(db), await submitted(db)];
    const scope = { places: [PLACE], faculties: [FACULTY], except: [first] };
    assert.equal((await claimNext(db, uuidv7(), scope))?.item.id, second);
    assert.equal(await claimNext(db, uuidv7(), scope), undefined);
    assert.equal((await claimNext(db, uuidv7(), { ...scope, except: [] }))?.item.id, first);
  });

  it('takes several in one transaction, in the order of the queue, each with item, focus and lease of one another', async () => {
    const { db } = database;
    const low = await submitted(db, { priority: -1 });
    const begun = await submitted(db);
    await releaseFocus(db, (await claimed(db)).lease);
    const [first, second] = [await submitted(db), await submitted(db)];
    const scope = { places: [PLACE], faculties: [FACULTY] };
    const three = await claimSeveral(db, uuidv7(), scope, 3);
    assert.deepEqual(
      three.map(({ item: { id } }) => id),
      [begun, first, second],
    );
    for (const { item: claimedItem, focus, lease } of three) {
      assert.deepEqual([focus.workItemId, lease.workItemId, lease.focusId], [claimedItem.id, claimedItem.id, focus.id]);
      assert.equal((await history(db, claimedItem.id)).at(-1), 'queued → running: claimed');
      await db.transaction((tx) => proveLease(tx, lease));
    }
    const rest = await claimSeveral(db, uuidv7(), scope, 3);
    assert.deepEqual(
      rest.map(({ item: { id } }) => id),
      [low],
    );
    assert.deepEqual(await claimSeveral(db, uuidv7(), scope, 3), []);
  });

  for (const loss of ['before commit', 'after commit'] as const) {
    it(`finds its own claims of several when the answer was lost ${loss}`, async () => {
      const { db } = database;
      const ids = [await submitted(db), await submitted(db)];
      const claims = await claimSeveral(losing(db, [loss]), uuidv7(), { places: [PLACE], faculties: [FACULTY] }, 4);
      assert.deepEqual(
        claims.map(({ item: { id } }) => id),
        ids,
      );
      assert.equal(await countRows(db, 'leases'), 2);
      assert.equal(await countRows(db, 'foci'), 2);
    });

    it(`finds its own claim when the answer was lost ${loss}`, async () => {
      const { db } = database;
      const id = await submitted(db);
      await submitted(db);
      const result = await claim(losing(db, [loss]), uuidv7());
      assert.equal(result?.item.id, id);
      assert.equal(await countRows(db, 'leases'), 1);
      assert.equal(await countRows(db, 'foci'), 1);
    });
  }
});

onEachDatabase('claim at once', { connections: 'several' }, (database) => {
  it('8 claimers never share an item', async () => {
    const { db } = database;
    const ids: string[] = [];
    for (let count = 0; count < 60; count += 1) ids.push(await submitted(db));
    const hosts = await Promise.all(Array.from({ length: 8 }, () => database.connect({ maxConnections: 2 })));
    const shares = await Promise.all(hosts.map(claimAll));
    assert.deepEqual(shares.flat().sort(), ids.sort());
    assert.ok(shares.filter((share) => share.length > 0).length > 1, 'only one claimer got anything');
    assert.equal(await countRows(db, 'leases'), 60);
  });
});

onEachDatabase('takeover', {}, (database) => {
  it('queues again what an expired lease held, and counts that nothing was recorded', async () => {
    const { db } = database;
    const [dead, self] = [await registered(db), await registered(db)];
    const id = await submitted(db);
    const first = await claimed(db, dead.hostId);
    assert.deepEqual(await takeOverExpired(db, self), []);
    await expireLease(db, id);
    assert.deepEqual(await takeOverExpired(db, self), [id]);
    assert.deepEqual(await takeOverExpired(db, self), []);
    assert.equal((await item(db, id)).resumesWithoutProgress, 1);
    const second = await claimed(db, self.hostId);
    assert.equal(second.focus.id, first.focus.id);
    assert.equal(second.item.attempts, 0);
    assert.deepEqual(await history(db, id), [
      'nothing → queued: submitted',
      'queued → running: claimed',
      'running → queued: taken over',
      'queued → running: claimed',
    ]);
  });

  it("takes what a predecessor of the same store held at once, and never another store's", async () => {
    const { db } = database;
    const predecessor = await registered(db);
    const stranger = await registered(db);
    const self = await registered(db, predecessor.storeId);
    const [mine, theirs, own] = [await submitted(db), await submitted(db), await submitted(db)];
    for (const { hostId } of [predecessor, stranger, self]) await claimed(db, hostId);
    assert.deepEqual(await takeOverExpired(db, self), [mine]);
    assert.equal(await stateOf(db, theirs), 'running');
    assert.equal(await stateOf(db, own), 'running');
  });

  it('leaves what is about another place, whose host may only be asleep', async () => {
    const { db } = database;
    const id = await submitted(db);
    await claimed(db);
    await expireLease(db, id);
    const self = await registered(db);
    assert.deepEqual(await takeOverExpired(db, self, { places: [OTHER_PLACE] }), []);
    assert.deepEqual(await takeOverExpired(db, self, { places: [OTHER_PLACE, PLACE] }), [id]);
  });

  it('leaves what this process runs, however late its heartbeat is', async () => {
    const { db } = database;
    const self = await registered(db);
    const id = await submitted(db);
    const { lease } = await claimed(db, self.hostId);
    await expireLease(db, id);
    assert.deepEqual(await takeOverExpired(db, self, { alive: [lease.token] }), []);
    assert.equal((await item(db, id)).resumesWithoutProgress, 0);
    assert.deepEqual(await takeOverExpired(db, self, { alive: [uuidv7()] }), [id]);
  });

  it('looks for predecessors only when it is told to: a copied store must not take from its twin for ever', async () => {
    const { db } = database;
    const twin = await registered(db);
    const self = await registered(db, twin.storeId);
    const id = await submitted(db);
    await claimed(db, twin.hostId);
    assert.deepEqual(await takeOverExpired(db, self, { predecessors: false }), []);
    assert.deepEqual(await takeOverExpired(db, self), [id]);
  });

  it('takes what a host held that never said who it is, once its lease has expired', async () => {
    const { db } = database;
    const id = await submitted(db);
    await claimed(db, uuidv7());
    const self = await registered(db);
    assert.deepEqual(await takeOverExpired(db, self), []);
    await expireLease(db, id);
    assert.deepEqual(await takeOverExpired(db, self), [id]);
  });
});

onEachDatabase('hosts', {}, (database) => {
  it('only hosts that live count for what a place can do', async () => {
    const { db } = database;
    const [first, second] = [await registered(db), await registered(db)];
    assert.deepEqual(await facultiesOfPlace(db, PLACE), [FACULTY]);
    assert.deepEqual(await facultiesOfPlace(db, OTHER_PLACE), []);
    await markHostStopped(db, first.hostId);
    assert.deepEqual(await facultiesOfPlace(db, PLACE), [FACULTY]);
    await db.query("update animus.hosts set heartbeat_at = now() - interval '31 seconds' where id = $1", [
      second.hostId,
    ]);
    assert.deepEqual(await facultiesOfPlace(db, PLACE), []);
  });

  it('a start marks the earlier instances of its store as stopped, and no others', async () => {
    const { db } = database;
    const predecessor = await registered(db);
    const stranger = await registered(db);
    const self = await registered(db, predecessor.storeId);
    await markPredecessorsStopped(db, { id: self.hostId, storeId: self.storeId });
    const stopped = await db.query<{ id: string }>('select id from animus.hosts where stopped_at is not null');
    assert.deepEqual(stopped, [{ id: predecessor.hostId }]);
    assert.ok(stranger.hostId);
  });
});
