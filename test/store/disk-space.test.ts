/** What happens where the disk is full, or nearly: no new work, no CHECKPOINT, no VACUUM, and all of it again with room. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mock } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EmbeddedCare } from '../../src/host/care/embedded-care.ts';
import { DiskSpace, freeBytes, isDiskFull, LEAST_FREE_BYTES, REFUSED_PAUSES_MS } from '../../src/host/db/disk-space.ts';
import { migrate } from '../../src/host/db/migrate.ts';
import { openPglite, type PgliteDb } from '../../src/host/db/pglite-db.ts';
import { openPostgres } from '../../src/host/db/postgres-db.ts';
import type { Db } from '../../src/host/db/types.ts';
import { MIGRATIONS, requirePostgres, TEMPLATE } from '../support/databases.ts';
import { submitted } from './work-rows.ts';

const MINUTE = 60_000;

/** Lets what is under way get on while the clock stands still. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
}

describe('room on the disk', () => {
  it('[F8] below 200 MB nothing new is begun, and at 200 MB it is again', () => {
    let free = LEAST_FREE_BYTES - 1;
    const disk = new DiskSpace({ free: () => free });
    assert.match(disk.whyPaused() ?? '', /less than 200 MB are free/);
    assert.equal(disk.isEnough, false);
    free = LEAST_FREE_BYTES;
    assert.equal(disk.whyPaused(), undefined);
    assert.equal(disk.isEnough, true);
  });

  it('[F8] after a refused write nothing new is begun for half a minute, whatever is free', () => {
    let now = 1000;
    for (const free of [() => LEAST_FREE_BYTES * 2, undefined]) {
      const disk = new DiskSpace({ free, now: () => now });
      assert.equal(disk.whyPaused(), undefined);
      disk.noteRefused();
      now += REFUSED_PAUSES_MS - 1;
      assert.match(disk.whyPaused() ?? '', /refused to write because its disk is full/);
      now += 1;
      assert.equal(disk.whyPaused(), undefined);
    }
  });

  it('is read from the file system', () => {
    const { bavail, bsize } = statfsSync(tmpdir());
    // Others write there too.
    assert.ok(Math.abs(freeBytes(tmpdir()) - bavail * bsize) < 1024 ** 3);
  });
});

const REFUSE = "do $$ begin raise exception 'could not extend file' using errcode = '53100'; end $$";

/** Each way to the database tells of a full disk, and of nothing else. */
async function expectTold(db: Db, told: () => number): Promise<void> {
  const ways = [
    () => db.query(REFUSE),
    () => db.exec(REFUSE),
    () => db.transaction((tx) => tx.query(REFUSE)),
    () => db.transaction(async (tx) => tx.query(REFUSE).catch(() => undefined)),
  ];
  for (const [index, way] of ways.entries()) {
    await assert.rejects(way(), isDiskFull);
    assert.equal(told(), index + 1);
  }
  await assert.rejects(db.query('select 1/0'), (error) => !isDiskFull(error));
  assert.equal(told(), ways.length);
}

describe('a write that is refused for lack of room (Postgres)', () => {
  it('[F8] is told of', async function () {
    let told = 0;
    const onDiskFull = () => {
      told += 1;
    };
    const db = await openPostgres({ url: requirePostgres(this), schema: 'animus', onDiskFull });
    try {
      await expectTold(db, () => told);
    } finally {
      await db.close();
    }
  });
});

