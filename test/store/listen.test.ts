/** Notifications: hints that come after the commit, to whoever listens, also when the connection was lost in between. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db, Queryable } from '../../src/host/db/types.ts';
import { onEachDatabase } from '../support/databases.ts';
import { history, submitted } from './work-rows.ts';

const ignore = () => undefined;

/** Listens, and gives what came so far and a promise of the first `count`. */
async function hear(db: Db, channel: string) {
  const heard: string[] = [];
  let arrived = ignore;
  const unlisten = await db.listen(
    channel,
    (payload) => {
      heard.push(payload);
      arrived();
    },
    ignore,
  );
  const until = async (count: number) => {
    while (heard.length < count) {
      await new Promise<void>((resolve) => {
        arrived = () => {
          resolve();
          return undefined;
        };
      });
    }
    return heard;
  };
  return { heard, until, unlisten };
}

const notify = (db: Queryable, payload: string, channel = 'test') =>
  db.query(`select pg_notify('animus.${channel}', $1)`, [payload]);

onEachDatabase('notifications', {}, (database) => {
  it('come after the commit, in order, and not after a rollback', async () => {
    const { db } = database;
    const { heard, until, unlisten } = await hear(db, 'test');
    const undone = new Error('undone');
    await assert.rejects(
      db.transaction(async (tx) => {
        await notify(tx, 'undone');
        throw undone;
      }),
      undone,
    );
    await db.transaction(async (tx) => {
      await notify(tx, 'one 🦉');
      await tx.query('select 1');
      assert.deepEqual(heard, []);
      await notify(tx, 'two');
    });
    await notify(db, 'three');
    assert.deepEqual(await until(3), ['one 🦉', 'two', 'three']);
    await unlisten();
  });

  it('of a submit carry the id, the number and the state of its event, and nothing that is said', async () => {
    const { db } = database;
    const { until, unlisten } = await hear(db, 'work');
    const id = await submitted(db, { description: 'secret' });
    const [payload] = await until(1);
    assert.deepEqual(JSON.parse(payload ?? ''), {
      id,
      seq: (await history(db, id)).length,
      state: 'queued',
    });
    await unlisten();
  });

  it('reach everybody who listens to the channel, and nobody else', async () => {
    const { db } = database;
    const [first, second, other] = [await hear(db, 'test'), await hear(db, 'test'), await hear(db, 'other')];
    await notify(db, 'a');
    await notify(db, 'b', 'other');
    assert.deepEqual([await first.until(1), await second.until(1), await other.until(1)], [['a'], ['a'], ['b']]);
    await first.unlisten();
    await notify(db, 'c');
    assert.deepEqual(await second.until(2), ['a', 'c']);
    assert.deepEqual(first.heard, ['a']);
    await second.unlisten();
    await notify(db, 'd');
    await notify(db, 'e', 'other');
    assert.deepEqual(await other.until(2), ['b', 'e']);
    assert.deepEqual(second.heard, ['a', 'c']);
    await other.unlisten();
  });

  it('are heard again by who listens again', async () => {
    const { db } = database;
    await (await hear(db, 'test')).unlisten();
    const again = await hear(db, 'test');
    await notify(db, 'a');
    assert.deepEqual(await again.until(1), ['a']);
    await again.unlisten();
  });

  it('reach the others when a listener throws, and what it threw is told', async () => {
    const { db } = database;
    const thrown = new Error('of a listener');
    const unlisten = await db.listen(
      'test',
      () => {
        throw thrown;
      },
      ignore,
    );
    const { until, unlisten: unlistenOther } = await hear(db, 'test');
    await notify(db, 'a');
    await notify(db, 'b');
    assert.deepEqual(await until(2), ['a', 'b']);
    assert.deepEqual(database.listenerErrors, [thrown, thrown]);
    await unlisten();
    await unlistenOther();
  });

  it('may be answered with a query of the database', async () => {
    const { db } = database;
    const answered = Promise.withResolvers<unknown>();
    const unlisten = await db.listen(
      'test',
      () => db.query('select 1 as n').then(answered.resolve, answered.reject),
      ignore,
    );
    await db.transaction((tx) => notify(tx, 'a'));
    assert.deepEqual(await answered.promise, [{ n: 1 }]);
    await unlisten();
  });

  it('[S17] over 8,000 bytes are refused, and the transaction with them', async () => {
    const { db } = database;
    await db.exec('create table animus.t (n integer)');
    await assert.rejects(
      db.transaction(async (tx) => {
        await tx.query('insert into animus.t values (1)');
        await notify(tx, 'x'.repeat(8001));
      }),
      { name: 'DbError', code: '22023' },
    );
    assert.deepEqual(await db.query('select n from animus.t'), []);
  });
});

onEachDatabase('notifications between hosts', { connections: 'several' }, (database) => {
  const listeners = (db: Queryable) =>
    db.query<{ pid: number }>(
      `select pid from pg_stat_activity where application_name = 'animus' and query like 'listen "' || $1 || '.%'`,
      [database.schema],
    );

  it('reach another host, and no host of another schema', async () => {
    const { until, unlisten } = await hear(await database.connect(), 'test');
    await database.db.query("select pg_notify('another_schema.test', 'theirs')");
    await notify(database.db, 'ours');
    assert.deepEqual(await until(1), ['ours']);
    await unlisten();
  });

  it('go on after the connection was lost, and the listener is told that it may have missed some', async () => {
    const { db } = database;
    const [lost, reset] = [Promise.withResolvers<string>(), Promise.withResolvers<void>()];
    const host = await database.connect({ onLost: lost.resolve });
    const heard = Promise.withResolvers<string>();
    const unlisten = await host.listen('test', heard.resolve, reset.resolve);
    const [session] = await listeners(db);
    assert.ok(session);
    await db.query('select pg_terminate_backend($1)', [session.pid]);
    await lost.promise;
    await reset.promise;
    await notify(db, 'after');
    assert.equal(await heard.promise, 'after');
    await unlisten();
  });

  it('who listens while the connection is being made again shares it: one connection, and each payload once', async () => {
    const { db } = database;
    const second = Promise.withResolvers<Awaited<ReturnType<typeof hear>>>();
    const host: Db = await database.connect({
      onLost: () => void hear(host, 'late').then(second.resolve, second.reject),
    });
    const first = await hear(host, 'test');
    const [session] = await listeners(db);
    assert.ok(session);
    await db.query('select pg_terminate_backend($1)', [session.pid]);
    const late = await second.promise;
    // Longer than the first delay after which a connection is made again.
    await sleep(400);
    assert.equal((await listeners(db)).length, 1);
    await notify(db, 'a');
    await notify(db, 'b', 'late');
    assert.deepEqual([await first.until(1), await late.until(1)], [['a'], ['b']]);
    await first.unlisten();
    await late.unlisten();
  });
});
