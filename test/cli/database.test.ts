/** The store as a whole: backed up, restored, and moved to a server. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { migrate, readMigrations } from '../../src/host/db/migrate.ts';
import { openPostgres, type PostgresDb } from '../../src/host/db/postgres-db.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { CliSandbox, ROOT } from '../support/cli-sandbox.ts';
import { longRun, NOTES, QUICK } from '../support/cli-scenarios.ts';
import { holdTransaction, untilBlockedBy } from '../support/database-interleaving.ts';

type Shown = { item: { state: string; outcome: { summary: string } | null } };
type Refusal = { error: { kind: string; message: string; next: string } };

async function done(sandbox: CliSandbox, text = 'look'): Promise<string> {
  const env = { ANIMUS_MODEL: sandbox.script(QUICK) };
  const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', text], { env });
  assert.equal((await sandbox.json(['work', 'wait', id])).code, 0);
  return id;
}

describe('a backup of the embedded store', function () {
  this.timeout(120_000);
  let sandbox: CliSandbox;
  beforeEach(() => {
    sandbox = new CliSandbox();
  });
  afterEach(() => sandbox.remove());

  const folderOf = () => path.join(sandbox.store, 'db');

  it('is made while work goes on, for its owner alone, and restored where no host runs', async () => {
    sandbox.write(NOTES);
    const before = await done(sandbox);
    const env = { ANIMUS_MODEL: sandbox.script(longRun(8, 100)) };
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', 'read'], { env });
    const backup = await sandbox.json<{ file: string; bytes: number }>(['db', 'backup', 'copy.tar.gz']);
    assert.equal(backup.code, 0);
    assert.equal(backup.file, path.join(sandbox.workspace, 'copy.tar.gz'));
    const { size, mode } = statSync(backup.file);
    assert.deepEqual([size, mode & 0o777], [backup.bytes, 0o600]);
    assert.equal((await sandbox.json(['work', 'wait', id])).code, 0, 'work went on');
    const after = await done(sandbox, 'after the backup');

    const refused = await sandbox.json<Refusal>(['db', 'restore', 'copy.tar.gz']);
    assert.deepEqual([refused.code, refused.error.kind], [2, 'host_running']);
    await sandbox.animus(['host', 'stop']);
    assert.equal((await sandbox.json(['db', 'restore', 'copy.tar.gz'])).code, 0);
    assert.equal((await sandbox.json<Shown>(['work', 'show', before])).item.state, 'completed');
    assert.equal((await sandbox.json<Refusal>(['work', 'show', after])).error.kind, 'not_found');
    // What ran when it was packed is taken up again from there.
    assert.equal((await sandbox.json(['work', 'wait', id])).code, 0);
    assert.deepEqual(readdirSync(folderOf()), ['pg18']);
  });

  it('lies in the store where no file is named, and nothing is ever written over', async () => {
    await done(sandbox);
    const { file } = await sandbox.json<{ file: string }>(['db', 'backup']);
    assert.equal(path.dirname(file), path.join(sandbox.store, 'backups'));
    const bytes = readFileSync(file);
    const refused = await sandbox.json<Refusal>(['db', 'backup', file]);
    assert.deepEqual([refused.code, refused.error.kind], [2, 'invalid_params']);
    assert.match(refused.error.message, /is there already/);
    assert.ok(readFileSync(file).equals(bytes));
    const nowhere = await sandbox.json<Refusal>(['db', 'backup', '/no/such/folder/b.tar.gz']);
    assert.deepEqual([nowhere.code, nowhere.error.kind], [2, 'invalid_params']);
    assert.deepEqual(readdirSync(path.dirname(file)), [path.basename(file)]);
  });

  it('that is none, or is broken, changes nothing', async () => {
    const id = await done(sandbox);
    const { file } = await sandbox.json<{ file: string }>(['db', 'backup']);
    await sandbox.animus(['host', 'stop']);
    sandbox.write({ 'text.tar.gz': 'no backup at all' });
    const text = await sandbox.json<Refusal>(['db', 'restore', 'text.tar.gz']);
    assert.deepEqual([text.code, text.error.kind], [2, 'invalid_params']);
    const absent = await sandbox.json<Refusal>(['db', 'restore', 'nothing.tar.gz']);
    assert.deepEqual([absent.code, absent.error.kind], [2, 'invalid_params']);
    const cut = path.join(sandbox.workspace, 'cut.tar.gz');
    writeFileSync(cut, readFileSync(file).subarray(0, 100_000));
    const broken = await sandbox.json<Refusal>(['db', 'restore', cut]);
    assert.deepEqual([broken.code, broken.error.kind], [3, 'store_unavailable']);
    assert.match(broken.error.next, /The store is as it was/);
    assert.equal((await sandbox.json<Shown>(['work', 'show', id])).item.state, 'completed');
    assert.deepEqual(readdirSync(folderOf()), ['pg18']);
  });
});

describe('a store that is moved to a server', function () {
  this.timeout(180_000);
  let sandbox: CliSandbox;
  let url: string;
  let schema: string;
  let target: PostgresDb;

  before(function () {
    const given = process.env.ANIMUS_TEST_POSTGRES_URL;
    if (!given) this.skip(); // no Postgres server on this machine
    url = given;
  });
  beforeEach(async () => {
    schema = `animus_move_${uuidv7().slice(-12)}`;
    sandbox = new CliSandbox({ ANIMUS_DATABASE_SCHEMA: schema });
    target = await openPostgres({ url, schema });
  });
  afterEach(async () => {
    await target?.exec(`drop schema if exists ${schema} cascade`);
    await target?.close();
    await sandbox?.remove();
  });

  it('goes on there with all it had, and is not opened here by accident', async () => {
    sandbox.write(NOTES);
    const env = { ANIMUS_MODEL: sandbox.script(longRun(20, 150)) };
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'read'], { env });
    const moved = await sandbox.json<{ target: string; tables: { name: string; rows: number }[] }>(['db', 'move', url]);
    assert.equal(moved.code, 0);
    assert.equal(moved.tables.find(({ name }) => name === 'work_items')?.rows, 1);
    assert.equal(sandbox.hostFile(), undefined, 'the host has left');

    const refused = await sandbox.json<Refusal>(['status']);
    assert.deepEqual([refused.code, refused.error.kind], [3, 'store_moved']);
    assert.ok(refused.error.message.includes(moved.target));
    assert.match(refused.error.next, /database\.url/);

    // The host that refused stays for a moment, to say why.
    while (sandbox.hostFile() !== undefined) await sleep(50);
    const there = { ANIMUS_DATABASE_URL: url };
    // The work that was under way goes on where it was, in the same focus.
    const waited = await sandbox.json<Shown & { foci: unknown[] }>(['work', 'wait', id], { env: there });
    assert.equal(waited.code, 0, JSON.stringify(waited));
    assert.equal(waited.foci.length, 1);
    const { host } = await sandbox.json<{ host: { trusted: boolean; database_kind: string } }>(['status'], {
      env: there,
    });
    assert.deepEqual([host.trusted, host.database_kind], [true, 'postgres']);
  });

  it('stays whole when its host is killed in the middle, and a second move succeeds', async () => {
    const id = await done(sandbox);
    await migrate(target, readMigrations(path.join(ROOT, 'migrations')));
    const blocker = await openPostgres({ url, schema });
    try {
      const held = await holdTransaction(blocker);
      await held.tx.query('lock table animus.work_ledger in share mode');
      const moving = sandbox.animus(['db', 'move', url]);
      await untilBlockedBy(target, held.pid);
      await sandbox.killHost();
      assert.equal((await moving).code, 3);
      await held.commit();
    } finally {
      await blocker.close();
    }
    assert.equal((await sandbox.json<Shown>(['work', 'show', id])).item.state, 'completed');
    assert.ok(!existsSync(path.join(sandbox.store, 'db', 'moved-to')));
    assert.deepEqual(await target.query('select 1 from animus.work_items'), []);
    assert.equal((await sandbox.json(['db', 'move', url])).code, 0);
    assert.deepEqual(await target.query('select id from animus.work_items'), [{ id }]);
  });

  it('is refused where the target holds something, is not there, or is no URL, and goes on here', async () => {
    const id = await done(sandbox);
    await migrate(target, readMigrations(path.join(ROOT, 'migrations')));
    await target.query("insert into animus.trusted_folders (place, folder, granted_by) values ($1, '/x', 'cli')", [
      uuidv7(),
    ]);
    const full = await sandbox.json<Refusal>(['db', 'move', url]);
    assert.deepEqual([full.code, full.error.kind], [2, 'target_not_empty']);
    const away = await sandbox.json<Refusal>(['db', 'move', 'postgres://someone:topsecret@127.0.0.1:1/none']);
    assert.deepEqual([away.code, away.error.kind], [3, 'store_unavailable']);
    assert.doesNotMatch(JSON.stringify(away), /topsecret/);
    const wrong = await sandbox.json<Refusal>(['db', 'move', 'mysql://someone:topsecret@x/y']);
    assert.deepEqual([wrong.code, wrong.error.kind], [2, 'invalid_params']);
    assert.doesNotMatch(JSON.stringify(wrong), /topsecret/);
    for (const { text } of sandbox.readTexts()) assert.ok(!text.includes('topsecret'));
    assert.equal((await sandbox.json<Shown>(['work', 'show', id])).item.state, 'completed');
  });

  it('has tools of its own on a server, and they are named', async () => {
    for (const command of [['backup'], ['restore', 'x'], ['move', url]]) {
      const refused = await sandbox.json<Refusal>(['db', ...command], { env: { ANIMUS_DATABASE_URL: url } });
      assert.deepEqual([refused.code, refused.error.kind], [2, 'not_embedded']);
      assert.match(refused.error.next, /pg_dump .*pg_restore/);
    }
  });
});
