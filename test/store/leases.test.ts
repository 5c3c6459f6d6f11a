/** Fencing: whoever lost the lease changes nothing any more, in whatever order things happen. */
import assert from 'node:assert/strict';
import type { Db } from '../../src/host/db/types.ts';
import type { Claimed } from '../../src/host/engine/dispatch/claim.ts';
import { completeFocus, giveUp, parkFocus, releaseFocus, retryLater } from '../../src/host/engine/focus/ending.ts';
import { DbJournal } from '../../src/host/engine/focus/journal.ts';
import { Redactor } from '../../src/host/engine/redaction/redactor.ts';
import { readFocus } from '../../src/host/store/foci/foci.ts';
import { findLeases, type Lease, proveLease, renewLeases } from '../../src/host/store/work/leases.ts';
import { takeOverExpired } from '../../src/host/store/work/queue.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { losing } from '../support/database-faults.ts';
import { pauseBefore, rewriting, untilBlockedBy } from '../support/database-interleaving.ts';
import { onEachDatabase } from '../support/databases.ts';
import {
  claimed,
  countRows,
  expireLease,
  history,
  item,
  OUTCOME,
  registered,
  running,
  stateOf,
  submitted,
} from './work-rows.ts';

const FAILURE = { kind: 'http', message: 'failed' };
const PARK = { kind: 'credentials', targets: ['anthropic'], wakeInMs: null } as const;
const FENCED = { name: 'LeaseLost' };

/** The five ways a focus ends, and where each leaves item and focus. */
const ENDINGS = [
  ['completes', (db: Db, lease: Lease) => completeFocus(db, lease, OUTCOME), 'completed', 'completed'],
  ['fails for another attempt', (db: Db, lease: Lease) => retryLater(db, lease, 0, FAILURE), 'queued', 'failed'],
  ['gives up', (db: Db, lease: Lease) => giveUp(db, lease, OUTCOME), 'dead', 'failed'],
  ['is released', (db: Db, lease: Lease) => releaseFocus(db, lease), 'queued', 'released'],
  [
    'parks',
    (db: Db, lease: Lease) => parkFocus(db, lease, { ...PARK, targets: [...PARK.targets] }),
    'waiting',
    'parked',
  ],
] as const;

const leaseEnd = async (db: Db, token: string) =>
  (await db.query<{ at: Date }>('select expires_at as at from animus.leases where token = $1', [token]))[0]?.at;

/** What a focus writes while it runs. */
function writesOf(db: Db, lease: Lease): [string, () => Promise<unknown>][] {
  const journal = new DbJournal(db, lease, 'scripted/demo', new Redactor());
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
  const result = { content: 'done', isError: false };
  const usage = { input: 1, cacheRead: 0, cacheWrite: 0, output: 1, reasoning: 0 };
  return [
    ['an answer', () => journal.recordAnswer({ turn: 1, blocks: [], stopReason: { kind: 'end_turn' }, usage })],
    ['the start of a call', () => journal.startCall(call, 'write')],
    ['the end of a call', () => journal.finishCall(call, 'done', result)],
    ['a tool of the store', () => journal.runStoreCall(call, 'write', async () => result)],
    ['a call that may wait', () => journal.settleCalls([])],
    ['a remark', () => journal.closeTurn({ turn: 1, role: 'user', kind: 'remark', blocks: [] })],
    ...ENDINGS.map(([name, end]): [string, () => Promise<unknown>] => [`that it ${name}`, () => end(db, lease)]),
  ];
}

async function takenOver(db: Db, zombie: Claimed): Promise<Claimed> {
  await expireLease(db, zombie.item.id);
  assert.deepEqual(await takeOverExpired(db, await registered(db)), [zombie.item.id]);
  return claimed(db);
}

