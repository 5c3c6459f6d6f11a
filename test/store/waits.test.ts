/** Parking and waking: no wake-up is lost, and one too many does no harm. */
import assert from 'node:assert/strict';
import type { Db } from '../../src/host/db/types.ts';
import { type ParkReason, parkFocus } from '../../src/host/engine/focus/ending.ts';
import { queueFigures } from '../../src/host/store/work/queue.ts';
import { dueWaits, openWaits, resolveWait, type Wait } from '../../src/host/store/work/waits.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { losing } from '../support/database-faults.ts';
import { pauseBefore, pauseBeforeCommit, untilBlockedBy } from '../support/database-interleaving.ts';
import { onEachDatabase } from '../support/databases.ts';
import { claim, claimed, countRows, history, item, OTHER_PLACE, PLACE, running, stateOf } from './work-rows.ts';

const FOR_KEY: ParkReason = { kind: 'credentials', targets: ['anthropic'], wakeInMs: null };

async function onlyWait(db: Db): Promise<Wait> {
  const [wait, ...more] = await openWaits(db, [PLACE]);
  assert.ok(wait);
  assert.deepEqual(more, []);
  return wait;
}

async function setDue(db: Db): Promise<void> {
  await db.query("update animus.waits set wake_at = now() - interval '1 millisecond'");
}

onEachDatabase('waits', {}, (database) => {
  it('a parked item costs no lease and no attempt, and says what it waits for', async () => {
    const { db } = database;
    const { item: held, lease, focus } = await running(db);
    await parkFocus(db, lease, FOR_KEY);
    assert.equal(await claim(db, uuidv7()), undefined);
    const { id: _id, ...wait } = await onlyWait(db);
    assert.deepEqual(wait, {
      workItemId: held.id,
      focusId: focus.id,
      toolCallId: null,
      kind: 'credentials',
      targets: ['anthropic'],
      mode: null,
      wakeAt: null,
    });
    const { attempts, resumesWithoutProgress } = await item(db, held.id);
    assert.deepEqual([attempts, resumesWithoutProgress, await countRows(db, 'leases')], [0, 0, 0]);
    assert.deepEqual(await openWaits(db, [OTHER_PLACE]), []);
  });

  it('a wake gives the item back with the focus that parked', async () => {
    const { db } = database;
    const { item: held, lease, focus } = await running(db);
    await parkFocus(db, lease, FOR_KEY);
    assert.equal(await resolveWait(db, await onlyWait(db), 'credentials there'), true);
    assert.deepEqual(await openWaits(db, [PLACE]), []);
    assert.equal((await claimed(db)).focus.id, focus.id);
    assert.deepEqual((await history(db, held.id)).slice(2), [
      'running → waiting: waits for credentials',
      'waiting → queued: credentials there',
      'queued → running: claimed',
    ]);
  });

  it('a wake too many does no harm: not at once, not while the item runs, not when it parked again', async () => {
    const { db } = database;
    const { item: held, lease } = await running(db);
    await parkFocus(db, lease, FOR_KEY);
    const wait = await onlyWait(db);
    assert.equal(await resolveWait(db, wait, 'first'), true);
    assert.equal(await resolveWait(db, wait, 'second'), false);
    const again = await claimed(db);
    assert.equal(await resolveWait(db, wait, 'third'), false);
    await parkFocus(db, again.lease, FOR_KEY);
    assert.equal(await resolveWait(db, wait, 'fourth'), false);
    assert.equal(await stateOf(db, held.id), 'waiting');
    assert.notEqual((await onlyWait(db)).id, wait.id);
  });

  it('a wake of nothing at all does no harm', async () => {
    const { db } = database;
    const { item: held } = await running(db);
    assert.equal(await resolveWait(db, { id: uuidv7(), workItemId: held.id }, 'nothing'), false);
    assert.equal(await resolveWait(db, { id: uuidv7(), workItemId: uuidv7() }, 'nothing'), false);
    assert.equal(await stateOf(db, held.id), 'running');
  });

  it("[F9] a wait's time is the database's", async () => {
    const { db } = database;
    const { lease } = await running(db);
    await parkFocus(db, lease, { kind: 'model', targets: ['anthropic'], wakeInMs: 3_600_000 });
    const wait = await onlyWait(db);
    const [row] = await db.query<{ ms: number }>(
      'select (extract(epoch from wake_at - created_at) * 1000)::float8 as ms from animus.waits',
    );
    assert.equal(row?.ms, 3_600_000);
    assert.deepEqual(await dueWaits(db, [PLACE]), []);
    const { nextDueInMs, waiting } = await queueFigures(db, PLACE);
    assert.ok(waiting === 1 && nextDueInMs !== null && nextDueInMs > 0);
    await setDue(db);
    assert.deepEqual(await dueWaits(db, [OTHER_PLACE]), []);
    assert.deepEqual(
      (await dueWaits(db, [PLACE])).map(({ id }) => id),
      [wait.id],
    );
    assert.equal(await resolveWait(db, wait, 'time is up'), true);
    assert.deepEqual(await dueWaits(db, [PLACE]), []);
  });

  it('a wait without a time never falls due', async () => {
    const { db } = database;
    await parkFocus(db, (await running(db)).lease, FOR_KEY);
    assert.deepEqual(await dueWaits(db, [PLACE]), []);
    assert.equal((await queueFigures(db, PLACE)).nextDueInMs, null);
  });

  for (const loss of ['before commit', 'after commit'] as const) {
    it(`a wake whose answer was lost ${loss} happens when it is done again`, async () => {
      const { db } = database;
      const { item: held, lease } = await running(db);
      await parkFocus(db, lease, FOR_KEY);
      const wait = await onlyWait(db);
      await assert.rejects(resolveWait(losing(db, [loss]), wait, 'lost'), { name: 'DbLost' });
      await resolveWait(db, wait, 'again');
      assert.equal(await stateOf(db, held.id), 'queued');
      assert.equal((await history(db, held.id)).length, 4);
    });
  }
});

