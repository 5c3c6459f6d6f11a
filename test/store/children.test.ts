/** Children and their parents: no wake-up falls between two transactions, and no child is left behind by a cancel. */
import assert from 'node:assert/strict';
import type { Db, Queryable, Tx } from '../../src/host/db/types.ts';
import type { Claimed } from '../../src/host/engine/dispatch/claim.ts';
import type { WaitingCall } from '../../src/host/engine/engage/types.ts';
import { cancelWork } from '../../src/host/engine/focus/cancel.ts';
import { completeFocus, giveUp, releaseFocus } from '../../src/host/engine/focus/ending.ts';
import { DbJournal } from '../../src/host/engine/focus/journal.ts';
import { Redactor } from '../../src/host/engine/redaction/redactor.ts';
import { awaitChildWork } from '../../src/host/engine/tools/await-child-work.ts';
import { lockForSpawn } from '../../src/host/store/work/children.ts';
import { listTree } from '../../src/host/store/work/find.ts';
import { submitChild } from '../../src/host/store/work/submit.ts';
import { dueWaits, openWaits, resolveWait, wakeAwaitingChildren } from '../../src/host/store/work/waits.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { losing } from '../support/database-faults.ts';
import {
  holdTransaction,
  inTransactions,
  pauseBeforeCommit,
  untilBlockedBy,
  without,
} from '../support/database-interleaving.ts';
import { onEachDatabase } from '../support/databases.ts';
import { claimed, countRows, history, item, OUTCOME, PLACE, running, stateOf, submission } from './work-rows.ts';

const CANCEL = { tree: true, by: 'a test' };

async function spawn(tx: Tx, parentId: string): Promise<string> {
  const parent = await lockForSpawn(tx, parentId);
  if (parent?.state !== 'running') throw new Error('the parent has ended');
  return (await submitChild(tx, { ...submission(), parent })).id;
}

/** A running parent with so many running children, and its turn that awaits them. */
async function family(db: Db, count: number, mode: 'all' | 'any' = 'all') {
  const parent = await running(db);
  const children: Claimed[] = [];
  for (let n = 0; n < count; n += 1) {
    await db.transaction((tx) => spawn(tx, parent.item.id));
    children.push(await claimed(db));
  }
  const turn = await awaiting(
    db,
    parent,
    children.map((child) => child.item.id),
    mode,
  );
  return { parent, children, turn };
}

const journalOf = (db: Db, { lease }: Claimed) => new DbJournal(db, lease, 'scripted/demo', new Redactor());

/** Records an answer that awaits items; gives what settles it with a database of the test's choice. */
async function awaiting(db: Db, parent: Claimed, ids: readonly string[], mode: 'all' | 'any') {
  const input = { ids: [...ids], mode, timeout_seconds: 300 };
  const usage = { input: 1, cacheRead: 0, cacheWrite: 0, output: 1, reasoning: 0 };
  const { calls } = await journalOf(db, parent).recordAnswer({
    turn: 1,
    blocks: [{ type: 'tool_use', id: 'a', name: 'await_child_work', input }],
    stopReason: { kind: 'tool_use' },
    usage,
  });
  const [call] = calls;
  assert.ok(call && awaitChildWork.kind === 'waiting');
  const { evaluate } = awaitChildWork;
  const context = {
    workItemId: parent.item.id,
    focusId: parent.focus.id,
    faculty: 'general',
    knownFile: async () => undefined,
    workspace: '/w',
    signal: new AbortController().signal,
  };
  const waiting: WaitingCall = { call, evaluate: (stored, tx) => evaluate(input, context, stored, tx) };
  return (on: Db, by: Claimed = parent) => journalOf(on, by).settleCalls([waiting]);
}

/** A view of `db` that counts how often bodies of transactions run: more than once is a deadlock that was tried again. */
function counting(db: Db): { db: Db; runs: number; transactions: number } {
  const counted = { db, runs: 0, transactions: 0 };
  counted.db = inTransactions(db, (body) => {
    counted.transactions += 1;
    return db.transaction((tx) => {
      counted.runs += 1;
      return body(tx);
    });
  });
  return counted;
}

/** A view of `db` whose statements that only lock an item lock nothing. */
function lockingNoItem(db: Db): Db {
  return inTransactions(db, (body) =>
    db.transaction((tx) =>
      body({
        inTransaction: true,
        query: (sql, params) =>
          tx.query(
            /^select (1|p\.id) from animus\.work_items/.test(sql) ? sql.replace('for no key update', '') : sql,
            params,
          ),
      }),
    ),
  );
}

