/** Budgets of a tree: what one spends counts above it, and calls that are made at once cannot overshoot together. */
import assert from 'node:assert/strict';
import type { Db } from '../../src/host/db/types.ts';
import type { Claimed } from '../../src/host/engine/dispatch/claim.ts';
import { type Admission, admitCall, chargeDeadCalls } from '../../src/host/engine/focus/admission.ts';
import {
  addSpend,
  type BudgetLimits,
  openBudget,
  readBudgets,
  readOwnedBudgets,
} from '../../src/host/store/budgets/budgets.ts';
import { addToDay, readDay } from '../../src/host/store/budgets/daily.ts';
import { takeReservation } from '../../src/host/store/budgets/reservations.ts';
import { setStatus } from '../../src/host/store/foci/foci.ts';
import { takeRunningTime } from '../../src/host/store/foci/running-time.ts';
import { LeaseLost } from '../../src/host/store/work/leases.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { pauseBeforeCommit, untilBlockedBy, without } from '../support/database-interleaving.ts';
import { onEachDatabase } from '../support/databases.ts';
import { claimed, countRows, OTHER_PLACE, PLACE, running, submitted } from './work-rows.ts';

const NO_LIMITS: BudgetLimits = { maxTurns: null, maxTokens: null, maxCostMicros: null, maxDurationMs: null };
const CALL = { tokens: 60, costMicros: 600 };

/** A running root with so many running children. */
async function family(db: Db, count: number, limits: Partial<BudgetLimits> = {}) {
  const root = await running(db);
  await db.transaction((tx) => openBudget(tx, root.item.id, { ...NO_LIMITS, ...limits }));
  const children: Claimed[] = [];
  for (let n = 0; n < count; n += 1) {
    await submitted(db, { parent: root.item });
    children.push(await claimed(db));
  }
  return { root, children };
}

function admit(db: Db, { item, lease }: Claimed, id = uuidv7(), call = CALL): Promise<Admission> {
  return db.transaction((tx) => admitCall(tx, lease, item, id, call));
}

const spentBy = async (db: Db, { item }: Claimed) => {
  const budget = (await readBudgets(db, [item.id])).get(item.id);
  return [budget?.spentTokens, budget?.spentCostMicros];
};

/** All that serialises a tree: its lock, and the row of the root that charging the running time locks too. */
const LOCKS_OF_THE_TREE = /from animus\.budgets where work_item_id = \$1 for update|insert into animus\.budgets/;

/** Nothing limits how long it may run. */
const ADMITTED = { kind: 'admitted', runsUntil: Number.POSITIVE_INFINITY };