onEachDatabase('fencing', {}, (database) => {
  it('[F3] every write of a focus that was taken over is refused, and leaves nothing', async () => {
    const { db } = database;
    const zombie = await running(db);
    const successor = await takenOver(db, zombie);
    assert.equal(successor.focus.id, zombie.focus.id);
    const before = [
      await item(db, zombie.item.id),
      await readFocus(db, zombie.focus.id),
      await history(db, zombie.item.id),
    ];
    for (const [name, write] of writesOf(db, zombie.lease)) await assert.rejects(write(), FENCED, name);
    assert.deepEqual(
      [await item(db, zombie.item.id), await readFocus(db, zombie.focus.id), await history(db, zombie.item.id)],
      before,
    );
    for (const table of ['focus_messages', 'tool_calls', 'waits']) assert.equal(await countRows(db, table), 0, table);
    await completeFocus(db, successor.lease, OUTCOME);
    assert.equal(await stateOf(db, zombie.item.id), 'completed');
  });

  it('[F3] a zombie that is claimed again by its own host is fenced by the token', async () => {
    const { db } = database;
    const host = await registered(db);
    await submitted(db);
    const first = await claimed(db, host.hostId);
    await expireLease(db, first.item.id);
    await takeOverExpired(db, host);
    const second = await claimed(db, host.hostId);
    await assert.rejects(completeFocus(db, first.lease, OUTCOME), FENCED);
    await db.transaction((tx) => proveLease(tx, second.lease));
  });

  it('where the claim of the host is enough, and no token is asked for, that zombie completes it', async () => {
    const { db } = database;
    const host = await registered(db);
    await submitted(db);
    const first = await claimed(db, host.hostId);
    await expireLease(db, first.item.id);
    await takeOverExpired(db, host);
    const second = await claimed(db, host.hostId);
    const tokenless = rewriting(db, (sql) =>
      /from animus\.leases/.test(sql) ? sql.replace('and token = $2', 'and $2::uuid is not null') : sql,
    );
    await completeFocus(tokenless, first.lease, OUTCOME);
    assert.equal(await stateOf(db, first.item.id), 'completed');
    await assert.rejects(completeFocus(db, second.lease, OUTCOME), FENCED, 'and who had it may not');
  });

  it('a lease of one item proves nothing for another', async () => {
    const { db } = database;
    const [first, second] = [await running(db), await running(db)];
    const mixed = { ...first.lease, token: second.lease.token };
    await assert.rejects(
      db.transaction((tx) => proveLease(tx, mixed)),
      FENCED,
    );
    await assert.rejects(completeFocus(db, mixed, OUTCOME), FENCED);
  });

  it('a heartbeat renews the tokens it names, and no others', async () => {
    const { db } = database;
    const [first, second] = [await running(db), await running(db)];
    for (const { item: held } of [first, second]) await expireLease(db, held.id);
    const before = await leaseEnd(db, second.lease.token);
    assert.deepEqual(await renewLeases(db, []), []);
    assert.deepEqual(await renewLeases(db, [first.lease.token, uuidv7()]), [first.lease.token]);
    const [row] = await db.query('select expires_at > now() as alive from animus.leases where token = $1', [
      first.lease.token,
    ]);
    assert.deepEqual(row, { alive: true });
    assert.deepEqual(await leaseEnd(db, second.lease.token), before);
    assert.deepEqual(await takeOverExpired(db, await registered(db)), [second.item.id]);
    assert.deepEqual(await renewLeases(db, [second.lease.token]), []);
    assert.deepEqual(await findLeases(db, [second.lease.token]), []);
  });
});

onEachDatabase('endings', {}, (database) => {
  for (const [name, end, itemState, focusStatus] of ENDINGS) {
    it(`a focus that ${name} leaves lease, item and focus as one`, async () => {
      const { db } = database;
      const { item: held, lease, focus } = await running(db);
      await end(db, lease);
      assert.equal(await countRows(db, 'leases'), 0);
      const [ended, left] = [await readFocus(db, focus.id), await item(db, held.id)];
      assert.deepEqual([left.state, ended?.status], [itemState, focusStatus]);
      assert.equal(ended?.endedAt instanceof Date, focusStatus === 'completed' || focusStatus === 'failed');
      assert.equal(left.resolvedAt instanceof Date, itemState === 'completed' || itemState === 'dead');
      assert.equal(left.attempts, focusStatus === 'failed' ? 1 : 0);
      await assert.rejects(end(db, lease), FENCED);
    });

    for (const loss of ['before commit', 'after commit'] as const) {
      it(`a focus that ${name} does so once when the answer is lost ${loss}`, async () => {
        const { db } = database;
        const { item: held, lease } = await running(db);
        await end(losing(db, [loss]), lease);
        assert.equal(await stateOf(db, held.id), itemState);
        assert.equal((await history(db, held.id)).length, 3);
        assert.equal((await item(db, held.id)).attempts, focusStatus === 'failed' ? 1 : 0);
        assert.equal(await countRows(db, 'waits'), itemState === 'waiting' ? 1 : 0);
      });
    }
  }
});