async function openChildren(db: Queryable, id: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    "select id from animus.work_items where parent_id = $1 and state in ('queued', 'running', 'waiting')",
    [id],
  );
  return rows.map((row) => row.id);
}

onEachDatabase('children', {}, (database) => {
  it('[chi-2] the transaction that ends the last awaited child queues the parent', async () => {
    const { db } = database;
    const { parent, children, turn } = await family(db, 2);
    assert.deepEqual(await turn(db), { kind: 'parked', waitsFor: 'children' });
    assert.equal(await countRows(db, 'leases'), 2, 'the children hold theirs');
    const [first, second] = children;
    assert.ok(first && second);
    await completeFocus(db, first.lease, OUTCOME);
    assert.equal(await stateOf(db, parent.item.id), 'waiting');
    await giveUp(db, second.lease, { ...OUTCOME, success: false });
    assert.equal(await stateOf(db, parent.item.id), 'queued');
    const again = await claimed(db);
    assert.equal(again.focus.id, parent.focus.id);
    const settled = await turn(db, again);
    assert.ok(settled.kind === 'settled' && settled.results.size === 1);
    assert.deepEqual(await history(db, parent.item.id), [
      'nothing → queued: submitted',
      'queued → running: claimed',
      'running → waiting: waits for children',
      'waiting → queued: children ended',
      'queued → running: claimed',
    ]);
  });

  it('[chi-4] of any awaited children the first queues the parent', async () => {
    const { db } = database;
    const { parent, children, turn } = await family(db, 3, 'any');
    await turn(db);
    assert.ok(children[1]);
    await completeFocus(db, children[1].lease, OUTCOME);
    assert.equal(await stateOf(db, parent.item.id), 'queued');
  });

  it('a child that is released or tried again has not ended', async () => {
    const { db } = database;
    const { parent, children, turn } = await family(db, 1);
    await turn(db);
    assert.ok(children[0]);
    await releaseFocus(db, children[0].lease);
    assert.equal(await stateOf(db, parent.item.id), 'waiting');
    assert.deepEqual(await wakeAwaitingChildren(db, [PLACE]), []);
  });

  it('[chi-3] a wait falls due by its first park, and is open until its call has a result', async () => {
    const { db } = database;
    const { parent, turn } = await family(db, 1);
    await turn(db);
    const [wait] = await openWaits(db, [PLACE]);
    assert.ok(wait?.wakeAt && wait.toolCallId && wait.mode === 'all');
    assert.deepEqual(await dueWaits(db, [PLACE]), []);
    await resolveWait(db, wait, 'a wake too many');
    await turn(db, await claimed(db));
    assert.deepEqual(await openWaits(db, [PLACE]), [wait], 'the same row, with the same time');
    await db.query("update animus.waits set wake_at = now() - interval '1 second'");
    const [due] = await dueWaits(db, [PLACE]);
    assert.equal(await resolveWait(db, due ?? wait, 'time is up'), true);
    const settled = await turn(db, await claimed(db));
    assert.match(
      settled.kind === 'settled' ? ([...settled.results.values()][0]?.content ?? '') : '',
      /^The time is up/,
    );
    assert.equal(await stateOf(db, parent.item.id), 'running');
    await db.query("update animus.work_items set state = 'waiting' where id = $1", [parent.item.id]);
    assert.deepEqual([await openWaits(db, [PLACE]), await dueWaits(db, [PLACE])], [[], []]);
  });

  for (const loss of ['before commit', 'after commit'] as const) {
    it(`a park whose answer was lost ${loss} is one park`, async () => {
      const { db } = database;
      const { parent, turn } = await family(db, 1);
      assert.deepEqual(await turn(losing(db, [loss])), { kind: 'parked', waitsFor: 'children' });
      assert.equal((await openWaits(db, [PLACE])).length, 1);
      assert.equal((await history(db, parent.item.id)).length, 3);
    });

    it(`a result whose answer was lost ${loss} is one result`, async () => {
      const { db } = database;
      const { children, turn } = await family(db, 1);
      assert.ok(children[0]);
      await completeFocus(db, children[0].lease, OUTCOME);
      const settled = await turn(losing(db, [loss]));
      assert.equal(settled.kind, 'settled');
      assert.equal(await countRows(db, 'waits'), 0);
    });
  }

  it('[F13] the end of a focus resolves its waits: a later one is not woken by them', async () => {
    const { db } = database;
    const { parent, children, turn } = await family(db, 1);
    await turn(db);
    const [wait] = await openWaits(db, [PLACE]);
    assert.ok(wait && children[0]);
    await resolveWait(db, wait, 'a wake too many');
    await giveUp(db, (await claimed(db)).lease, OUTCOME);
    const [row] = await db.query<{ open: number }>(
      'select count(*) as open from animus.waits where resolved_at is null',
    );
    assert.equal(row?.open, 0);
    await completeFocus(db, children[0].lease, OUTCOME);
    assert.equal(await stateOf(db, parent.item.id), 'dead');
  });

  it('[F22] a cancelled tree is terminal: items, foci, calls, waits and leases, each item with one more event', async () => {
    const { db } = database;
    const { parent, children, turn } = await family(db, 2);
    await turn(db);
    const [first, second] = children;
    assert.ok(first && second);
    await completeFocus(db, first.lease, OUTCOME);
    assert.equal(await cancelWork(db, { id: parent.item.id, ...CANCEL }), 2);
    assert.deepEqual(
      (await listTree(db, parent.item.id, 10, 100)).map(({ state }) => state),
      ['cancelled', 'completed', 'cancelled'],
    );
    assert.deepEqual((await history(db, second.item.id)).at(-1), 'running → cancelled: with the work above it');
    assert.deepEqual((await history(db, parent.item.id)).at(-1), 'waiting → cancelled: by a test');
    assert.equal(await countRows(db, 'leases'), 0);
    const foci = await db.query<{ status: string }>('select status from animus.foci order by started_at');
    assert.deepEqual(
      foci.map(({ status }) => status),
      ['cancelled', 'completed', 'cancelled'],
    );
    assert.deepEqual(await db.query('select state from animus.tool_calls'), [{ state: 'cancelled' }]);
    assert.deepEqual(await db.query('select 1 from animus.waits where resolved_at is null'), []);
    await assert.rejects(completeFocus(db, second.lease, OUTCOME), { name: 'LeaseLost' });
    assert.equal(await cancelWork(db, { id: parent.item.id, ...CANCEL }), 0);
    const { outcome, resolvedAt } = await item(db, parent.item.id);
    assert.ok(outcome?.error?.kind === 'cancelled' && outcome.duration_ms >= 0 && resolvedAt);
  });

  it('[F13] a cancelled child wakes the parent that awaits it', async () => {
    const { db } = database;
    const { parent, children, turn } = await family(db, 1);
    await turn(db);
    await cancelWork(db, { id: children[0]?.item.id ?? '', ...CANCEL });
    assert.equal(await stateOf(db, parent.item.id), 'queued');
  });

  it('cancelled work spawns nothing', async () => {
    const { db } = database;
    const parent = await running(db);
    await cancelWork(db, { id: parent.item.id, ...CANCEL });
    await assert.rejects(
      db.transaction((tx) => spawn(tx, parent.item.id)),
      /the parent has ended/,
    );
    await assert.rejects(
      journalOf(db, parent).runStoreCall(
        {
          id: uuidv7(),
          turn: 1,
          caller: 'model',
          position: 0,
          providerCallId: 'a',
          name: 'x',
          input: {},
          started: false,
          waiting: false,
          result: null,
        },
        'write',
        async (tx) => ({ content: await spawn(tx, parent.item.id), isError: false }),
      ),
      { name: 'LeaseLost' },
    );
    assert.deepEqual(await openChildren(db, parent.item.id), []);
  });
});