onEachDatabase('budgets', {}, (database) => {
  it('what an item spends counts for it and for all above it', async () => {
    const { db } = database;
    const { root, children } = await family(db, 2);
    const [one, two] = children;
    assert.ok(one && two);
    await db.transaction((tx) => addSpend(tx, one.item.id, { tokens: 5, costMicros: 50, ms: 7 }));
    await db.transaction((tx) => addSpend(tx, one.item.id, { tokens: 1, costMicros: 1, ms: 1 }));
    await db.transaction((tx) => addSpend(tx, two.item.id, { tokens: 10, costMicros: 100, ms: 0 }));
    assert.deepEqual(await spentBy(db, one), [6, 51]);
    assert.deepEqual(await spentBy(db, two), [10, 100]);
    assert.deepEqual(await spentBy(db, root), [16, 151]);
  });

  it('gives an item limits once: what was spent without any counts, and what was raised stays', async () => {
    const { db } = database;
    const { root } = await family(db, 0);
    const id = root.item.id;
    await db.query('delete from animus.budgets where work_item_id = $1', [id]);
    await db.transaction((tx) => addSpend(tx, id, { tokens: 5, costMicros: 50, ms: 7 }));
    const open = (maxTurns: number, maxTokens: number) =>
      db.transaction((tx) => openBudget(tx, id, { ...NO_LIMITS, maxTurns, maxTokens }));
    await open(7, 100);
    await open(8, 200);
    const budget = (await readBudgets(db, [id])).get(id);
    assert.deepEqual([budget?.maxTurns, budget?.maxTokens, budget?.spentTokens], [7, 100, 5]);
    await db.query('update animus.budgets set max_turns = null, max_tokens = 300 where work_item_id = $1', [id]);
    await open(8, 200);
    const raised = (await readBudgets(db, [id])).get(id);
    assert.deepEqual([raised?.maxTurns, raised?.maxTokens], [8, 300]);
  });

  it('gives the own budget first, and what calls under way below each may still use', async () => {
    const { db } = database;
    const { root, children } = await family(db, 2, { maxTokens: 1000 });
    const [one, two] = children;
    assert.ok(one && two);
    await admit(db, one);
    const of = async ({ item, focus }: Claimed) =>
      (await readOwnedBudgets(db, item.id, focus.id)).map((budget) => [
        budget.workItemId === root.item.id ? 'root' : 'own',
        budget.reservedTokens,
        budget.reservedCostMicros,
      ]);
    assert.deepEqual(await of(two), [['root', 60, 600]], 'it has none of its own yet');
    await db.transaction((tx) => openBudget(tx, two.item.id, NO_LIMITS));
    assert.deepEqual(await of(two), [
      ['own', 0, 0],
      ['root', 60, 600],
    ]);
    assert.deepEqual(await of(root), [['root', 60, 600]]);
    assert.deepEqual((await of(one)).at(-1), ['root', 0, 0], 'what is its own does not stand in its way');
  });

  it('finds no room beside a call under way, none at all once it is spent, and room again when it was less', async () => {
    const { db } = database;
    const { children } = await family(db, 2, { maxTokens: 100 });
    const [one, two] = children;
    assert.ok(one && two);
    const id = uuidv7();
    assert.deepEqual(await admit(db, one, id), ADMITTED);
    assert.deepEqual(await admit(db, one, id), ADMITTED, 'asked again, after its answer was lost');
    assert.equal(await countRows(db, 'reservations'), 1);
    assert.deepEqual(await admit(db, two), { kind: 'busy' });
    await db.transaction(async (tx) => {
      await takeReservation(tx, id);
      await addSpend(tx, one.item.id, { tokens: 30, costMicros: 0, ms: 0 });
    });
    assert.equal((await admit(db, two)).kind, 'admitted');
    await db.transaction((tx) => addSpend(tx, one.item.id, { tokens: 30, costMicros: 0, ms: 0 }));
    const { exhausted } = (await admit(db, one)) as Extract<Admission, { kind: 'exhausted' }>;
    assert.deepEqual([exhausted.limit, exhausted.most, exhausted.spent, exhausted.need], ['tokens', 100, 60, 60]);
  });

  it('charges a call whose lease is gone, once', async () => {
    const { db } = database;
    const { root, children } = await family(db, 2, { maxTokens: 1000 });
    const [one, two] = children;
    assert.ok(one && two);
    await admit(db, one);
    await db.query('delete from animus.leases where work_item_id = $1', [one.item.id]);
    await assert.rejects(admit(db, one), LeaseLost);
    assert.deepEqual(await spentBy(db, root), [0, 0]);
    await admit(db, two);
    await db.transaction((tx) => chargeDeadCalls(tx, root.item));
    assert.deepEqual(await spentBy(db, root), [60, 600]);
    assert.deepEqual(await spentBy(db, one), [60, 600]);
    assert.equal((await readDay(db, PLACE)).costMicros, 600);
    assert.equal(await countRows(db, 'reservations'), 1);
  });

  it('keeps the limits of an item that has begun before', async () => {
    const { db } = database;
    const { root } = await family(db, 0, { maxTokens: 5, maxTurns: 2 });
    await db.transaction((tx) => openBudget(tx, root.item.id, { ...NO_LIMITS, maxTokens: 1 }));
    const budget = (await readBudgets(db, [root.item.id])).get(root.item.id);
    assert.deepEqual([budget?.maxTokens, budget?.maxTurns, budget?.maxCostMicros], [5, 2, null]);
  });

  it('takes the running time once, without the time of a park', async () => {
    const { db } = database;
    const { focus } = await running(db);
    const take = () => db.transaction((tx) => takeRunningTime(tx, focus.id));
    const passed = (seconds: number) =>
      db.query(`update animus.foci set running_since = running_since - interval '${seconds} seconds' where id = $1`, [
        focus.id,
      ]);
    await passed(10);
    const first = await take();
    assert.ok(first >= 10_000 && first < 20_000, `${first}`);
    assert.ok((await take()) < 5000);
    await passed(20);
    await db.transaction((tx) => setStatus(tx, focus.id, 'parked'));
    await passed(3600);
    const parked = await take();
    assert.ok(parked >= 20_000 && parked < 30_000, `${parked}`);
    await db.query("update animus.foci set status = 'running' where id = $1", [focus.id]);
    assert.ok((await take()) < 5000);
  });

  it('sums a day by place', async () => {
    const { db } = database;
    for (const [place, micros] of [
      [PLACE, 5],
      [PLACE, 6],
      [OTHER_PLACE, 7],
      [PLACE, 0],
    ] as const) {
      await db.transaction((tx) => addToDay(tx, place, micros));
    }
    assert.equal((await readDay(db, PLACE)).costMicros, 11);
    await db.query('update animus.daily_spending set day = day - 1 where place = $1', [PLACE]);
    const { costMicros, endsInMs } = await readDay(db, PLACE);
    assert.equal(costMicros, 0);
    assert.ok(endsInMs > 0 && endsInMs <= 86_400_000);
  });
});