describe('care for the embedded database', function () {
  this.timeout(120_000);
  let folder: string;
  let db: PgliteDb;
  let free: number;
  let now: number;
  let told: number;
  let disk: DiskSpace;
  let care: EmbeddedCare;

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'animus-test-care-'));
    [free, now, told] = [LEAST_FREE_BYTES, 0, 0];
    const onDiskFull = () => {
      told += 1;
    };
    db = await openPglite({ schema: 'animus', folder, onDiskFull, ...(TEMPLATE ? { template: TEMPLATE } : {}) });
    await migrate(db, MIGRATIONS);
    disk = new DiskSpace({ free: () => free, now: () => now });
    care = new EmbeddedCare({ db, disk, schema: 'animus', now: () => now });
    await care.checkpointIfDue();
  });
  afterEach(async function () {
    await db.close();
    if (this.currentTest?.state === 'failed') console.log(`kept: ${folder}`);
    else rmSync(folder, { recursive: true });
  });

  const lastCheckpoint = async () => {
    const [row] = await db.query<{ lsn: string }>('select checkpoint_lsn::text as lsn from pg_control_checkpoint()');
    return row?.lsn;
  };
  const writeLog = (megabytes: number) =>
    db.query("select pg_logical_emit_message(false, 'test', repeat('x', 1048576)) from generate_series(1, $1::int)", [
      megabytes,
    ]);

  it('[F8] tells of a write that is refused for lack of room', () => expectTold(db, () => told));

  it('checkpoints five minutes after something was written, and not where nothing was', async () => {
    const before = await lastCheckpoint();
    now += 5 * MINUTE;
    await submitted(db);
    now += 1;
    assert.equal(await care.checkpointIfDue(), true);
    const after = await lastCheckpoint();
    assert.notEqual(after, before);
    now += 5 * MINUTE;
    assert.equal(await care.checkpointIfDue(), false);
    await submitted(db);
    assert.equal(await care.checkpointIfDue(), true);
    await submitted(db);
    now += 5 * MINUTE - 1;
    assert.equal(await care.checkpointIfDue(), false);
  });

  it('checkpoints after 64 MB of log, however soon', async () => {
    await writeLog(60);
    assert.equal(await care.checkpointIfDue(), false);
    const before = await lastCheckpoint();
    await writeLog(5);
    assert.equal(await care.checkpointIfDue(), true);
    assert.notEqual(await lastCheckpoint(), before);
    assert.equal(await care.checkpointIfDue(), false);
  });

  it('[F8] never checkpoints and never vacuums where less than 200 MB are free', async () => {
    const before = await lastCheckpoint();
    await submitted(db);
    now += 5 * MINUTE;
    free = LEAST_FREE_BYTES - 1;
    assert.equal(await care.checkpointIfDue(), false);
    assert.equal(await care.vacuumIfDue(() => true, true), false);
    assert.equal(await lastCheckpoint(), before);
    free = LEAST_FREE_BYTES;
    assert.equal(await care.vacuumIfDue(() => true, true), true);
    assert.equal(await care.checkpointIfDue(), true);
  });

  it('[F8] a query that spins is ended after half a minute, and the database is there again', async () => {
    const id = await submitted(db);
    mock.timers.enable({ apis: ['setTimeout'] });
    let ended = false;
    const spinning = db.exec('do $$ begin loop end loop; end $$').finally(() => {
      ended = true;
    });
    spinning.catch(() => undefined); // looked at below
    try {
      await turns();
      mock.timers.tick(30_000 - 1);
      await turns();
      assert.equal(ended, false);
      mock.timers.tick(1);
    } finally {
      mock.timers.reset();
    }
    await assert.rejects(spinning, { name: 'DbLost', message: /no answer for 30 s/ });
    assert.deepEqual(await db.query('select id from animus.work_items'), [{ id }]);
  });

  it('vacuums and analyzes every half hour at most, and only where something was written', async () => {
    const counted = async () => {
      const [row] = await db.query<{ rows: number }>(
        "select reltuples::int as rows from pg_class where oid = 'animus.work_items'::regclass",
      );
      return row?.rows;
    };
    await submitted(db);
    assert.equal(await counted(), -1, 'nobody has looked at the table');
    assert.equal(await care.vacuumIfDue(() => true), true);
    assert.equal(await counted(), 1);
    await submitted(db);
    now += 30 * MINUTE - 1;
    assert.equal(await care.vacuumIfDue(() => true), false);
    assert.equal(await care.vacuumIfDue(() => true, true), true, 'but at once after much was removed');
    assert.equal(await counted(), 2);
    now += 30 * MINUTE;
    assert.equal(await care.vacuumIfDue(() => true), false, 'nothing was written since');
    await submitted(db);
    assert.equal(await care.vacuumIfDue(() => true), true);
    assert.equal(await counted(), 3);
  });

  it('stops between two tables when work has come', async () => {
    await submitted(db);
    let looks = 0;
    const mayGoOn = () => {
      looks += 1;
      return looks <= 2;
    };
    assert.equal(await care.vacuumIfDue(mayGoOn), false);
    assert.equal(looks, 3);
    assert.equal(await care.vacuumIfDue(() => true), true, 'and begins anew when it is idle again');
  });
});
