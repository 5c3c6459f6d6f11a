/** Holding work: what is paused is not claimed, whatever becomes of it meanwhile, and goes on where it was. */
import assert from 'node:assert/strict';
import type { Db, Queryable, Tx } from '../../src/host/db/types.ts';
import type { Claimed } from '../../src/host/engine/dispatch/claim.ts';
import { completeFocus, parkFocus, releaseFocus, retryLater } from '../../src/host/engine/focus/ending.ts';
import { pauseWork, resumeWork } from '../../src/host/engine/focus/hold.ts';
import { insertToolCall } from '../../src/host/store/foci/tool-calls.ts';
import { lockForSpawn } from '../../src/host/store/work/children.ts';
import { figuresByPlace } from '../../src/host/store/work/figures.ts';
import { readHolds } from '../../src/host/store/work/leases.ts';
import { pausePlace, readPlacePause, resumePlace } from '../../src/host/store/work/pauses.ts';
import { queueFigures, takeOverExpired } from '../../src/host/store/work/queue.ts';
import { submitChild } from '../../src/host/store/work/submit.ts';
import { dueWaits, insertWait, openWaits, resolveWait } from '../../src/host/store/work/waits.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { losing } from '../support/database-faults.ts';
import { pauseBeforeCommit, untilBlockedBy, without } from '../support/database-interleaving.ts';
import { onEachDatabase } from '../support/databases.ts';
import {
  claim,
  claimed,
  countRows,
  expireLease,
  history,
  item,
  OTHER_PLACE,
  OUTCOME,
  PLACE,
  registered,
  running,
  stateOf,
  submission,
  submitted,
} from './work-rows.ts';

const order = (id: string) => ({ id, by: 'a test' });
const pause = (db: Db, id: string) => pauseWork(db, order(id));
const resume = (db: Db, id: string) => resumeWork(db, order(id));
const pauseAll = (db: Db, place = PLACE) => db.transaction((tx) => pausePlace(tx, place, 'a test'));
const resumeAll = (db: Db, place = PLACE) => db.transaction((tx) => resumePlace(tx, place));

async function spawn(tx: Tx, parentId: string): Promise<string> {
  const parent = await lockForSpawn(tx, parentId);
  if (parent?.state !== 'running') throw new Error('the parent has ended');
  return (await submitChild(tx, { ...submission(), parent })).id;
}

const spawned = (db: Db, parentId: string) => db.transaction((tx) => spawn(tx, parentId));

async function isPaused(db: Queryable, id: string): Promise<boolean> {
  return (await item(db, id)).pausedAt !== null;
}

/** Nobody gets anything to run. */
async function assertNothingClaimed(db: Db): Promise<void> {
  assert.equal(await claim(db, uuidv7()), undefined);
}

/** A running item, one of whose calls waits for `seconds`. */
async function withCallWait(db: Db, seconds: number): Promise<Claimed> {
  const work = await running(db);
  const [workItemId, focusId] = [work.item.id, work.focus.id];
  await db.transaction(async (tx) => {
    const toolCallId = uuidv7();
    const call = { id: toolCallId, turn: 1, position: 0, providerCallId: 'a', name: 'x', input: {} };
    await insertToolCall(tx, { id: focusId, workItemId }, call);
    const wait = { kind: 'approval' as const, targets: [], mode: null, wakeInMs: seconds * 1000 };
    await insertWait(tx, { id: uuidv7(), workItemId, focusId, toolCallId, ...wait });
    await tx.query("update animus.work_items set state = 'waiting' where id = $1", [workItemId]);
    await tx.query('delete from animus.leases where work_item_id = $1', [workItemId]);
  });
  return work;
}

