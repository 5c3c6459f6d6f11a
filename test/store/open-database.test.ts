/** Opening the configured database: made, taken up, brought up to date, or refused with nothing changed. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Migration } from '../../src/host/db/migrate.ts';
import { type DatabaseOptions, openDatabase } from '../../src/host/db/open-database.ts';
import type { Db } from '../../src/host/db/types.ts';
import { dumpSchema } from '../support/database-schema.ts';
import { MIGRATIONS, onEachDatabase, requirePostgres, TEMPLATE } from '../support/databases.ts';
import { countRows, submitted } from './work-rows.ts';

const EXTRA: Migration = {
  number: MIGRATIONS.length + 1,
  name: '999999_extra.sql',
  checksum: 'none',
  sql: 'create table animus.extra (id integer primary key);\n',
};

function optionsFor(storeFolder: string, changes: Partial<DatabaseOptions> = {}): DatabaseOptions {
  const ignore = () => undefined;
  return {
    url: null,
    schema: 'animus',
    storeFolder,
    template: TEMPLATE,
    migrations: MIGRATIONS,
    ...{ onLost: ignore, onReopened: ignore, onListenerError: ignore },
    ...changes,
  };
}

async function withDatabase<T>(options: DatabaseOptions, use: (db: Db) => Promise<T>): Promise<T> {
  const db = await openDatabase(options);
  try {
    return await use(db);
  } finally {
    await db.close();
  }
}

const countItems = (db: Db) => countRows(db, 'work_items');

describe('embedded database', function () {
  this.timeout(120_000);
  let store: string;
  let data: string;
  const options = (changes?: Partial<DatabaseOptions>) => optionsFor(store, changes);

  beforeEach(() => {
    store = mkdtempSync(path.join(tmpdir(), 'animus-test-store-'));
    data = path.join(store, 'db', 'pg18');
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') console.log(`kept: ${store}`);
    else rmSync(store, { recursive: true });
  });

  it('is made from nothing, and there again at the next start', async () => {
    const id = await withDatabase(options({ template: null }), (db) => submitted(db));
    assert.ok(existsSync(path.join(data, 'animus-ready')));
    const found = await withDatabase(options({ template: null }), (db) => db.query('select id from animus.work_items'));
    assert.deepEqual(found, [{ id }]);
  });

  it('is made from a template, with the same schema as from nothing, and nobody else may look in', async function () {
    if (!TEMPLATE) {
      console.log('dist/host/database-template.tar.gz is not built: the template is not tried.');
      this.skip();
    }
    const made = await withDatabase(options(), (db) => dumpSchema(db, 'animus'));
    rmSync(path.join(store, 'db'), { recursive: true });
    assert.equal(await withDatabase(options({ template: null }), (db) => dumpSchema(db, 'animus')), made);
    assert.equal(statSync(path.dirname(data)).mode & 0o777, 0o700);
  });

  it('a folder whose making was cut off is made again', async () => {
    await withDatabase(options(), (db) => submitted(db));
    rmSync(path.join(data, 'animus-ready'));
    writeFileSync(path.join(data, 'PG_VERSION'), 'half of a num');
    assert.equal(await withDatabase(options(), countItems), 0);
    assert.ok(existsSync(path.join(data, 'animus-ready')));
    assert.ok(existsSync(`${data}.unfinished`), 'what was there is moved aside and not deleted');
  });

  it('[F24] an older one is copied before it is changed, and one copy is kept', async () => {
    await withDatabase(options(), (db) => submitted(db));
    const copy = `${data}.before-migration`;
    mkdirSync(copy);
    writeFileSync(path.join(copy, 'of-an-earlier-migration'), '');
    assert.equal(await withDatabase(options({ migrations: [...MIGRATIONS, EXTRA] }), countItems), 1);
    assert.ok(!existsSync(path.join(copy, 'of-an-earlier-migration')));
    assert.ok(existsSync(path.join(copy, 'PG_VERSION')));
    // The copy is a whole database of the older schema: put in its place, the older version takes it up.
    rmSync(data, { recursive: true });
    renameSync(copy, data);
    assert.equal(await withDatabase(options(), countItems), 1);
  });

  it('nothing is copied where nothing is to be migrated', async () => {
    await withDatabase(options(), countItems);
    await withDatabase(options(), countItems);
    assert.deepEqual(readdirSync(path.join(store, 'db')).sort(), ['pg18']);
  });

  it('[F24] a newer one is refused, and a text that was altered; both stay as they are and closed', async () => {
    const newer = [...MIGRATIONS, EXTRA];
    const before = await withDatabase(options({ migrations: newer }), (db) => dumpSchema(db, 'animus'));
    await assert.rejects(openDatabase(options()), { name: 'AnimusError', kind: 'store_newer' });
    const altered = [...MIGRATIONS, { ...EXTRA, checksum: 'of another text' }];
    await assert.rejects(openDatabase(options({ migrations: altered })), {
      name: 'AnimusError',
      kind: 'store_altered',
    });
    assert.equal(await withDatabase(options({ migrations: newer }), (db) => dumpSchema(db, 'animus')), before);
    assert.ok(!existsSync(`${data}.before-migration`));
  });

  it('what is no database is refused, left as it is, and let go', async () => {
    mkdirSync(data, { recursive: true });
    writeFileSync(path.join(data, 'animus-ready'), '');
    writeFileSync(path.join(data, 'PG_VERSION'), 'not a number');
    const threads = countThreads();
    await assert.rejects(openDatabase(options()), { name: 'AnimusError', kind: 'store_unavailable' });
    assert.deepEqual(readdirSync(data), ['PG_VERSION', 'animus-ready']);
    assert.equal(countThreads(), threads);
  });

  it('a migration that fails leaves no thread behind that still holds the folder', async () => {
    const broken = [...MIGRATIONS, { ...EXTRA, sql: 'select * from animus.no_such_table;\n' }];
    const threads = countThreads();
    await assert.rejects(openDatabase(options({ migrations: broken })), { code: '42P01' });
    assert.equal(countThreads(), threads);
    assert.equal(await withDatabase(options(), countItems), 0);
  });
});

/** A thread of a database that nobody closed keeps the process from ending, and writes to its folder. */
function countThreads(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length;
}

