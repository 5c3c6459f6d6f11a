/** Moving a store: every row of it arrives, exactly, or none does and the source is as it was. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { copyStore, TargetNotEmpty } from '../../src/host/db/copy-store.ts';
import { migrate } from '../../src/host/db/migrate.ts';
import { openPglite, type PgliteDb } from '../../src/host/db/pglite-db.ts';
import { fingerprint, readTables } from '../../src/host/db/table-shapes.ts';
import type { Db, Tx } from '../../src/host/db/types.ts';
import { parkFocus } from '../../src/host/engine/focus/ending.ts';
import { insertMessage } from '../../src/host/store/foci/messages.ts';
import { insertToolCall } from '../../src/host/store/foci/tool-calls.ts';
import { appendEntry } from '../../src/host/store/ledger/ledger.ts';
import { grantTrust } from '../../src/host/store/trust/trust.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { inTransactions } from '../support/database-interleaving.ts';
import { dumpSchema } from '../support/database-schema.ts';
import { MIGRATIONS, onEachDatabase, TEMPLATE } from '../support/databases.ts';
import { claim, countRows, PLACE, registered, running, submitted } from './work-rows.ts';

const UNICODE = 'Ein Reiher 🪶 steht im Teich: \\ " \' 漢字 \u200d \u202e \r\n\t{"a":null}';
/** More rows of it than one batch takes. */
const ENTRIES = 2300;

/** Something of everything: children, merged and retried items, messages, calls, unicode, JSON nulls, waits, trust. */
async function fill(db: Db): Promise<void> {
  const { hostId } = await registered(db);
  await grantTrust(db, PLACE, `/home/${UNICODE}`, 'cli');
  const { item, focus, lease } = await running(db);
  const [first, merged] = [
    await submitted(db, { dedup: { key: 'k' }, params: { deep: [1, null, { x: UNICODE }] } }),
    uuidv7(),
  ];
  await db.query(
    `insert into animus.work_items (id, place, parent_id, root_id, depth, faculty, description, state, max_attempts, provenance,
       retry_of, params, outcome)
     select gen_random_uuid(), $1, $2::uuid, $2::uuid, 1, 'general', 'child ' || n, 'queued', 3, '{"source":"child"}', $3::uuid,
       '{"big": 12345678901234567890.125, "e": 1e-30}', 'null' from generate_series(1, 20) n`,
    [PLACE, item.id, first],
  );
  // It points at one that sorts behind it.
  await db.query(
    `insert into animus.work_items (id, place, root_id, faculty, description, state, merged_into, max_attempts, provenance)
     values ('00000000-0000-7000-8000-000000000000', $1, $2, 'general', $3, 'merged', $4, 3, '{}')`,
    [PLACE, merged, UNICODE, first],
  );
  await db.transaction(async (tx) => {
    const content = { blocks: [{ type: 'text', text: UNICODE }, null] };
    await insertMessage(tx, focus.id, { n: 1, turn: 0, block: 0, role: 'user', kind: 'task', content });
    const call = { id: uuidv7(), turn: 1, position: 0, providerCallId: UNICODE, name: 'read_file', input: null };
    await insertToolCall(tx, { id: focus.id, workItemId: item.id }, call);
    const entry = {
      workItemId: item.id,
      focusId: focus.id,
      faculty: 'general',
      entryType: 'finding',
      data: {},
    } as const;
    for (let at = 0; at < 3; at += 1) await appendEntry(tx, { ...entry, id: uuidv7(), content: `${at} ${UNICODE}` });
  });
  await db.query(
    `insert into animus.work_ledger (id, work_item_id, faculty, seq, entry_type, content, created_at)
     select gen_random_uuid(), $1, 'general', n + 3, 'note', 'Entry ' || n, now() - n * interval '1.000001 seconds'
     from generate_series(1, $2::int) n`,
    [item.id, ENTRIES],
  );
  await db.query('update animus.ledger_heads set seq = $2 where work_item_id = $1', [item.id, ENTRIES + 3]);
  await db.query('update animus.foci set cost_micros = 9007199254740993 where id = $1', [focus.id]);
  await parkFocus(db, lease, { kind: 'credentials', targets: [UNICODE], wakeInMs: 86_400_000 });
  await claim(db, hostId);
}

/** Every table's rows as the database itself writes them, in one order and one zone. */
async function everything(db: Db, schema: string): Promise<Map<string, string[]>> {
  const all = new Map<string, string[]>();
  for (const { name, columns, key } of await readTables(db, schema)) {
    const values = columns.map((column) =>
      column.type === 'timestamp with time zone' ? `(${column.name} at time zone 'UTC')::text` : `${column.name}::text`,
    );
    const rows = await db.query<{ row: string }>(
      `select jsonb_build_array(${values.join(', ')})::text as row from animus.${name} order by ${key.map((own) => `${own}::text`).join(', ')}`,
    );
    all.set(name, rows.map(({ row }) => row).sort());
  }
  return all;
}

