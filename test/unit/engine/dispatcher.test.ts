import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { mock } from 'node:test';
import type { Db } from '../../../src/host/db/types.ts';
import { facultiesOfPlace } from '../../../src/host/store/hosts/hosts.ts';
import { uuidv7 } from '../../../src/rendezvous/ids.ts';
import { HEARTBEAT_MS, POLL_MS, settled, stateOf, useDispatchers } from '../../support/engine-dispatch.ts';
import { openBench } from '../../support/engine-focus.ts';
import { until } from '../../support/engine-wait.ts';

describe('Dispatcher', () => {
  const { start, catalogue, addFaculty } = useDispatchers();

  it('claims what is there when it starts, in the order of the queue', async () => {
    const bench = await openBench();
    const low = await bench.submit({ priority: -1 });
    const high = await bench.submit({ priority: 5 });
    const middle = await bench.submit();
    const { held } = await start(bench);
    await until(() => held.claims.length === 3);
    assert.deepEqual(held.ids(), [high, middle, low]);
    for (const { item, focus, lease, faculty } of held.claims) {
      assert.deepEqual([focus.workItemId, lease.focusId, faculty.name], [item.id, focus.id, 'general']);
      assert.equal(await stateOf(bench, item.id), 'running');
    }
  });

  it('claims by notification, without a poll', async () => {
    const bench = await openBench();
    const { held } = await start(bench);
    assert.equal(held.claims.length, 0);
    const id = await bench.submit();
    await until(() => held.claims.length === 1);
    assert.deepEqual(held.ids(), [id]);
  });

  it('[F5] claims by its poll, every two seconds, where notifications do not come', async () => {
    const bench = await openBench();
    const deaf: Db = {
      kind: bench.db.kind,
      query: (sql, params) => bench.db.query(sql, params),
      exec: (sql) => bench.db.exec(sql),
      transaction: (body) => bench.db.transaction(body),
      listen: async () => async () => undefined,
      close: () => bench.db.close(),
    };
    const { held } = await start(bench, { db: deaf });
    await bench.submit();
    mock.timers.tick(POLL_MS - 1);
    await settled(bench);
    assert.equal(held.claims.length, 0);
    mock.timers.tick(1);
    await until(() => held.claims.length === 1);
  });

  it('runs no more at once than the host may, and the next as soon as one ends', async () => {
    const bench = await openBench();
    for (let at = 0; at < 5; at += 1) await bench.submit();
    const { dispatcher, held } = await start(bench, { maxConcurrent: 2 });
    await until(() => held.claims.length === 2);
    dispatcher.look();
    await settled(bench);
    for (let ended = 0; ended < 5; ended += 1) {
      assert.equal(held.claims.length, Math.min(5, ended + 2));
      assert.equal(dispatcher.runningCount, Math.min(2, 5 - ended));
      held.letGo(ended);
      await until(
        () => held.claims.length === Math.min(5, ended + 3) && dispatcher.runningCount === Math.min(2, 4 - ended),
      );
      await settled(bench);
    }
    assert.equal(new Set(held.ids()).size, 5);
  });

  it("runs no more of a faculty at once than it may, and others' work meanwhile", async () => {
    const bench = await openBench();
    const singles = [await bench.submit({ faculty: 'single' }), await bench.submit({ faculty: 'single' })];
    const general = await bench.submit();
    const { held } = await start(bench);
    await until(() => held.claims.length === 2);
    await settled(bench);
    assert.deepEqual(held.ids(), [singles[0], general]);
    held.letGo(0);
    await until(() => held.claims.length === 3);
    assert.equal(held.ids()[2], singles[1]);
  });

  it('leaves alone what is for another place, for a faculty it has not, or for later', async () => {
    const [bench, elsewhere] = [await openBench(), await openBench()];
    const others = [await bench.submit({ faculty: 'unknown' }), await bench.submit({ delayMs: 60_000 })];
    const foreign = await elsewhere.submit();
    const mine = await bench.submit();
    const { held } = await start(bench);
    await until(() => held.claims.length === 1);
    await settled(bench);
    assert.deepEqual(held.ids(), [mine]);
    for (const id of others) assert.equal(await stateOf(bench, id), 'queued');
    assert.equal(await stateOf(elsewhere, foreign), 'queued');
    const [late] = others.slice(1);
    await bench.makeDue(late ?? '');
    mock.timers.tick(POLL_MS);
    await until(() => held.claims.length === 2);
    assert.equal(held.ids()[1], late);
  });

  it('says who it is and what it serves, and that its predecessors are gone', async () => {
    const bench = await openBench();
    await bench.tryClaim();
    await start(bench);
    assert.deepEqual(await facultiesOfPlace(bench.db, bench.place), ['general', 'single']);
    const hosts = await bench.db.query<{ id: string; stopped: boolean }>(
      'select id, stopped_at is not null as stopped from animus.hosts where store_id = $1 order by started_at',
      [bench.place],
    );
    assert.deepEqual(
      hosts.map(({ id, stopped }) => [id === bench.hostId, stopped]),
      [
        [true, true],
        [false, false],
      ],
    );
  });

  it('takes over at its start what its predecessor held, whose lease has not run out', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const old = await bench.claim();
    const { held } = await start(bench);
    await until(() => held.claims.length === 1);
    const [claim] = held.claims;
    assert.deepEqual([claim?.item.id, claim?.focus.id], [id, old.focus.id]);
    assert.notEqual(claim?.lease.token, old.lease.token);
    assert.equal(claim?.item.resumesWithoutProgress, 1);
  });

  it('takes over from the host of another store only when the lease has run out', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const old = await bench.claim();
    await bench.db.query('update animus.hosts set store_id = $2 where id = $1', [bench.hostId, uuidv7()]);
    const { held } = await start(bench);
    mock.timers.tick(POLL_MS);
    await settled(bench);
    assert.equal(held.claims.length, 0);
    await bench.db.query("update animus.leases set expires_at = now() - interval '1 second' where work_item_id = $1", [
      id,
    ]);
    mock.timers.tick(POLL_MS);
    await until(() => held.claims.length === 1);
    assert.equal(held.claims[0]?.focus.id, old.focus.id);
  });

  it('keeps the leases of what it runs', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const { held } = await start(bench);
    await until(() => held.claims.length === 1);
    const secondsLeft = async () => {
      const [row] = await bench.db.query<{ left: number }>(
        'select extract(epoch from expires_at - now())::float8 as left from animus.leases where work_item_id = $1',
        [id],
      );
      return row?.left ?? 0;
    };
    await bench.db.query("update animus.leases set expires_at = now() + interval '5 seconds' where work_item_id = $1", [
      id,
    ]);
    mock.timers.tick(HEARTBEAT_MS);
    await until(async () => (await secondsLeft()) > 20);
    assert.equal(held.claims[0]?.abort.aborted, false);
  });

  it("[F3] aborts a focus whose lease is another's", async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const { held } = await start(bench);
    await until(() => held.claims.length === 1);
    await bench.db.query('update animus.leases set token = $2 where work_item_id = $1', [id, uuidv7()]);
    mock.timers.tick(HEARTBEAT_MS);
    await until(() => held.claims[0]?.abort.aborted === true);
    assert.equal(held.claims[0]?.stopping.aborted, false);
  });

  it('goes on with the rest when the run of one throws', async () => {
    const bench = await openBench();
    const ran: string[] = [];
    const { dispatcher } = await start(bench, {
      maxConcurrent: 1,
      run: async ({ item }) => {
        ran.push(item.id);
        throw new Error('a bug');
      },
    });
    const ids = [await bench.submit(), await bench.submit()];
    await until(() => ran.length === 2 && dispatcher.runningCount === 0);
    assert.deepEqual(ran, ids);
    assert.equal(bench.logged.filter(({ event }) => event === 'focus.run_failed').length, 2);
  });

  it('goes on when the database is away for a moment', async () => {
    const bench = await openBench();
    let isAway = false;
    const guard = () => {
      if (isAway) throw new Error('away');
    };
    const db: Db = {
      kind: bench.db.kind,
      query: async (sql, params) => {
        guard();
        return bench.db.query(sql, params);
      },
      exec: (sql) => bench.db.exec(sql),
      transaction: async (body) => {
        guard();
        return bench.db.transaction(body);
      },
      listen: (...args) => bench.db.listen(...args),
      close: () => bench.db.close(),
    };
    const { held } = await start(bench, { db });
    isAway = true;
    await bench.submit();
    await until(() => bench.logged.some(({ event }) => event === 'dispatch.look_failed'));
    mock.timers.tick(HEARTBEAT_MS);
    await until(() => bench.logged.some(({ event }) => event === 'dispatch.turn_failed'));
    isAway = false;
    mock.timers.tick(POLL_MS);
    await until(() => held.claims.length === 1);
  });

  it('begins nothing while it is paused, says why once, and goes on by its poll', async () => {
    const bench = await openBench();
    await bench.submit();
    let reason: string | undefined = 'the disk is full';
    const { dispatcher, held } = await start(bench, { whyPaused: () => reason });
    dispatcher.look();
    mock.timers.tick(POLL_MS);
    await settled(bench);
    assert.equal(held.claims.length, 0);
    const said = bench.logged.filter(({ event }) => event === 'dispatch.paused');
    assert.deepEqual(
      said.map(({ facts }) => facts.reason),
      ['the disk is full'],
    );
    reason = undefined;
    mock.timers.tick(POLL_MS);
    await until(() => held.claims.length === 1);
  });

  it('takes up a faculty that appears, and finds again what its name stands for', async () => {
    const bench = await openBench();
    const id = await bench.submit({ faculty: 'late' });
    let now = 0;
    const { held } = await start(bench, { catalogue: catalogue(() => now) });
    await settled(bench);
    assert.equal(held.claims.length, 0);
    const file = addFaculty('late');
    now += 1000;
    mock.timers.tick(POLL_MS);
    await until(() => held.claims.length === 1);
    rmSync(file);
    assert.deepEqual([held.ids(), held.claims[0]?.faculty.name], [[id], 'late']);
  });
});