onEachDatabase('children at once', { connections: 'several' }, (database) => {
  /** Ends two children so that both transactions are open at once; gives whether the parent was woken. */
  async function endBoth(break_: (db: Db) => Db, isBlocked: boolean): Promise<string> {
    const { db } = database;
    const { parent, children, turn } = await family(db, 2);
    await turn(db);
    const [first, second] = children;
    assert.ok(first && second);
    const slow = pauseBeforeCommit(break_(await database.connect()));
    const ending = completeFocus(slow.db, first.lease, OUTCOME);
    const pid = await slow.reached;
    const other = completeFocus(break_(db), second.lease, OUTCOME);
    if (isBlocked) await untilBlockedBy(db, pid);
    else await other;
    slow.resume();
    await ending;
    await other;
    return stateOf(db, parent.item.id);
  }

  it('[F12] two children that end at once wake their parent', async () => {
    assert.equal(await endBoth((db) => db, true), 'queued');
  });

  it("without the lock on the parent's row neither of them wakes it, and the poll has to", async () => {
    assert.equal(await endBoth(lockingNoItem, false), 'waiting');
    assert.equal((await wakeAwaitingChildren(database.db, [PLACE])).length, 1);
  });

  /** Parks while the last child's end is not committed; gives the parent's state after both. */
  async function parkMeanwhile(break_: (db: Db) => Db, isBlocked: boolean): Promise<string> {
    const { db } = database;
    const { parent, children, turn } = await family(db, 1);
    assert.ok(children[0]);
    const slow = pauseBeforeCommit(break_(await database.connect()));
    const ending = completeFocus(slow.db, children[0].lease, OUTCOME);
    const pid = await slow.reached;
    const parking = turn(break_(db));
    if (isBlocked) await untilBlockedBy(db, pid);
    else await parking;
    slow.resume();
    await ending;
    await parking;
    return stateOf(db, parent.item.id);
  }

  it('[F12] a parent that parks while its last child ends sees the end', async () => {
    assert.equal(await parkMeanwhile((db) => db, true), 'running');
  });

  it('without the lock it parks for a child that has ended', async () => {
    assert.equal(await parkMeanwhile(lockingNoItem, false), 'waiting');
  });

  /** Locks and evaluates in one statement, as a wake-up must not. */
  it('a statement that locks and evaluates at once does not see what it waited for', async () => {
    const { db } = database;
    const { parent, children, turn } = await family(db, 2);
    await turn(db);
    const [first, second] = children;
    assert.ok(first && second);
    await completeFocus(db, first.lease, OUTCOME);
    const held = await holdTransaction(await database.connect());
    await held.tx.query('select 1 from animus.work_items where id = $1 for no key update', [parent.item.id]);
    await held.tx.query("update animus.work_items set state = 'completed' where id = $1", [second.item.id]);
    const evaluate = `(select count(*) from animus.work_items c where c.parent_id = p.id and c.state <> 'completed')::int`;
    const atOnce = db.query<{ open: number }>(
      `select ${evaluate} as open from animus.work_items p where p.id = $1 for no key update`,
      [parent.item.id],
    );
    await untilBlockedBy(db, held.pid);
    await held.commit();
    assert.deepEqual(await atOnce, [{ open: 1 }], 'the snapshot is from before the lock');
    assert.deepEqual(
      await db.query(`select ${evaluate} as open from animus.work_items p where p.id = $1`, [parent.item.id]),
      [{ open: 0 }],
    );
  });

  /** Cancels while a spawn is not committed; gives the children that are open afterwards. */
  async function cancelMeanwhile(breakSpawn: RegExp | undefined, isBlocked: boolean): Promise<string[]> {
    const { db } = database;
    const parent = await running(db);
    const connection = await database.connect();
    const slow = pauseBeforeCommit(breakSpawn ? without(connection, breakSpawn) : connection);
    const spawning = slow.db.transaction((tx) => spawn(tx, parent.item.id));
    const pid = await slow.reached;
    const cancelling = cancelWork(db, { id: parent.item.id, ...CANCEL });
    if (isBlocked) await untilBlockedBy(db, pid);
    else await cancelling;
    slow.resume();
    await spawning;
    await cancelling;
    assert.equal(await stateOf(db, parent.item.id), 'cancelled');
    return openChildren(db, parent.item.id);
  }

  it('[F22] a cancel during a spawn that is not committed waits for it, and takes the child along', async () => {
    assert.deepEqual(await cancelMeanwhile(undefined, true), []);
  });

  it("without the spawn's lock on its parent the child is left behind", async () => {
    assert.equal((await cancelMeanwhile(/for share$/, false)).length, 1);
  });

  it('[F22] a spawn that comes while its parent is cancelled waits, and spawns nothing', async () => {
    const { db } = database;
    const parent = await running(db);
    const slow = pauseBeforeCommit(await database.connect());
    const cancelling = cancelWork(slow.db, { id: parent.item.id, ...CANCEL });
    const pid = await slow.reached;
    const spawning = assert.rejects(
      db.transaction((tx) => spawn(tx, parent.item.id)),
      /the parent has ended/,
    );
    await untilBlockedBy(db, pid);
    slow.resume();
    await cancelling;
    await spawning;
    assert.deepEqual(await openChildren(db, parent.item.id), []);
  });

  for (const first of ['cancel', 'complete'] as const) {
    it(`[F22] cancel of a parent against the end of its child, ${first} first: no deadlock, and both end`, async () => {
      const { db } = database;
      const { parent, children, turn } = await family(db, 1);
      await turn(db);
      const [child] = children;
      assert.ok(child);
      const counted = [counting(await database.connect()), counting(db)] as const;
      const slow = pauseBeforeCommit(counted[0].db);
      const cancel = (on: Db) => cancelWork(on, { id: parent.item.id, ...CANCEL });
      const complete = (on: Db) =>
        completeFocus(on, child.lease, OUTCOME).catch((error) => assert.equal(error.name, 'LeaseLost'));
      const early = first === 'cancel' ? cancel(slow.db) : complete(slow.db);
      const pid = await slow.reached;
      const late = first === 'cancel' ? complete(counted[1].db) : cancel(counted[1].db);
      await untilBlockedBy(db, pid);
      slow.resume();
      await early;
      await late;
      for (const { runs, transactions } of counted) assert.deepEqual([runs, transactions], [1, 1]);
      assert.equal(await stateOf(db, parent.item.id), 'cancelled');
      assert.equal(await stateOf(db, child.item.id), first === 'cancel' ? 'cancelled' : 'completed');
    });
  }

  it('[F22] a hundred cancels and ends against each other in no order: no deadlock, and every item ends once', async () => {
    const { db } = database;
    const counted = [counting(db), counting(await database.connect()), counting(await database.connect())] as const;
    for (let round = 0; round < 10; round += 1) {
      const { parent, children, turn } = await family(db, 4);
      await turn(db);
      const ends = children.map(({ lease }, at) =>
        completeFocus(counted[at % 2 === 0 ? 1 : 2].db, lease, OUTCOME).catch((error) =>
          assert.equal(error.name, 'LeaseLost'),
        ),
      );
      await Promise.all([
        ...ends,
        cancelWork(counted[0].db, { id: parent.item.id, ...CANCEL }),
        cancelWork(counted[1].db, { id: children[2]?.item.id ?? '', ...CANCEL }),
      ]);
      for (const { id, state } of await listTree(db, parent.item.id, 10, 10)) {
        assert.ok(['cancelled', 'completed'].includes(state), `${id} is ${state}`);
        assert.equal((await history(db, id)).filter((line) => /→ (cancelled|completed)/.test(line)).length, 1);
      }
    }
    for (const { runs, transactions } of counted) assert.equal(runs, transactions, 'a deadlock was tried again');
  });

  it('[F22] a cancel during a spawn of the loop that is not committed waits for it without a deadlock', async () => {
    const { db } = database;
    const parent = await running(db);
    const counted = [counting(await database.connect()), counting(db)] as const;
    const asked = {
      id: uuidv7(),
      turn: 1,
      caller: 'model' as const,
      position: 0,
      providerCallId: 'a',
      name: 'x',
      input: {},
    };
    const call = { ...asked, started: false, waiting: false, result: null };
    const slow = pauseBeforeCommit(counted[0].db);
    const spawning = journalOf(slow.db, parent).runStoreCall(call, 'write', async (tx) => {
      return { content: await spawn(tx, parent.item.id), isError: false };
    });
    const pid = await slow.reached;
    const cancelling = cancelWork(counted[1].db, { id: parent.item.id, ...CANCEL });
    await untilBlockedBy(db, pid);
    slow.resume();
    await spawning;
    assert.equal(await cancelling, 2);
    for (const { runs } of counted) assert.equal(runs, 1);
  });

  it('an item that is claimed while it is cancelled ends cancelled, without a lease', async () => {
    const { db } = database;
    const parent = await running(db);
    const id = await db.transaction((tx) => spawn(tx, parent.item.id));
    const slow = pauseBeforeCommit(await database.connect());
    const claiming = claimed(slow.db);
    const pid = await slow.reached;
    const cancelling = cancelWork(db, { id, ...CANCEL });
    await untilBlockedBy(db, pid);
    slow.resume();
    const { lease } = await claiming;
    await cancelling;
    assert.equal(await stateOf(db, id), 'cancelled');
    assert.equal(await countRows(db, 'leases'), 1);
    await assert.rejects(completeFocus(db, lease, OUTCOME), { name: 'LeaseLost' });
  });
});
