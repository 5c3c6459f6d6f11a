/** A Postgres server that goes away and comes back: what was under way is lost, and all else goes on. */
import assert from 'node:assert/strict';
import { migrate } from '../../src/host/db/migrate.ts';
import { openPostgres, type PostgresDb } from '../../src/host/db/postgres-db.ts';
import { retryLost } from '../../src/host/db/retry-lost.ts';
import { submitWork } from '../../src/host/store/work/submit.ts';
import { MIGRATIONS, requirePostgres } from '../support/databases.ts';
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { countRows, submission } from './work-rows.ts';

const LOST = { name: 'DbLost' };

describe('a Postgres server of its own', () => {
  let server: PostgresServer;
  let db: PostgresDb;
  let lost: string[];

  before(async function () {
    requirePostgres(this);
    const bin = findPostgres();
    // The lane's server may run elsewhere; this one has to be killed.
    if (!bin) {
      console.log('No Postgres server is installed on this machine: its crash is not tried.');
      this.skip();
    }
    server = await startPostgres(bin);
  });
  after(async () => {
    await server?.remove();
  });
  beforeEach(async () => {
    lost = [];
    db = await openPostgres({ url: server.url, schema: 'animus', onLost: (reason) => lost.push(reason) });
    await migrate(db, MIGRATIONS);
  });
  afterEach(async () => {
    await db?.close();
  });

  for (const [how, end] of [
    ['is killed', () => server.kill()],
    ['is stopped', () => server.stop()],
  ] as const) {
    it(`[F4] that ${how}: queries under way are lost, listeners are told, and all goes on when it is back`, async () => {
      const reset = Promise.withResolvers<void>();
      const heard = Promise.withResolvers<string>();
      const unlisten = await db.listen('test', heard.resolve, reset.resolve);
      const began = Promise.withResolvers<void>();
      const underWay = assert.rejects(db.query('select pg_sleep(60)'), LOST);
      const inTransaction = assert.rejects(
        db.transaction(async (tx) => {
          await tx.query("insert into animus.trusted_folders values (gen_random_uuid(), '/undone', 'test')");
          began.resolve();
          await tx.query('select pg_sleep(60)');
        }),
        LOST,
      );
      await began.promise;
      await end();
      await Promise.all([underWay, inTransaction]);
      await assert.rejects(db.query('select 1'), LOST);
      await assert.rejects(
        db.listen(
          'other',
          () => undefined,
          () => undefined,
        ),
        LOST,
      );
      const asked = submission();
      const submitted = retryLost(() => submitWork(db, asked));
      await server.start();
      assert.deepEqual(await submitted, { kind: 'queued', id: asked.id });
      await reset.promise;
      await db.query("select pg_notify('animus.test', 'after')");
      assert.equal(await heard.promise, 'after');
      assert.ok(lost.length > 0);
      assert.deepEqual(await db.query("select 1 from animus.trusted_folders where folder = '/undone'"), []);
      await unlisten();
    });
  }

  it('that is away when the database is closed keeps nobody waiting', async () => {
    await db.listen(
      'test',
      () => undefined,
      () => undefined,
    );
    await server.kill();
    await db.close();
    await server.start();
  });

  it('[F4] restarted again and again under load: nothing acknowledged is lost, nothing is doubled', async () => {
    const acknowledged: string[] = [];
    const before = await countRows(db, 'work_items');
    let done = false;
    const writer = async () => {
      while (!done) {
        const asked = submission();
        await retryLost(() => submitWork(db, asked));
        acknowledged.push(asked.id);
      }
    };
    const writers = Promise.all(Array.from({ length: 6 }, writer));
    for (let restarts = 0; restarts < 4; restarts += 1) {
      const enough = acknowledged.length + 20;
      while (acknowledged.length < enough) await new Promise((resolve) => setImmediate(resolve));
      await (restarts % 2 === 0 ? server.kill() : server.stop());
      await server.start();
    }
    done = true;
    await writers;
    const stored = await db.query<{ id: string }>('select id from animus.work_items where id = any($1::uuid[])', [
      acknowledged,
    ]);
    assert.equal(stored.length, acknowledged.length);
    assert.equal(await countRows(db, 'work_items'), before + acknowledged.length);
  });
});
