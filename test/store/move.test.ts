/** Moving work to another place, and removing it: whole trees, and nobody goes on with what is gone. */
import assert from 'node:assert/strict';
import type { Db, Tx } from '../../src/host/db/types.ts';
import { claimNext } from '../../src/host/engine/dispatch/claim.ts';
import { completeFocus, parkFocus } from '../../src/host/engine/focus/ending.ts';
import { pauseWork } from '../../src/host/engine/focus/hold.ts';
import { moveWork } from '../../src/host/engine/focus/move.ts';
import { removeWork } from '../../src/host/engine/focus/remove.ts';
import { listFoci } from '../../src/host/store/foci/foci.ts';
import { appendEntry } from '../../src/host/store/ledger/ledger.ts';
import { lockForSpawn } from '../../src/host/store/work/children.ts';
import { findWorkItem } from '../../src/host/store/work/find.ts';
import { proveLease } from '../../src/host/store/work/leases.ts';
import { submitChild, submitWork } from '../../src/host/store/work/submit.ts';
import { openWaits } from '../../src/host/store/work/waits.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { pauseBeforeCommit, untilBlockedBy } from '../support/database-interleaving.ts';
import { onEachDatabase } from '../support/databases.ts';
import {
  claimed,
  countRows,
  FACULTY,
  history,
  item,
  OTHER_PLACE,
  OUTCOME,
  PLACE,
  running,
  stateOf,
  submission,
  submitted,
} from './work-rows.ts';

const there = { to: OTHER_PLACE, from: 'here:/w', target: 'there:/w', by: 'a test' };
const move = (db: Db, id: string) => moveWork(db, { id, ...there });
const claimThere = (db: Db) => claimNext(db, uuidv7(), { places: [OTHER_PLACE], faculties: [FACULTY] });
const proven = (db: Db, lease: Parameters<typeof proveLease>[1]) => db.transaction((tx) => proveLease(tx, lease));

async function spawn(tx: Tx, parentId: string): Promise<string> {
  const parent = await lockForSpawn(tx, parentId);
  if (parent?.state !== 'running') throw new Error('the parent has ended');
  return (await submitChild(tx, { ...submission(), parent })).id;
}

const spawned = (db: Db, parentId: string) => db.transaction((tx) => spawn(tx, parentId));