onEachDatabase('a store that is copied', { connections: 'several', empty: true }, (database) => {
  let folder: string;
  let source: PgliteDb;

  before(async function () {
    this.timeout(120_000);
    folder = mkdtempSync(path.join(tmpdir(), 'animus-test-copy-'));
    source = await openPglite({ schema: 'animus', folder, ...(TEMPLATE ? { template: TEMPLATE } : {}) });
    await migrate(source, MIGRATIONS);
    await fill(source);
  });
  after(async () => {
    await source.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => migrate(database.db, MIGRATIONS));

  /** The source under the name that the target's schema has: PGlite's own is `animus`. */
  const copy = (target: Db) => copyStore(named(source, database.schema), target, database.schema);

  it('has every row as it was, and the schema too', async () => {
    const before = await dumpSchema(database.db, database.schema);
    const tables = await copy(database.db);
    assert.deepEqual(await everything(database.db, database.schema), await everything(source, 'animus'));
    assert.equal(await dumpSchema(database.db, database.schema), before, 'constraints are as the migrations made them');
    const rows = new Map(tables.map((table) => [table.name, table.rows]));
    assert.deepEqual([rows.get('work_ledger'), rows.get('waits'), rows.get('trusted_folders')], [ENTRIES + 3, 1, 1]);
    assert.equal(rows.get('work_items'), 23);
    await assert.rejects(database.db.query('delete from animus.work_ledger'), /append-only/);
    await assert.rejects(
      database.db.query('update animus.work_items set parent_id = gen_random_uuid() where parent_id is not null'),
      { code: '23503' },
    );
  }).timeout(60_000);

  it('is nowhere when the mover dies in the middle, and is there after a second try', async () => {
    const whole = await everything(source, 'animus');
    const dying = await database.connect({ maxConnections: 2 });
    let inserts = 0;
    const died = new Error('the mover died');
    const failing = inTransactions(dying, (body) =>
      dying.transaction((tx) => {
        const dead: Tx = {
          inTransaction: true,
          query: (sql, params) => {
            if (sql.includes('overriding system value')) inserts += 1;
            if (inserts === 4) throw died;
            return tx.query(sql, params);
          },
        };
        return body(dead);
      }),
    );
    await assert.rejects(copy(failing), died);
    assert.equal(await countRows(database.db, 'work_ledger'), 0);
    assert.equal(await countRows(database.db, 'foci'), 0);
    assert.deepEqual(await everything(source, 'animus'), whole);
    await copy(database.db);
    assert.deepEqual(await everything(database.db, database.schema), whole);
  }).timeout(60_000);

  it('is nowhere when the connection is cut in the middle', async function () {
    this.timeout(60_000);
    const cut = await database.connect({ maxConnections: 1 });
    const cutting = inTransactions(cut, (body) =>
      cut.transaction((tx) => {
        const own: Tx = {
          inTransaction: true,
          query: async (sql, params) => {
            if (sql === 'set constraints all immediate') {
              const [row] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
              await database.db.query('select pg_terminate_backend($1)', [row?.pid ?? 0]);
            }
            return tx.query(sql, params);
          },
        };
        return body(own);
      }),
    );
    await assert.rejects(copy(cutting), { name: 'DbLost' });
    assert.equal(await countRows(database.db, 'work_items'), 0);
    await copy(database.db);
  });

  it('is taken for done where the very same rows are there, also after another start of a host', async () => {
    const first = await copy(database.db);
    assert.deepEqual(await copy(database.db), first);
    await registered(source);
    assert.equal((await copy(database.db)).length, first.length);
  }).timeout(60_000);

  it('is refused where other rows are there, and they stay', async () => {
    await submitted(database.db);
    await assert.rejects(copy(database.db), TargetNotEmpty);
    assert.equal(await countRows(database.db, 'work_items'), 1);
  });

  it('is nowhere when something wrote to the source meanwhile', async () => {
    const view = named(source, database.schema);
    let reads = 0;
    const query: Db['query'] = async (sql, params) => {
      const rows = await view.query(sql, params);
      if (sql.includes('from animus.work_items') && sql.includes('order by')) {
        reads += 1;
        if (reads === 1) await submitted(source);
      }
      return rows as never;
    };
    await assert.rejects(copyStore({ ...view, query }, database.db, database.schema), /work_events|work_items/);
    assert.equal(await countRows(database.db, 'work_items'), 0);
  }).timeout(60_000);

  it('would be seen to differ in the smallest thing', async () => {
    await copy(database.db);
    const table = (await readTables(source, 'animus')).find(({ name }) => name === 'waits');
    assert.ok(table);
    const same = await fingerprint(source, table);
    assert.deepEqual(await fingerprint(database.db, table), same);
    await database.db.query("update animus.waits set wake_at = wake_at + interval '1 microsecond'");
    assert.notEqual((await fingerprint(database.db, table)).hash, same.hash);
  }).timeout(60_000);
});

/** A view of PGlite for which the schema `name` is `animus`. */
function named(db: Db, name: string): Db {
  const parameters = (params: Parameters<Db['query']>[1]) =>
    params?.map((value) => (value === name ? 'animus' : value));
  return {
    ...inTransactions(db, (body) => db.transaction(body)),
    query: (sql, params) => db.query(sql, parameters(params)),
  };
}
