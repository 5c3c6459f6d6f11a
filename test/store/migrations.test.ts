/** The migration runner: what it applies, what it refuses, and that it may be run by many at once. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Migration, migrate, readMigrations, schemaState, splitStatements } from '../../src/host/db/migrate.ts';
import type { Queryable } from '../../src/host/db/types.ts';
import { dumpSchema } from '../support/database-schema.ts';
import { MIGRATIONS, MIGRATIONS_FOLDER, onEachDatabase } from '../support/databases.ts';

const EXTRA: Migration = {
  number: MIGRATIONS.length + 1,
  name: '999999_extra.sql',
  checksum: 'none',
  sql: 'create table animus.extra (id integer primary key);\ninsert into animus.extra (id) values (1);\n',
};
const BROKEN: Migration = { ...EXTRA, sql: `${EXTRA.sql}insert into animus.no_such_table values (1);\n` };

const listApplied = (db: Queryable) =>
  db.query<{ number: number; name: string; checksum: string }>(
    'select number, name, checksum from animus.migrations order by number',
  );

const listTables = async (db: Queryable, schema: string) =>
  (
    await db.query<{ name: string }>('select relname as name from pg_class where relnamespace = $1::regnamespace', [
      schema,
    ])
  ).map(({ name }) => name);

onEachDatabase('migrations', { empty: true }, (database) => {
  it('an empty database gets all of them, and a second start none', async () => {
    const { db } = database;
    assert.deepEqual(await schemaState(db, MIGRATIONS), { kind: 'empty' });
    assert.equal(await migrate(db, MIGRATIONS), MIGRATIONS.length);
    assert.deepEqual(await schemaState(db, MIGRATIONS), { kind: 'current' });
    assert.equal(await migrate(db, MIGRATIONS), 0);
    assert.deepEqual(
      await listApplied(db),
      MIGRATIONS.map(({ number, name, checksum }) => ({ number, name, checksum })),
    );
  });

  it('[F24] an older database gets what it lacks', async () => {
    const { db } = database;
    assert.equal(await migrate(db, MIGRATIONS.slice(0, -1)), MIGRATIONS.length - 1);
    assert.deepEqual(await schemaState(db, MIGRATIONS), { kind: 'older', applied: MIGRATIONS.length - 1, pending: 1 });
    assert.equal(await migrate(db, MIGRATIONS), 1);
    assert.deepEqual(await schemaState(db, MIGRATIONS), { kind: 'current' });
  });

  it('[F24] a newer database is told apart, and looking at it changes nothing', async () => {
    const { db, schema } = database;
    await migrate(db, [...MIGRATIONS, EXTRA]);
    const before = [await dumpSchema(db, schema), await listApplied(db)];
    assert.deepEqual(await schemaState(db, MIGRATIONS), {
      kind: 'newer',
      applied: MIGRATIONS.length + 1,
      known: MIGRATIONS.length,
    });
    assert.deepEqual([await dumpSchema(db, schema), await listApplied(db)], before);
  });

  it('a file that reads differently than when it was applied is named', async () => {
    const { db } = database;
    await migrate(db, MIGRATIONS);
    const [first, ...rest] = MIGRATIONS;
    assert.ok(first);
    const altered = [{ ...first, checksum: 'of another text' }, ...rest];
    assert.deepEqual(await schemaState(db, altered), { kind: 'altered', name: first.name });
  });

  it('a file with an error leaves nothing of itself, and all before it', async () => {
    const { db, schema } = database;
    await assert.rejects(migrate(db, [...MIGRATIONS, BROKEN]), { name: 'DbError', code: '42P01' });
    assert.ok(!(await listTables(db, schema)).includes('extra'));
    assert.deepEqual(await schemaState(db, MIGRATIONS), { kind: 'current' });
    assert.equal(await migrate(db, [...MIGRATIONS, EXTRA]), 1);
    assert.ok((await listTables(db, schema)).includes('extra'));
  });
});

onEachDatabase('migrations at once', { connections: 'several', empty: true }, (database) => {
  it('20 starts at once apply each file once', async () => {
    const hosts = await Promise.all(Array.from({ length: 20 }, () => database.connect({ maxConnections: 1 })));
    const counts = await Promise.all(hosts.map((db) => migrate(db, MIGRATIONS)));
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      MIGRATIONS.length,
    );
    for (const db of hosts) assert.deepEqual(await schemaState(db, MIGRATIONS), { kind: 'current' });
  });
});

describe('migration files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'animus-test-migrations-'));
    cpSync(MIGRATIONS_FOLDER, folder, { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const add = (name: string, sql = 'select 1;\n') => writeFileSync(path.join(folder, name), sql);
  const numbered = (number: number) => `${String(number).padStart(6, '0')}_added.sql`;

  it('are read in order', () => {
    assert.deepEqual(readMigrations(folder), MIGRATIONS);
  });

  it('a gap, a number twice and a stray name are refused', () => {
    for (const name of [numbered(MIGRATIONS.length + 2), numbered(1), 'notes.sql', '00001_short.sql']) {
      add(name);
      assert.throws(() => readMigrations(folder), /expected number \d+, in the form/, name);
      rmSync(path.join(folder, name));
    }
  });

  it('have the same checksum with line ends of Windows', () => {
    for (const { name, sql } of MIGRATIONS) add(name, sql.replaceAll('\n', '\r\n'));
    assert.deepEqual(readMigrations(folder), MIGRATIONS);
  });

  it('are split at the ends of statements, and never within a quoted body', () => {
    const body = 'create function f() returns void language plpgsql as $$\nbegin\n  perform 1;\n  perform 2;\nend\n$$;';
    assert.deepEqual(splitStatements(`-- why\nselect 1;\n\n${body}\nselect\n  2;\n-- the end\n`), [
      '-- why\nselect 1;',
      body,
      'select\n  2;',
    ]);
    assert.deepEqual(splitStatements('select 1;\nselect 2'), ['select 1;', 'select 2']);
  });
});