onEachDatabase('moving work', {}, (database) => {
  it('ends the focus without counting it, and starts another one there', async () => {
    const { db } = database;
    const { item: work, focus, lease } = await running(db);
    assert.deepEqual(await move(db, work.id), { kind: 'moved', open: 1, all: 1 });
    await assert.rejects(proven(db, lease), { name: 'LeaseLost' });
    const moved = await item(db, work.id);
    assert.deepEqual(
      [moved.place, moved.state, moved.attempts, moved.movedFrom],
      [OTHER_PLACE, 'queued', 0, 'here:/w'],
    );
    const [before] = await listFoci(db, work.id);
    assert.deepEqual([before?.status, before?.error?.kind], ['cancelled', 'moved']);
    const again = await claimThere(db);
    assert.ok(again && again.focus.id !== focus.id);
    assert.deepEqual([again.focus.attempt, again.focus.phase], [1, 'orient']);
    assert.deepEqual((await history(db, work.id)).slice(2), [
      'running → queued: moved to there:/w',
      'queued → running: claimed',
    ]);
  });

  it('takes what waits with it, and what it waited for no longer counts', async () => {
    const { db } = database;
    const { item: work, lease } = await running(db);
    await parkFocus(db, lease, { kind: 'credentials', targets: ['anthropic'], wakeInMs: null });
    await move(db, work.id);
    assert.deepEqual(await openWaits(db, [PLACE, OTHER_PLACE]), []);
    assert.equal((await claimThere(db))?.item.id, work.id);
  });

  it('says nothing of another folder where nothing has begun, and lets what is paused stay so', async () => {
    const { db } = database;
    const id = await submitted(db);
    await pauseWork(db, { id, by: 'a test' });
    await move(db, id);
    const moved = await item(db, id);
    assert.equal(moved.movedFrom, null);
    assert.ok(moved.pausedAt);
    assert.equal(await claimThere(db), undefined);
  });

  it('takes a tree as a whole: what is open is queued there, what has ended is found there', async () => {
    const { db } = database;
    const { item: root } = await running(db);
    await spawned(db, root.id);
    const ended = await claimed(db);
    await completeFocus(db, ended.lease, OUTCOME);
    const open = await spawned(db, root.id);
    await claimed(db);
    assert.deepEqual(await move(db, root.id), { kind: 'moved', open: 2, all: 3 });
    for (const id of [root.id, ended.item.id, open]) assert.equal((await item(db, id)).place, OTHER_PLACE);
    assert.deepEqual(
      [await stateOf(db, root.id), await stateOf(db, open), await stateOf(db, ended.item.id)],
      ['queued', 'queued', 'completed'],
    );
    assert.equal(await countRows(db, 'leases'), 0);
    assert.deepEqual(await move(db, root.id), { kind: 'there' });
  });

  it('takes what was merged into it along, so that every id is found where the work is', async () => {
    const { db } = database;
    const keyed = { dedup: { key: 'nightly' } };
    const canonical = await submitted(db, keyed);
    const merged = await submitWork(db, submission(keyed));
    await move(db, canonical);
    assert.deepEqual(await findWorkItem(db, OTHER_PLACE, merged.id), { kind: 'found', id: merged.id });
    assert.deepEqual(await findWorkItem(db, PLACE, merged.id), { kind: 'none' });
    assert.deepEqual(await findWorkItem(db, null, merged.id), { kind: 'found', id: merged.id });
  });

  it('refuses a part of a tree, what has ended, and what is worked on there, and changes nothing', async () => {
    const { db } = database;
    const { item: root, lease } = await running(db);
    const child = await spawned(db, root.id);
    assert.deepEqual(await move(db, child), { kind: 'below', rootId: root.id });
    await completeFocus(db, lease, OUTCOME);
    assert.deepEqual(await move(db, root.id), { kind: 'ended', state: 'completed' });
    const keyed = { dedup: { key: 'nightly' } };
    const same = await submitted(db, { ...keyed, place: OTHER_PLACE });
    const id = await submitted(db, { ...keyed, priority: 9 });
    const own = await claimed(db);
    assert.equal(own.item.id, id);
    assert.deepEqual(await move(db, id), { kind: 'same_work', id: same });
    await proven(db, own.lease);
    assert.equal((await item(db, id)).place, PLACE);
  });
});