onEachDatabase('waits at once', { connections: 'several' }, (database) => {
  it('who looks while an item parks sees its wait as soon as it is parked', async () => {
    const { db } = database;
    const { item: held, lease } = await running(db);
    const paused = pauseBefore(await database.connect(), /insert into animus\.waits/);
    const parking = parkFocus(paused.db, lease, FOR_KEY);
    await paused.reached;
    assert.deepEqual(await openWaits(db, [PLACE]), []);
    paused.resume();
    await parking;
    assert.equal(await resolveWait(db, await onlyWait(db), 'there'), true);
    assert.equal(await stateOf(db, held.id), 'queued');
  });

  it('a wake that comes while the item parks waits for the park, and wakes it', async () => {
    const { db } = database;
    const { item: held, lease } = await running(db);
    const parker = pauseBeforeCommit(await database.connect());
    const parking = parkFocus(parker.db, lease, FOR_KEY);
    const pid = await parker.reached;
    assert.equal(await waitOf(db, held.id), undefined, 'nobody sees an uncommitted wait');
    const wake = db.transaction(async (tx) => {
      await tx.query('select 1 from animus.work_items where id = $1 for update', [held.id]);
      return waitOf(tx, held.id);
    });
    await untilBlockedBy(db, pid);
    parker.resume();
    await parking;
    const seen = await wake;
    assert.ok(seen, 'behind the lock on the item its wait is seen');
    assert.equal(await resolveWait(db, { id: seen, workItemId: held.id }, 'there'), true);
  });

  it('of two wakes at once, one wakes', async () => {
    const { db } = database;
    const { item: held, lease } = await running(db);
    await parkFocus(db, lease, FOR_KEY);
    const wait = await onlyWait(db);
    const first = pauseBefore(await database.connect(), /update animus\.waits/);
    const slow = resolveWait(first.db, wait, 'one');
    const pid = await first.reached;
    const late = resolveWait(db, wait, 'two');
    await untilBlockedBy(db, pid);
    first.resume();
    assert.deepEqual([await slow, await late], [true, false]);
    assert.equal((await history(db, held.id)).length, 4);
  });
});

async function waitOf(db: Pick<Db, 'query'>, workItemId: string): Promise<string | undefined> {
  const [row] = await db.query<{ id: string }>('select id from animus.waits where work_item_id = $1', [workItemId]);
  return row?.id;
}