onEachDatabase('pauses', {}, (database) => {
  it('what is queued is not claimed while it is paused, and keeps its place', async () => {
    const { db } = database;
    const [first, second] = [await submitted(db), await submitted(db)];
    assert.equal(await pause(db, first), 1);
    assert.equal(await pause(db, first), 0, 'it is paused already');
    assert.equal((await claimed(db)).item.id, second);
    await assertNothingClaimed(db);
    assert.equal(await resume(db, first), 1);
    assert.equal(await resume(db, first), 0);
    assert.equal((await claimed(db)).item.id, first);
    assert.deepEqual((await history(db, first)).slice(1, 3), ['queued → queued: paused', 'queued → queued: resumed']);
  });

  it('what runs is parked for the pause when it gives its lease back, and resumed as the same focus', async () => {
    const { db } = database;
    const { item: work, focus, lease } = await running(db);
    assert.deepEqual([...(await readHolds(db, [lease.token])).values()], [false]);
    assert.equal(await pause(db, work.id), 1);
    assert.deepEqual([...(await readHolds(db, [lease.token])).values()], [true]);
    assert.equal(await stateOf(db, work.id), 'running', 'until its next recorded point');
    await releaseFocus(db, lease);
    const [wait] = await openWaits(db, [PLACE]);
    assert.deepEqual([await stateOf(db, work.id), wait?.kind, wait?.focusId], ['waiting', 'paused', focus.id]);
    assert.equal(await countRows(db, 'leases'), 0);
    await assertNothingClaimed(db);
    await resume(db, work.id);
    assert.deepEqual(await openWaits(db, [PLACE]), []);
    const again = await claimed(db);
    assert.deepEqual([again.focus.id, again.item.attempts], [focus.id, 0]);
    assert.deepEqual((await history(db, work.id)).slice(2), [
      'running → running: paused',
      'running → waiting: waits for paused',
      'waiting → queued: resumed',
      'queued → running: claimed',
    ]);
  });

  it('a park for the pause whose answer is lost is found again', async () => {
    const { db } = database;
    const { item: work, lease } = await running(db);
    await pause(db, work.id);
    await releaseFocus(losing(db, ['after commit']), lease);
    assert.deepEqual([await stateOf(db, work.id), await countRows(db, 'waits')], ['waiting', 1]);
  });

  it('[F1] a host that dies between the pause and the park loses nothing: its item is held', async () => {
    const { db } = database;
    const { item: work, focus } = await running(db);
    await pause(db, work.id);
    await expireLease(db, work.id);
    assert.deepEqual(await takeOverExpired(db, await registered(db)), [work.id]);
    await assertNothingClaimed(db);
    await resume(db, work.id);
    assert.equal((await claimed(db)).focus.id, focus.id);
  });

  it('one that is resumed before it has parked is given back and claimed again', async () => {
    const { db } = database;
    const { item: work, focus, lease } = await running(db);
    await pause(db, work.id);
    await resume(db, work.id);
    await releaseFocus(db, lease);
    assert.equal(await stateOf(db, work.id), 'queued');
    assert.equal((await claimed(db)).focus.id, focus.id);
  });

  it('one that fails an attempt stays held, and is tried again when it is resumed', async () => {
    const { db } = database;
    const { item: work, lease } = await running(db);
    await pause(db, work.id);
    await retryLater(db, lease, 0, { kind: 'http', message: 'x' });
    await assertNothingClaimed(db);
    await resume(db, work.id);
    assert.equal((await claimed(db)).focus.attempt, 2);
  });

  it('one that ends before it parks has ended', async () => {
    const { db } = database;
    const { item: work, lease } = await running(db);
    await pause(db, work.id);
    await completeFocus(db, lease, OUTCOME);
    assert.equal(await stateOf(db, work.id), 'completed');
    assert.equal(await resume(db, work.id), 0);
    assert.equal(await pause(db, work.id), 0);
  });

  it('what waits for something else stays held when that is there, and waits on where it is resumed before', async () => {
    const { db } = database;
    const { item: work, lease } = await running(db);
    await parkFocus(db, lease, { kind: 'credentials', targets: ['anthropic'], wakeInMs: null });
    await pause(db, work.id);
    await resume(db, work.id);
    assert.equal(await stateOf(db, work.id), 'waiting', 'there is still no key');
    await pause(db, work.id);
    const [wait] = await openWaits(db, [PLACE]);
    assert.ok(wait && (await resolveWait(db, wait, 'there')));
    await assertNothingClaimed(db);
    await resume(db, work.id);
    assert.equal((await claimed(db)).item.id, work.id);
  });

  it('no time passes for what is held: a call that waits has as long as before', async () => {
    const { db } = database;
    for (const hold of ['item', 'place'] as const) {
      const { item: work } = await withCallWait(db, 60);
      await (hold === 'item' ? pause(db, work.id) : pauseAll(db));
      const back = "- interval '1 hour'";
      await db.query(`update animus.waits set created_at = created_at ${back}, wake_at = wake_at ${back}`);
      await db.query(`update animus.work_items set paused_at = paused_at ${back}`);
      await db.query(`update animus.paused_places set paused_at = paused_at ${back}`);
      assert.deepEqual(await dueWaits(db, [PLACE]), [], 'its time has come an hour ago');
      await (hold === 'item' ? resume(db, work.id) : resumeAll(db));
      const [row] = await db.query<{ left: number }>(
        'select extract(epoch from wake_at - now())::float8 as left from animus.waits where work_item_id = $1',
        [work.id],
      );
      assert.ok(row && row.left > 50 && row.left <= 60, `${hold}: ${row?.left} s are left`);
      assert.deepEqual(await dueWaits(db, [PLACE]), []);
      await db.query('delete from animus.work_items');
    }
  });

  it('a tree is paused and resumed as a whole, and what is spawned meanwhile is born paused', async () => {
    const { db } = database;
    const { item: parent } = await running(db);
    const child = await spawned(db, parent.id);
    const { item: running_ } = await claimed(db);
    const grandchild = await spawned(db, running_.id);
    assert.equal(await pause(db, parent.id), 3);
    for (const id of [parent.id, child, grandchild]) assert.ok(await isPaused(db, id), id);
    const late = await spawned(db, parent.id);
    assert.ok(await isPaused(db, late));
    await assertNothingClaimed(db);
    assert.equal(await resume(db, parent.id), 4);
    assert.deepEqual(await Promise.all([parent.id, child, grandchild, late].map((id) => isPaused(db, id))), [
      false,
      false,
      false,
      false,
    ]);
  });

  it('a child that is paused leaves its parent and its siblings alone', async () => {
    const { db } = database;
    const { item: parent } = await running(db);
    const [child, sibling] = [await spawned(db, parent.id), await spawned(db, parent.id)];
    assert.equal(await pause(db, child), 1);
    assert.equal(await isPaused(db, parent.id), false);
    assert.equal((await claimed(db)).item.id, sibling);
  });

  it('all work of a place is held by one row, and what was paused by itself stays so', async () => {
    const { db } = database;
    const { item: work, lease } = await running(db);
    const [queued, own] = [await submitted(db), await submitted(db)];
    const elsewhere = await submitted(db, { place: OTHER_PLACE });
    await pause(db, own);
    assert.equal(await pauseAll(db), true);
    assert.equal(await pauseAll(db), false);
    assert.equal((await readPlacePause(db, PLACE))?.pausedBy, 'a test');
    assert.deepEqual([...(await readHolds(db, [lease.token])).values()], [true]);
    await releaseFocus(db, lease);
    assert.equal(await stateOf(db, work.id), 'queued');
    const later = await submitted(db);
    await assertNothingClaimed(db);
    assert.equal((await queueFigures(db, PLACE)).nextDueInMs, null, 'a host need not stay for it');
    assert.equal((await queueFigures(db, OTHER_PLACE)).nextDueInMs, 0);
    const [figures] = await figuresByPlace(db);
    assert.deepEqual([figures?.claimable, figures?.paused, figures?.allPaused], [0, 1, true]);
    assert.equal(await resumeAll(db), true);
    assert.equal(await resumeAll(db), false);
    const order = [await claimed(db), await claimed(db), await claimed(db)];
    assert.deepEqual(
      order.map((next) => next.item.id),
      [work.id, queued, later],
      'what had begun goes first',
    );
    await assertNothingClaimed(db);
    assert.equal(await stateOf(db, elsewhere), 'queued');
  });

  it('counts what is paused, and none of it as claimable', async () => {
    const { db } = database;
    await submitted(db);
    await pause(db, await submitted(db));
    const [figures] = await figuresByPlace(db);
    assert.deepEqual([figures?.queued, figures?.claimable, figures?.paused, figures?.allPaused], [2, 1, 1, false]);
  });
});

