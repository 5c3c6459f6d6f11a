/** The migration runner: what it applies, what it refuses, and that it may be run by many at once. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Migration, migrate, readMigrations, schemaState, splitStatements } from '../../src/host/db/migrate.ts';
import type { Queryable } from '../../src/host/db/types.ts';
import { claimNext } from '../../src/host/engine/dispatch/claim.ts';
import { DbJournal } from '../../src/host/engine/focus/journal.ts';
import { DbLimits } from '../../src/host/engine/focus/limits.ts';
import { readConfig } from '../../src/host/engine/focus/pinned-config.ts';
import { Redactor } from '../../src/host/engine/redaction/redactor.ts';
import { readBudgets } from '../../src/host/store/budgets/budgets.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
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

const BEFORE_BUDGETS = 7;

/** As it was left by a host of before: a call had begun. */
async function olderWork(
  db: Queryable,
  { id, focusId, callId, place }: Record<'id' | 'focusId' | 'callId' | 'place', string>,
) {
  const config = { model: 'scripted/demo', system: ['S'], tools: [], maxTurns: 3, maxTokens: 10, temperature: null };
  const call = { type: 'tool_use', id: 'c1', name: 'look', input: {} };
  await db.query(
    `insert into animus.work_items (id, place, root_id, faculty, description, state, max_attempts, provenance)
     values ($1, $2, $1, 'general', 'Count.', 'queued', 3, '{"source": "cli"}')`,
    [id, place],
  );
  await db.query(
    `insert into animus.foci (id, work_item_id, attempt, faculty, host_id, phase, status, model, config)
     values ($1, $2, 1, 'general', $1, 'engage', 'released', 'scripted/demo', $3::jsonb)`,
    [focusId, id, JSON.stringify(config)],
  );
  await db.query(
    `insert into animus.focus_messages (focus_id, n, turn, block, role, kind, content, format_version)
     values ($1, 1, 0, 0, 'user', 'task', '{"blocks": [{"type": "text", "text": "Count."}]}', 1),
       ($1, 2, 1, 0, 'assistant', 'assistant', $2::jsonb, 1)`,
    [focusId, JSON.stringify({ blocks: [call], stopReason: { kind: 'tool_use' } })],
  );
  await db.query(
    `insert into animus.tool_calls (id, focus_id, work_item_id, turn, position, provider_call_id, name, caller, effect,
       input, state) values ($1, $2, $3, 1, 0, 'c1', 'look', 'model', 'write', '{}', 'started')`,
    [callId, focusId, id],
  );
}

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

  it('[F24] work that an older version was at goes on from its rows', async () => {
    const { db } = database;
    await migrate(db, MIGRATIONS.slice(0, BEFORE_BUDGETS));
    const [id, focusId, callId, place] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
    await olderWork(db, { id, focusId, callId, place });
    await migrate(db, MIGRATIONS);
    const claim = await claimNext(db, uuidv7(), { places: [place], faculties: ['general'] });
    assert.deepEqual([claim?.item.id, claim?.focus.id, claim?.focus.phase], [id, focusId, 'engage']);
    assert.ok(claim);
    const config = readConfig(claim.focus.config ?? {});
    assert.deepEqual([config.fallbackModels, config.thinking], [[], null]);
    assert.ok(config.context.windowTokens > 0);
    const journal = new DbJournal(db, claim.lease, config.model, new Redactor());
    const { context, callsOfLastTurn } = await journal.load();
    assert.deepEqual([context.messages.length, context.blocks.length, context.cuts.length], [2, 0, 0]);
    const [call] = callsOfLastTurn;
    assert.ok(call?.started && call.id === callId);
    await journal.finishCall(call, 'interrupted', { content: 'Interrupted.', isError: true });
    const blocks = [
      { type: 'tool_result', toolUseId: call.providerCallId, content: 'Interrupted.', isError: true } as const,
    ];
    await journal.closeTurn({ turn: 1, role: 'user', kind: 'tool_results', blocks });
    const limits = new DbLimits({
      ...{ db, lease: claim.lease, item: claim.item, costOf: () => 7, waitingTools: new Set<string>() },
      limits: { maxTokens: 1000, maxCostMicros: null, maxDurationMs: null },
      ...{ headless: false, dayCapMicros: 1_000_000, ending: new AbortController().signal },
    });
    const next = { config, promptTokens: 10 };
    assert.equal(await limits.admit(2, next), undefined);
    assert.deepEqual(await limits.admit(1000, next), undefined, 'what is held back is there still');
    const usage = { input: 5, cacheRead: 0, cacheWrite: 0, output: 1, reasoning: 0 };
    await db.transaction((tx) => limits.settle(tx, usage, config.model));
    const spent = (await readBudgets(db, [id])).get(id);
    assert.deepEqual([spent?.spentTokens, spent?.spentCostMicros], [6, 7]);
    assert.deepEqual([spent?.maxTurns, spent?.maxTokens], [config.maxTurns, 1000], 'it has limits from now on');
    const question = await limits.admit(1000, next);
    assert.ok(question?.kind === 'asks' && question.question.kind === 'budget', 'by the turns it was fixed to');
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
