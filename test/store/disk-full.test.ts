/** A disk that is really full: a small file system of its own, which only root may mount. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EmbeddedCare } from '../../src/host/care/embedded-care.ts';
import { DiskSpace, freeBytes, isDiskFull } from '../../src/host/db/disk-space.ts';
import { migrate } from '../../src/host/db/migrate.ts';
import { openPglite, type PgliteDb } from '../../src/host/db/pglite-db.ts';
import { retryLost } from '../../src/host/db/retry-lost.ts';
import { fillDisk } from '../support/database-full-disk.ts';
import { MIGRATIONS, TEMPLATE } from '../support/databases.ts';
import { submitted } from './work-rows.ts';

/** Enough for a database and its log; all of it is less than what care asks for. */
const DISK = '220m';
const FIVE_MINUTES = 300_000;

const BARE = path.resolve(import.meta.dirname, '../support/database-full-disk.ts');

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

  it('breaks PGlite by a CHECKPOINT that fails: what is asked then is answered with nothing, or never', async () => {
    const folder = path.join(mount, 'bare');
    const child = spawnSync(process.execPath, ['--no-warnings', BARE, folder], { encoding: 'utf8', timeout: 20_000 });
    rmSync(folder, { recursive: true });
    assert.match(child.stdout, /^no space/, child.stderr);
    assert.doesNotMatch(child.stdout, /count/, 'it counts the one row of its table');
  });

  it('[F8] is looked at before a CHECKPOINT, and one that fails all the same costs no answer', async () => {
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

    const fillers = fillDisk(mount);
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

    // Without it: the database's thread is of no use afterwards. It ends, and is there again when there is room.
    await assert.rejects(blind.checkpointIfDue(), isDiskFull);
    for (const file of fillers) rmSync(file);
    assert.deepEqual(
      (await retryLost(() => opened.query<{ id: string }>(all))).map(({ id }) => id),
      ids.sort(),
    );
  });
});
