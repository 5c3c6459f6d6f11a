/** What both drivers promise: values, transactions, refusals and names, the same on either. */
import assert from 'node:assert/strict';
import { retryLost } from '../../src/host/db/retry-lost.ts';
import { schemaQualifier } from '../../src/host/db/schema-name.ts';
import { type Db, DbError, DbLost, type SqlValue, type Tx } from '../../src/host/db/types.ts';
import { holdTransaction, untilBlockedBy } from '../support/database-interleaving.ts';
import { onEachDatabase } from '../support/databases.ts';

const scalar = async (db: Db, sql: string, ...params: SqlValue[]) =>
  (await db.query<{ value: unknown }>(`select ${sql} as value`, params))[0]?.value;

const MOMENT = new Date('2026-03-29T01:30:00.123Z');

/** The expression, its parameter, and what comes back. */
const VALUES: [string, SqlValue | undefined, unknown][] = [
  ['$1::bigint', 5, 5],
  ['$1::bigint', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ['$1::bigint', 2n ** 53n, 2n ** 53n],
  ['$1::bigint', -(2n ** 62n), -(2n ** 62n)],
  ['count(*)', undefined, 1],
  ['$1::integer', -7, -7],
  ['$1::float8', 0.1, 0.1],
  ['$1::boolean', true, true],
  ['$1::text', 'a \\ "b" \'c\' $1 🦉', 'a \\ "b" \'c\' $1 🦉'],
  ['$1::text', '', ''],
  ['$1::text', null, null],
  ['$1::bigint', null, null],
  ['$1::jsonb', '{"b": [1, 2.5, null, {"ü": "🦉"}], "a": "x"}', { b: [1, 2.5, null, { ü: '🦉' }], a: 'x' }],
  ['$1::jsonb', '"text"', 'text'],
  ['$1::jsonb', 'null', null],
  ['$1::timestamptz', MOMENT, MOMENT],
  ['$1::timestamptz', MOMENT.toISOString(), MOMENT],
  ["'2026-03-29 03:30:00.123456+02'::timestamptz", undefined, MOMENT],
  ['$1::text[]', ['a', 'b,c', '"', '{}', '', 'NULL', '\\'], ['a', 'b,c', '"', '{}', '', 'NULL', '\\']],
  ['$1::text[]', [], []],
  ['$1::uuid[]', ['01900000-0000-7000-8000-00000000aaaa'], ['01900000-0000-7000-8000-00000000aaaa']],
  ['$1::integer[]', [1, 2], [1, 2]],
  ['$1::bigint[]', [1, 2], [1, 2]],
  ['$1::uuid', '01900000-0000-7000-8000-00000000aaaa', '01900000-0000-7000-8000-00000000aaaa'],
];

onEachDatabase('driver', {}, (database) => {
  for (const [expression, parameter, expected] of VALUES) {
    const title = `gives ${expression} of ${parameter instanceof Date ? parameter.toISOString() : String(parameter)} as it was`;
    it(title, async () => {
      const params = parameter === undefined ? [] : [parameter];
      assert.deepEqual(await scalar(database.db, expression, ...params), expected);
    });
  }

  it('a refused statement names its SQLSTATE and constraint, and not its parameters', async () => {
    const { db } = database;
    const insert = () =>
      db.query('insert into animus.migrations (number, name, checksum) values ($1, $2, $3)', [1, 'secret', 'c']);
    await assert.rejects(insert, (error: unknown) => {
      assert.ok(error instanceof DbError);
      assert.deepEqual([error.code, error.constraint], ['23505', 'migrations_pkey']);
      assert.doesNotMatch(`${error.message} ${error.stack}`, /secret/);
      return true;
    });
    await assert.rejects(db.query('select 1 +'), { name: 'DbError', code: '42601' });
    await assert.rejects(db.query('select $1::text', ['\0']), { name: 'DbError' });
    assert.equal(await scalar(db, '1'), 1);
  });

  it('a transaction commits when its body resolves, and gives what it gives', async () => {
    const { db } = database;
    await db.exec('create table animus.t (n integer); insert into animus.t values (1);');
    const seen = await db.transaction(async (tx) => {
      await tx.query('insert into animus.t values ($1)', [2]);
      return tx.query('select n from animus.t order by n');
    });
    assert.deepEqual(seen, [{ n: 1 }, { n: 2 }]);
    assert.deepEqual(await db.query('select n from animus.t order by n'), seen);
  });

  it('a transaction whose body throws leaves nothing, and throws the same', async () => {
    const { db } = database;
    await db.exec('create table animus.t (n integer)');
    const failure = new Error('of the body');
    await assert.rejects(
      db.transaction(async (tx) => {
        await tx.query('insert into animus.t values (1)');
        throw failure;
      }),
      failure,
    );
    assert.deepEqual(await db.query('select n from animus.t'), []);
  });

  it('a body that swallows a refused statement cannot pass for committed', async () => {
    const { db } = database;
    await db.exec('create table animus.t (n integer primary key)');
    const swallowing = db.transaction(async (tx) => {
      await tx.query('insert into animus.t values (1)');
      await tx.query('insert into animus.t values (1)').catch(() => undefined);
      return 'all is well';
    });
    await assert.rejects(swallowing, { name: 'DbError', code: '23505' });
    assert.deepEqual(await db.query('select n from animus.t'), []);
  });

  it('of statements sent together none runs after one that is refused, and those before have their rows', async () => {
    const { db } = database;
    await db.exec('create table animus.t (n integer primary key); create sequence animus.s;');
    const outcomes = await db
      .transaction(async (tx) => {
        const sent = [
          tx.query('insert into animus.t values (1) returning n'),
          tx.query('insert into animus.t values (1)'),
          tx.query("select nextval('animus.s')"),
        ];
        throw await Promise.allSettled(sent);
      })
      .catch((thrown: PromiseSettledResult<unknown>[]) => thrown);
    const [first, second, third] = outcomes as PromiseSettledResult<unknown>[];
    assert.deepEqual(first, { status: 'fulfilled', value: [{ n: 1 }] });
    assert.ok(second?.status === 'rejected' && (second.reason as DbError).code === '23505');
    assert.equal(third?.status, 'rejected');
    assert.equal(await scalar(db, "nextval('animus.s')"), 1, 'a sequence is not rolled back: nobody had asked it');
    assert.deepEqual(await db.query('select n from animus.t'), []);
  });

  it('a parameter that cannot be sent undoes what was sent with it', async () => {
    const { db } = database;
    await db.exec('create table animus.t (n integer)');
    const loop: Record<string, unknown> = {};
    loop.loop = loop;
    const sending = db.transaction((tx) =>
      Promise.all([
        tx.query('insert into animus.t values (1)'),
        tx.query('select $1::jsonb', [loop as unknown as string]),
        tx.query('insert into animus.t values (2)'),
      ]),
    );
    await assert.rejects(sending);
    assert.deepEqual(await db.query('select n from animus.t'), []);
  });

  it('a statement that a body did not wait for is part of its transaction, and one that comes later is refused', async () => {
    const { db } = database;
    await db.exec('create table animus.t (n integer)');
    let late: Tx | undefined;
    await db.transaction(async (tx) => {
      late = tx;
      void tx.query('insert into animus.t values (1)');
    });
    await assert.rejects(async () => late?.query('insert into animus.t values (2)'), /transaction is over/);
    assert.deepEqual(await db.query('select n from animus.t'), [{ n: 1 }]);
  });

  it('statements of a transaction may be sent together', async () => {
    const { db } = database;
    const rows = await db.transaction((tx) =>
      Promise.all([1, 2, 3].map((n) => tx.query<{ n: number }>('select $1::integer as n', [n]))),
    );
    assert.deepEqual(
      rows.flat().map(({ n }) => n),
      [1, 2, 3],
    );
  });

  it('a query of the database from inside its own transaction throws, and never waits for itself', async () => {
    const { db } = database;
    const nested: (() => Promise<unknown>)[] = [
      () => db.query('select 1'),
      () => db.exec('select 1'),
      () => db.transaction(async () => undefined),
    ];
    for (const call of nested) {
      await assert.rejects(db.transaction(call), /inside its own transaction/);
    }
    assert.equal(await scalar(db, '1'), 1);
  });

  it('a serialization failure runs the whole body again, 5 times at most', async () => {
    const { db } = database;
    let runs = 0;
    const failing = (times: number) => {
      runs = 0;
      return db.transaction(async (tx) => {
        runs += 1;
        if (runs <= times) await tx.query("do $$ begin raise exception 'again' using errcode = '40001'; end $$");
        return runs;
      });
    };
    assert.equal(await failing(4), 5);
    await assert.rejects(failing(5), { code: '40001' });
    assert.equal(runs, 5);
  });

  it('no other error runs the body again', async () => {
    let runs = 0;
    const failing = database.db.transaction(async (tx) => {
      runs += 1;
      await tx.query('select 1/0');
    });
    await assert.rejects(failing, { code: '22012' });
    assert.equal(runs, 1);
  });

  it('every statement runs against the schema that was asked for', async () => {
    const { db, schema } = database;
    const rows = await db.query<{ name: string }>(
      "select relnamespace::regnamespace::text as name from pg_class where oid = 'animus.work_items'::regclass",
    );
    assert.deepEqual(rows, [{ name: schema }]);
  });
});

onEachDatabase('driver at once', { connections: 'several' }, (database) => {
  it('of two transactions that wait for each other one is run again, and both commit', async () => {
    const { db } = database;
    await db.exec('create table animus.t (id integer, n integer); insert into animus.t values (1, 0), (2, 0);');
    const other = await database.connect();
    let runs = 0;
    const bothHold = Promise.withResolvers<void>();
    let holding = 0;
    const both = (target: Db, order: readonly [number, number]) =>
      target.transaction(async (tx) => {
        runs += 1;
        await tx.query('update animus.t set n = n + 1 where id = $1', [order[0]]);
        holding += 1;
        if (holding === 2) bothHold.resolve();
        await bothHold.promise;
        await tx.query('update animus.t set n = n + 1 where id = $1', [order[1]]);
      });
    await Promise.all([both(db, [1, 2]), both(other, [2, 1])]);
    assert.deepEqual(await db.query('select n from animus.t'), [{ n: 2 }, { n: 2 }]);
    assert.equal(runs, 3);
  });

  it('a session that the server ends is a lost database, and the next call has another one', async () => {
    const { db } = database;
    const held = await holdTransaction(db);
    await db.query('select pg_terminate_backend($1)', [held.pid]);
    await assert.rejects(held.tx.query('select 1'), { name: 'DbLost' });
    await assert.rejects(held.commit(), { name: 'DbLost' });
    assert.equal(await scalar(db, '1'), 1);
  });

  it('a statement that waits when its session is ended is lost, and what it held is free', async () => {
    const { db } = database;
    await db.exec('create table animus.t (n integer); insert into animus.t values (0);');
    const held = await holdTransaction(db);
    await held.tx.query('update animus.t set n = 1');
    const waiting = await holdTransaction(await database.connect());
    const stuck = assert.rejects(waiting.tx.query('update animus.t set n = 2'), { name: 'DbLost' });
    await untilBlockedBy(db, held.pid);
    await db.query('select pg_terminate_backend($1)', [waiting.pid]);
    await stuck;
    await assert.rejects(waiting.commit(), { name: 'DbLost' });
    await held.commit();
    assert.deepEqual(await db.query('select n from animus.t'), [{ n: 1 }]);
  });
});

describe('schema names', () => {
  it('are put in wherever SQL names the schema, and nowhere else', () => {
    const qualify = schemaQualifier('team_1');
    for (const [sql, expected] of [
      ['select * from animus.leases l, animus.foci', 'select * from team_1.leases l, team_1.foci'],
      ["select pg_notify('animus.work', $1)", "select pg_notify('team_1.work', $1)"],
      ['create schema if not exists animus', 'create schema if not exists team_1'],
      ['drop schema animus;', 'drop schema team_1;'],
      ['select animus_key, my_animus.x, animusx.y', 'select animus_key, my_animus.x, animusx.y'],
      [`insert into animus.t values ('$&')`, `insert into team_1.t values ('$&')`],
    ] as const) {
      assert.equal(qualify(sql), expected);
      assert.equal(qualify(sql), expected, 'also when it is remembered');
    }
    assert.equal(schemaQualifier('animus')('select animus.x'), 'select animus.x');
  });

  it('that would need quoting are refused', () => {
    for (const name of ['', 'Team', '1st', 'a-b', 'a"b', 'a b', 'a.b', 'a;drop', 'x'.repeat(42), 'ü']) {
      assert.throws(() => schemaQualifier(name), /is no schema name/, name);
    }
  });
});

describe('retryLost', () => {
  it('does again what was lost, and says so', async () => {
    const seen: boolean[] = [];
    const result = await retryLost(async (again) => {
      seen.push(again);
      if (seen.length < 3) throw new DbLost('lost');
      return 'done';
    });
    assert.deepEqual([result, seen], ['done', [false, true, true]]);
  });

  it('throws anything else at once', async () => {
    let runs = 0;
    const refused = retryLost(async () => {
      runs += 1;
      throw new DbError('refused', '23505', undefined);
    });
    await assert.rejects(refused, { code: '23505' });
    assert.equal(runs, 1);
  });
});