onEachDatabase('moving work by several connections', { connections: 'several' }, (database) => {
  it('against its end, the end first: it has ended', async () => {
    const { db } = database;
    const { item: work, lease } = await running(db);
    const slow = pauseBeforeCommit(await database.connect());
    const ending = completeFocus(slow.db, lease, OUTCOME);
    const pid = await slow.reached;
    const moving = move(db, work.id);
    await untilBlockedBy(db, pid);
    slow.resume();
    await ending;
    assert.deepEqual(await moving, { kind: 'ended', state: 'completed' });
    assert.equal((await item(db, work.id)).place, PLACE);
  });

  it('against its end, the move first: the end is fenced', async () => {
    const { db } = database;
    const { item: work, lease } = await running(db);
    const slow = pauseBeforeCommit(await database.connect());
    const moving = move(slow.db, work.id);
    const pid = await slow.reached;
    const ending = assert.rejects(completeFocus(db, lease, OUTCOME), { name: 'LeaseLost' });
    await untilBlockedBy(db, pid);
    slow.resume();
    assert.equal((await moving).kind, 'moved');
    await ending;
    assert.equal(await stateOf(db, work.id), 'queued');
  });

  it('of what is just being claimed takes the new lease too', async () => {
    const { db } = database;
    const id = await submitted(db);
    const slow = pauseBeforeCommit(await database.connect());
    const claiming = claimed(slow.db);
    const pid = await slow.reached;
    const moving = move(db, id);
    await untilBlockedBy(db, pid);
    slow.resume();
    const { lease } = await claiming;
    assert.equal((await moving).kind, 'moved');
    assert.equal(await countRows(db, 'leases'), 0);
    await assert.rejects(proven(db, lease), { name: 'LeaseLost' });
  });

  it('waits for a spawn that is not committed, and takes the child along', async () => {
    const { db } = database;
    const { item: root } = await running(db);
    const slow = pauseBeforeCommit(await database.connect());
    const spawning = spawned(slow.db, root.id);
    const pid = await slow.reached;
    const moving = move(db, root.id);
    await untilBlockedBy(db, pid);
    slow.resume();
    const child = await spawning;
    assert.deepEqual(await moving, { kind: 'moved', open: 2, all: 2 });
    assert.equal((await item(db, child)).place, OTHER_PLACE);
  });

  it('finds the same work that is submitted there meanwhile', async () => {
    const { db } = database;
    const keyed = { dedup: { key: 'nightly' } };
    const id = await submitted(db, keyed);
    const slow = pauseBeforeCommit(await database.connect());
    const submitting = submitWork(slow.db, submission({ ...keyed, place: OTHER_PLACE }));
    const pid = await slow.reached;
    const moving = move(db, id);
    await untilBlockedBy(db, pid);
    slow.resume();
    const same = await submitting;
    assert.deepEqual(await moving, { kind: 'same_work', id: same.id });
    assert.equal((await item(db, id)).place, PLACE);
  });

  it('two moves at once: one moves, the other finds it there', async () => {
    const { db } = database;
    const { item: root } = await running(db);
    await spawned(db, root.id);
    const results = await Promise.all([move(db, root.id), move(await database.connect(), root.id)]);
    assert.deepEqual(results.map(({ kind }) => kind).sort(), ['moved', 'there']);
  });
});

onEachDatabase('removing work', {}, (database) => {
  it('[led-8] takes a finished tree away, ledgers and merged items included, and names its foci', async () => {
    const { db } = database;
    const keyed = { dedup: { key: 'nightly' } };
    await submitted(db, keyed);
    const root = await claimed(db);
    await submitWork(db, submission(keyed));
    await spawned(db, root.item.id);
    const child = await claimed(db);
    for (const { lease } of [root, child]) {
      await db.transaction((tx) =>
        appendEntry(tx, {
          id: uuidv7(),
          workItemId: lease.workItemId,
          focusId: lease.focusId,
          faculty: FACULTY,
          entryType: 'note',
          content: 'seen',
          data: {},
        }),
      );
    }
    assert.deepEqual(await removeWork(db, root.item.id), { kind: 'open', id: root.item.id });
    await completeFocus(db, root.lease, OUTCOME);
    assert.deepEqual(await removeWork(db, root.item.id), { kind: 'open', id: child.item.id });
    await completeFocus(db, child.lease, OUTCOME);
    const kept = await submitted(db);
    const removed = await removeWork(db, root.item.id);
    assert.deepEqual(removed.kind === 'removed' && [removed.ids.length, removed.focusIds.toSorted()], [
      2,
      [root.focus.id, child.focus.id].toSorted(),
    ]);
    for (const table of ['work_ledger', 'foci', 'ledger_heads']) assert.equal(await countRows(db, table), 0, table);
    assert.deepEqual(await db.query('select id from animus.work_items'), [{ id: kept }]);
  });

  it('leaves what belongs to open work: its parent may still read it', async () => {
    const { db } = database;
    const root = await running(db);
    await spawned(db, root.item.id);
    const child = await claimed(db);
    await completeFocus(db, child.lease, OUTCOME);
    assert.deepEqual(await removeWork(db, child.item.id), { kind: 'open', id: root.item.id });
  });
});
