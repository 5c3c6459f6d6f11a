/** Events of work: a view that follows them sees each, in whatever order transactions commit. */
import assert from 'node:assert/strict';
import type { Db } from '../../src/host/db/types.ts';
import { cancelWork } from '../../src/host/engine/focus/cancel.ts';
import { completeFocus } from '../../src/host/engine/focus/ending.ts';
import { listWorkEvents } from '../../src/host/store/work/find.ts';
import { pauseBeforeCommit, rewriting, untilBlockedBy } from '../support/database-interleaving.ts';
import { onEachDatabase } from '../support/databases.ts';
import { history, OUTCOME, running } from './work-rows.ts';

/** One numbering for all items, given when a row is written and not when it can be seen. */
const numberedOverAll = (db: Db) =>
  rewriting(db, (sql) =>
    sql.replace(/(insert into animus\.work_events [\s\S]*?select id, )event_seq/, "$1nextval('animus.events_of_all')"),
  );

onEachDatabase('the events of work', { connections: 'several' }, (database) => {
  it('are numbered for each item under its lock: what commits later is not passed over', async () => {
    const { db } = database;
    const [slowItem, quickItem] = [await running(db), await running(db)];
    const seen = new Map([slowItem, quickItem].map(({ item: { id } }) => [id, 2]));
    /** As a view does: what is new since its last look, item by item. */
    const look = async () => {
      const found: string[] = [];
      for (const [id, cursor] of seen) {
        const fresh = (await listWorkEvents(db, id)).filter(({ seq }) => seq > cursor);
        found.push(...fresh.map(({ toState }) => `${id} ${toState}`));
        seen.set(id, fresh.at(-1)?.seq ?? cursor);
      }
      return found;
    };
    const slow = pauseBeforeCommit(await database.connect());
    const completing = completeFocus(slow.db, slowItem.lease, OUTCOME);
    await slow.reached;
    await completeFocus(db, quickItem.lease, OUTCOME);
    assert.deepEqual(await look(), [`${quickItem.item.id} completed`]);
    slow.resume();
    await completing;
    assert.deepEqual(await look(), [`${slowItem.item.id} completed`]);
  });

  it('under one numbering for all, a view that saw the later one never sees the one before', async () => {
    const { db } = database;
    await db.exec('create sequence animus.events_of_all start 1000');
    const [slowItem, quickItem] = [await running(db), await running(db)];
    let cursor = 999;
    const look = async () => {
      const rows = await db.query<{ id: string; seq: number }>(
        'select work_item_id as id, seq from animus.work_events where seq > $1 order by seq',
        [cursor],
      );
      cursor = rows.at(-1)?.seq ?? cursor;
      return rows.map(({ id }) => id);
    };
    const slow = pauseBeforeCommit(numberedOverAll(await database.connect()));
    const completing = completeFocus(slow.db, slowItem.lease, OUTCOME);
    await slow.reached;
    await completeFocus(numberedOverAll(db), quickItem.lease, OUTCOME);
    assert.deepEqual(await look(), [quickItem.item.id]);
    slow.resume();
    await completing;
    assert.deepEqual(await look(), [], 'it is there, and behind the cursor');
  });

  it('of one item wait for one another, and leave no gap', async () => {
    const { db } = database;
    const { item, lease } = await running(db);
    const slow = pauseBeforeCommit(await database.connect());
    const completing = completeFocus(slow.db, lease, OUTCOME);
    const pid = await slow.reached;
    const cancelling = cancelWork(db, { id: item.id, tree: false, by: 'a test' });
    await untilBlockedBy(db, pid);
    assert.equal((await listWorkEvents(db, item.id)).length, 2);
    slow.resume();
    await Promise.allSettled([completing, cancelling]);
    assert.equal((await history(db, item.id)).length, 3);
  });
});