onEachDatabase('pauses by several connections', { connections: 'several' }, (database) => {
  const LOCK_OF_THE_ITEM = /^select 1 from animus\.work_items where id = \$1 for no key update$/;

  it('a pause waits for a claim that is under way, and finds the item running', async () => {
    const { db } = database;
    const id = await submitted(db);
    const slow = pauseBeforeCommit(await database.connect());
    const claiming = claimed(slow.db);
    const pid = await slow.reached;
    const pausing = pause(db, id);
    await untilBlockedBy(db, pid);
    slow.resume();
    const { lease } = await claiming;
    assert.equal(await pausing, 1);
    assert.deepEqual([...(await readHolds(db, [lease.token])).values()], [true]);
    await releaseFocus(db, lease);
    assert.equal(await stateOf(db, id), 'waiting');
  });

  it('a claim leaves what is just being paused', async () => {
    const { db } = database;
    await submitted(db);
    const slow = pauseBeforeCommit(await database.connect());
    const [row] = await db.query<{ id: string }>('select id from animus.work_items');
    const pausing = pause(slow.db, row?.id ?? '');
    await slow.reached;
    await assertNothingClaimed(db);
    slow.resume();
    await pausing;
    await assertNothingClaimed(db);
  });

  /** Gives a lease back while a pause, or its end, is not committed; gives the item's state after both. */
  async function releaseMeanwhile(change: 'pause' | 'resume', break_: (db: Db) => Db): Promise<string> {
    const { db } = database;
    const { item: work, lease } = await running(db);
    if (change === 'resume') await pause(db, work.id);
    const slow = pauseBeforeCommit(await database.connect());
    const changing = change === 'pause' ? pause(slow.db, work.id) : resume(slow.db, work.id);
    const pid = await slow.reached;
    const releasing = releaseFocus(break_(db), lease);
    await untilBlockedBy(db, pid);
    slow.resume();
    await changing;
    await releasing;
    return stateOf(db, work.id);
  }

  it('a focus that gives its lease back while it is paused sees the pause, and parks for it', async () => {
    assert.equal(await releaseMeanwhile('pause', (db) => db), 'waiting');
  });

  it('a focus that gives its lease back while it is resumed sees that, and does not park for ever', async () => {
    assert.equal(await releaseMeanwhile('resume', (db) => db), 'queued');
  });

  it('without the lock on its row it parks for a pause that is over', async () => {
    assert.equal(await releaseMeanwhile('resume', (db) => without(db, LOCK_OF_THE_ITEM)), 'waiting');
  });

  it('a resume that comes while the focus parks wakes it', async () => {
    const { db } = database;
    const { item: work, lease } = await running(db);
    await pause(db, work.id);
    const slow = pauseBeforeCommit(await database.connect());
    const releasing = releaseFocus(slow.db, lease);
    const pid = await slow.reached;
    const resuming = resume(db, work.id);
    await untilBlockedBy(db, pid);
    slow.resume();
    await releasing;
    assert.equal(await resuming, 1);
    assert.equal(await stateOf(db, work.id), 'queued');
    assert.deepEqual(await openWaits(db, [PLACE]), []);
  });

  /** Pauses a parent while a spawn is not committed, or the other way round; gives whether the child is paused. */
  async function spawnMeanwhile(first: 'spawn' | 'pause', broken?: RegExp): Promise<boolean> {
    const { db } = database;
    const { item: parent } = await running(db);
    const connection = await database.connect();
    const slow = pauseBeforeCommit(first === 'spawn' && broken ? without(connection, broken) : connection);
    const on = (isSlow: boolean) => (isSlow ? slow.db : db);
    const spawning = () => spawned(on(first === 'spawn'), parent.id);
    const pausing = () => pause(on(first === 'pause'), parent.id);
    const early = first === 'spawn' ? spawning() : pausing();
    const pid = await slow.reached;
    const late = first === 'spawn' ? pausing() : spawning();
    if (broken) await late;
    else await untilBlockedBy(db, pid);
    slow.resume();
    const results = [await early, await late];
    const child = results.find((result) => typeof result === 'string');
    return isPaused(db, child ?? '');
  }

  it('a pause during a spawn that is not committed waits for it, and takes the child along', async () => {
    assert.equal(await spawnMeanwhile('spawn'), true);
  });

  it('a spawn that comes while its parent is paused waits, and its child is born paused', async () => {
    assert.equal(await spawnMeanwhile('pause'), true);
  });

  it("without the spawn's lock on its parent the child runs on", async () => {
    assert.equal(await spawnMeanwhile('spawn', /for share$/), false);
  });

  it('a child that ends while its tree is paused: no deadlock, and the parent is held', async () => {
    const { db } = database;
    for (const first of ['pause', 'end'] as const) {
      const { item: parent } = await running(db);
      await spawned(db, parent.id);
      const child = await claimed(db);
      const slow = pauseBeforeCommit(await database.connect());
      const pausing = (on: Db) => pause(on, parent.id);
      const ending = (on: Db) => completeFocus(on, child.lease, OUTCOME);
      const early = first === 'pause' ? pausing(slow.db) : ending(slow.db);
      const pid = await slow.reached;
      const late = first === 'pause' ? ending(db) : pausing(db);
      await untilBlockedBy(db, pid);
      slow.resume();
      await early;
      await late;
      assert.deepEqual([await isPaused(db, parent.id), await stateOf(db, child.item.id)], [true, 'completed']);
      await db.query('delete from animus.work_items');
    }
  });
});
