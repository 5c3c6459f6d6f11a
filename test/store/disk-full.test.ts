/** A disk that is really full: a small file system of its own, which only root may mount. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mock } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EmbeddedCare } from '../../src/host/care/embedded-care.ts';
import { DiskSpace, freeBytes, isDiskFull } from '../../src/host/db/disk-space.ts';
import { migrate } from '../../src/host/db/migrate.ts';
import { openPglite, type PgliteDb } from '../../src/host/db/pglite-db.ts';
import { MIGRATIONS, TEMPLATE } from '../support/databases.ts';
import { submitted } from './work-rows.ts';

/** Enough for a database and its log; all of it is less than what care asks for. */
const DISK = '220m';
const FIVE_MINUTES = 300_000;

describe('a disk that is full', function () {
  this.timeout(120_000);
  let mount: string;
  let isMounted = false;
  let db: PgliteDb | undefined;
  let told = 0;

  before(function () {
    mount = mkdtempSync(path.join(tmpdir(), 'animus-test-full-'));
    if (process.platform === 'linux' && process.getuid?.() === 0) {
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', mount], { stdio: 'ignore' });
        isMounted = true;
      } catch {
        isMounted = false; // a container without the right to
      }
    }
    if (isMounted) return;
    console.log('no tmpfs can be mounted here: a disk that is full is not tried.');
    this.skip();
  });
  after(async () => {
    await db?.close();
    if (isMounted) execFileSync('umount', [mount]);
    rmdirSync(mount);
  });

  it('[F8] makes the query after a failed CHECKPOINT hang, so there is none without a look', async () => {
    const folder = path.join(mount, 'db');
    const onDiskFull = () => {
      told += 1;
    };
    const opened = await openPglite({
      schema: 'animus',
      folder,
      onDiskFull,
      ...(TEMPLATE ? { template: TEMPLATE } : {}),
    });
    db = opened;
    await migrate(opened, MIGRATIONS);
    let now = 0;
    const disk = new DiskSpace({ free: () => freeBytes(folder) });
    const looking = new EmbeddedCare({ db: opened, disk, schema: 'animus', now: () => now });
    const blind = new EmbeddedCare({ db: opened, disk: { isEnough: true }, schema: 'animus', now: () => now });
    for (const care of [looking, blind]) await care.checkpointIfDue();
    const ids = [await submitted(opened), await submitted(opened)];
    now += FIVE_MINUTES;

    const fillers = fill(mount);
    await assert.rejects(
      opened.query('insert into animus.ledger_heads select gen_random_uuid(), n from generate_series(1, 100000) n'),
      isDiskFull,
    );
    assert.equal(told, 1);
    assert.match(disk.whyPaused() ?? '', /less than 200 MB/);

    // With the look: no CHECKPOINT, and the database answers.
    assert.equal(await looking.checkpointIfDue(), false);
    const all = 'select id from animus.work_items order by id';
    assert.equal((await opened.query(all)).length, 2);

    // Without it: the next query never ends by itself.
    await assert.rejects(blind.checkpointIfDue(), isDiskFull);
    mock.timers.enable({ apis: ['setTimeout'] });
    const hanging = opened.query(all);
    hanging.catch(() => undefined); // looked at below
    try {
      for (let turn = 0; turn < 50; turn += 1) await nextTurn();
      // The clock of this process stands still for the watchdog's sake; the database's thread hangs meanwhile.
      execFileSync('sleep', ['2']);
      for (const file of fillers) rmSync(file);
      mock.timers.tick(30_000);
    } finally {
      mock.timers.reset();
    }
    await assert.rejects(hanging, { name: 'DbLost' });
    assert.deepEqual(
      (await opened.query<{ id: string }>(all)).map(({ id }) => id),
      ids.sort(),
    );
  });
});

/** Takes all that is free; gives the files that do. */
function fill(folder: string): string[] {
  const files = [path.join(folder, 'filler'), path.join(folder, 'last')];
  for (const file of files) {
    try {
      writeFileSync(file, Buffer.alloc(freeBytes(folder)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  return files;
}