onEachDatabase('fencing at once', { connections: 'several' }, (database) => {
  it('[F3] an ending that began before the takeover wins, and the takeover finds nothing to take', async () => {
    const { db } = database;
    const { item: held, lease } = await running(db);
    await expireLease(db, held.id);
    const self = await registered(db);
    const zombie = pauseBefore(await database.connect(), /update animus\.foci/);
    const ending = completeFocus(zombie.db, lease, OUTCOME);
    const pid = await zombie.reached;
    const takeover = takeOverExpired(db, self);
    await untilBlockedBy(db, pid);
    zombie.resume();
    await ending;
    assert.deepEqual(await takeover, []);
    assert.equal(await stateOf(db, held.id), 'completed');
  });

  it('[F3] a takeover that began before the ending wins, and the zombie completes nothing', async () => {
    const { db } = database;
    const { item: held, lease } = await running(db);
    await expireLease(db, held.id);
    const self = await registered(db);
    const host = pauseBefore(await database.connect(), /with item as/);
    const takeover = takeOverExpired(host.db, self);
    const pid = await host.reached;
    const ending = completeFocus(db, lease, OUTCOME);
    const refused = assert.rejects(ending, FENCED);
    await untilBlockedBy(db, pid);
    host.resume();
    assert.deepEqual(await takeover, [held.id]);
    await refused;
    assert.equal(await stateOf(db, held.id), 'queued');
  });

  it('[F3] a write that proved its lease holds the takeover off until it is through', async () => {
    const { db } = database;
    const { item: held, lease } = await running(db);
    await expireLease(db, held.id);
    const zombie = pauseBefore(await database.connect(), /insert into animus\.focus_messages/);
    const journal = new DbJournal(zombie.db, lease, 'scripted/demo', new Redactor());
    const write = journal.closeTurn({ turn: 0, role: 'user', kind: 'task', blocks: [] });
    const pid = await zombie.reached;
    const takeover = takeOverExpired(db, await registered(db));
    await untilBlockedBy(db, pid);
    zombie.resume();
    await write;
    assert.deepEqual(await takeover, [held.id]);
    assert.equal(await countRows(db, 'focus_messages'), 1);
  });

  it('a heartbeat that comes while a takeover is under way renews nothing', async () => {
    const { db } = database;
    const { item: held, lease } = await running(db);
    await expireLease(db, held.id);
    const host = pauseBefore(await database.connect(), /with item as/);
    const takeover = takeOverExpired(host.db, await registered(db));
    const pid = await host.reached;
    const heartbeat = renewLeases(db, [lease.token]);
    await untilBlockedBy(db, pid);
    host.resume();
    assert.deepEqual(await takeover, [held.id]);
    assert.deepEqual(await heartbeat, []);
  });

  it('a heartbeat that came first keeps the lease from a takeover that had seen it expired', async () => {
    const { db } = database;
    const { item: held, lease } = await running(db);
    await expireLease(db, held.id);
    const host = pauseBefore(await database.connect(), /delete from animus\.leases/);
    const takeover = takeOverExpired(host.db, await registered(db));
    await host.reached;
    assert.deepEqual(await renewLeases(db, [lease.token]), [lease.token]);
    host.resume();
    assert.deepEqual(await takeover, []);
    assert.equal(await stateOf(db, held.id), 'running');
  });

  it('[F7] of two hosts that take over at once, one takes', async () => {
    const { db } = database;
    const { item: held } = await running(db);
    await expireLease(db, held.id);
    const [first, second] = [await registered(db), await registered(db)];
    const host = pauseBefore(await database.connect(), /with item as/);
    const slow = takeOverExpired(host.db, first);
    const pid = await host.reached;
    const late = takeOverExpired(db, second);
    await untilBlockedBy(db, pid);
    host.resume();
    assert.deepEqual([await slow, await late], [[held.id], []]);
    assert.equal((await item(db, held.id)).resumesWithoutProgress, 1);
  });
});
