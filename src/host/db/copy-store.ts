/**
 * Copies every row of a store to another database, exactly, and proves it. All of it is one transaction of the target, so
 * that whatever ends it in the middle leaves the target empty and the source as it was.
 */
import { type CopiedTable, fingerprint, readTables, sameTables, type TableShape } from './table-shapes.ts';
import type { Db, Queryable, Tx } from './types.ts';

/** A batch is about so large, however long the rows are. */
const BATCH_BYTES = 4 * 1024 * 1024;
const MOST_ROWS = 1000;

/** Any number that no other user of the server is likely to lock. */
const LOCK_KEY = 7_236_145_022;

/** The target holds rows that are not the source's. */
export class TargetNotEmpty extends Error {
  override name = 'TargetNotEmpty';
}

/**
 * Both must have the same schema by the same migrations. A target that holds the very same rows already is left as it is:
 * an earlier copy was whole, and only its answer was lost. Throws TargetNotEmpty, or an Error where the rows differ after
 * the copy; nothing is changed then.
 */
export async function copyStore(source: Db, target: Db, schema: string): Promise<CopiedTable[]> {
  const tables = await readTables(source, schema);
  // The source is another database: waiting for it in here waits for nothing that this transaction holds.
  return target.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1)', [LOCK_KEY]);
    const there = await readTables(tx, schema);
    const difference = sameTables(tables, there);
    if (difference) throw new Error(`The two schemas differ: ${difference}`);
    if (await hasRows(tx, tables)) return expectSame(source, tx, tables);
    await deferForeignKeys(tx, schema, true);
    for (const table of tables) await copyTable(source, tx, table);
    await tx.query('set constraints all immediate');
    await deferForeignKeys(tx, schema, false);
    const copied = await fingerprints(tx, tables);
    const differing = firstDifference(await fingerprints(source, tables), copied);
    if (differing)
      throw new Error(`The rows of ${differing} differ after the copy: something wrote to the store meanwhile.`);
    return copied;
  });
}

async function expectSame(source: Db, tx: Tx, tables: readonly TableShape[]): Promise<CopiedTable[]> {
  // Each start of a host adds a row of its own.
  const compared = tables.filter(({ name }) => name !== 'hosts');
  const differing = firstDifference(await fingerprints(source, compared), await fingerprints(tx, compared));
  if (differing) throw new TargetNotEmpty(`The target's table ${differing} holds other rows than this store.`);
  return fingerprints(tx, tables);
}

async function hasRows(db: Queryable, tables: readonly TableShape[]): Promise<boolean> {
  for (const { name } of tables) {
    if ((await db.query(`select 1 from animus.${name} limit 1`)).length > 0) return true;
  }
  return false;
}

async function fingerprints(db: Queryable, tables: readonly TableShape[]): Promise<CopiedTable[]> {
  const all: CopiedTable[] = [];
  for (const table of tables) all.push(await fingerprint(db, table));
  return all;
}

function firstDifference(some: readonly CopiedTable[], others: readonly CopiedTable[]): string | undefined {
  return some.find(({ rows, hash }, at) => rows !== others[at]?.rows || hash !== others[at]?.hash)?.name;
}

/** Items point at each other in every direction: no order of rows would please all constraints on the way. */
async function deferForeignKeys(tx: Tx, schema: string, deferred: boolean): Promise<void> {
  const keys = await tx.query<{ owner: string; name: string }>(
    `select quote_ident(c.relname) as owner, quote_ident(k.conname) as name
     from pg_constraint k join pg_class c on c.oid = k.conrelid
     where k.connamespace = $1::regnamespace and k.contype = 'f' order by 1, 2`,
    [schema],
  );
  const manner = deferred ? 'deferrable initially deferred' : 'not deferrable';
  for (const { owner, name } of keys) {
    await tx.query(`alter table animus.${owner} alter constraint ${name} ${manner}`);
  }
}

/** Values travel as the text that the database gives for them: nothing of ours rounds or reorders them. */
async function copyTable(source: Queryable, tx: Tx, table: TableShape): Promise<void> {
  const { name, columns, key } = table;
  const types = new Map(columns.map((column) => [column.name, column.type]));
  const keyTypes = key.map((column, at) => `$${at + 2}::${types.get(column)}`);
  const limit = await batchRows(source, name);
  const select = (after: boolean) =>
    `select ${columns.map((column, at) => `${column.name}::text as c${at}`).join(', ')} from animus.${name}
     ${after ? `where (${key.join(', ')}) > (${keyTypes.join(', ')})` : ''} order by ${key.join(', ')} limit $1::int`;
  const insert = `insert into animus.${name} (${columns.map((column) => column.name).join(', ')}) overriding system value
    select ${columns.map((column, at) => `(r ->> ${at})::${column.type}`).join(', ')} from jsonb_array_elements($1::jsonb) r`;
  const places = key.map((column) => columns.findIndex((candidate) => candidate.name === column));
  for (let last: (string | null)[] | undefined; ; ) {
    const rows = await source.query<Record<string, string | null>>(select(last !== undefined), [
      limit,
      ...(last ?? []),
    ]);
    const values = rows.map((row) => columns.map((_, at) => row[`c${at}`] ?? null));
    if (values.length > 0) await tx.query(insert, [JSON.stringify(values)]);
    if (values.length < limit) return;
    last = places.map((at) => values.at(-1)?.[at] ?? null);
  }
}

async function batchRows(db: Queryable, table: string): Promise<number> {
  const [row] = await db.query<{ bytes: number }>(
    `select (pg_total_relation_size('animus.${table}') / greatest(1, (select count(*) from animus.${table})))::float8 as bytes`,
  );
  return Math.max(1, Math.min(MOST_ROWS, Math.floor(BATCH_BYTES / Math.max(1, row?.bytes ?? 1))));
}