onEachDatabase('configured server', { connections: 'several', empty: true }, (database) => {
  const options = (test: Mocha.Context, changes: Partial<DatabaseOptions> = {}) =>
    optionsFor('unused', { url: requirePostgres(test), schema: database.schema, ...changes });

  it('20 hosts that start at once all find the schema made', async function () {
    const opened = await Promise.all(Array.from({ length: 20 }, () => openDatabase(options(this))));
    try {
      for (const db of opened) assert.equal(await countItems(db), 0);
      assert.equal(await countRows(database.db, 'migrations'), MIGRATIONS.length);
    } finally {
      for (const db of opened) await db.close();
    }
  });

  it('[F24] a newer database is refused, and a text that was altered; nothing is changed', async function () {
    await withDatabase(options(this, { migrations: [...MIGRATIONS, EXTRA] }), countItems);
    const before = await dumpSchema(database.db, database.schema);
    await assert.rejects(openDatabase(options(this)), { name: 'AnimusError', kind: 'store_newer' });
    const altered = [...MIGRATIONS, { ...EXTRA, checksum: 'of another text' }];
    await assert.rejects(openDatabase(options(this, { migrations: altered })), { kind: 'store_altered' });
    assert.equal(await dumpSchema(database.db, database.schema), before);
    assert.equal(await countRows(database.db, 'migrations'), MIGRATIONS.length + 1);
  });

  it('a migration that fails leaves no connection behind', async function () {
    const broken = [...MIGRATIONS, { ...EXTRA, sql: 'select * from animus.no_such_table;\n' }];
    await assert.rejects(openDatabase(options(this, { migrations: broken })), { code: '42P01' });
  });

  it('a server that is not there is unavailable, and the message says what to do', async () => {
    const url = 'postgres://nobody@127.0.0.1:1/nothing';
    await assert.rejects(openDatabase(optionsFor('unused', { url })), {
      name: 'AnimusError',
      kind: 'store_unavailable',
      next: /ANIMUS_DATABASE_URL/,
    });
  });
});