onEachDatabase('budgets on several hosts', { connections: 'several' }, (database) => {
  /** Two siblings on two hosts, of which the first is about to commit its admission when the second one comes. */
  async function atOnce(change: (db: Db) => Db) {
    const { db } = database;
    const { root, children } = await family(db, 2, { maxTokens: 100 });
    const [one, two] = children;
    assert.ok(one && two);
    await db.transaction((tx) => openBudget(tx, one.item.id, NO_LIMITS));
    await db.transaction((tx) => openBudget(tx, two.item.id, NO_LIMITS));
    const other = await database.connect();
    const paused = pauseBeforeCommit(change(db));
    const first = admit(paused.db, one);
    const pid = await paused.reached;
    const second = admit(change(other), two);
    return { root, first, second, pid, resume: paused.resume };
  }

  it('two siblings on two hosts cannot overshoot the budget above them together', async () => {
    const { first, second, pid, resume } = await atOnce((db) => db);
    await untilBlockedBy(database.db, pid);
    resume();
    assert.deepEqual(await first, ADMITTED);
    assert.deepEqual(await second, { kind: 'busy' });
  });

  it('without the lock on the tree they would', async () => {
    const { first, second, resume } = await atOnce((db) => without(db, LOCKS_OF_THE_TREE));
    assert.deepEqual(await second, ADMITTED);
    resume();
    assert.deepEqual(await first, ADMITTED);
    assert.equal(await countRows(database.db, 'reservations'), 2, 'which is 120 of 100');
  });

  it('what two of a tree spend at once is all counted', async () => {
    const { db } = database;
    const { root, children } = await family(db, 4);
    const others = [db, await database.connect(), await database.connect(), await database.connect()];
    await Promise.all(
      children.flatMap(({ item }, at) =>
        Array.from({ length: 10 }, () =>
          others[at]?.transaction((tx) => addSpend(tx, item.id, { tokens: 1, costMicros: 2, ms: 3 })),
        ),
      ),
    );
    assert.deepEqual(await spentBy(db, root), [40, 80]);
  });
});
