/**
 * Applies the numbered SQL files that a database lacks, each in a transaction of its own. Concurrent starts are safe: the
 * first one in holds a lock that the others wait for.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { SQLSTATE } from './sqlstate.ts';
import { type Db, DbError, type Queryable } from './types.ts';

export type Migration = { number: number; name: string; checksum: string; sql: string };

export type SchemaState =
  | { kind: 'empty' }
  | { kind: 'current' }
  | { kind: 'older'; applied: number; pending: number }
  /** A newer Animus wrote it: this one must not touch it. */
  | { kind: 'newer'; applied: number; known: number }
  /** A file that was applied reads differently today. */
  | { kind: 'altered'; name: string };

const FILE_NAME = /^(\d{6})_([a-z0-9_]+)\.sql$/;

/** Any number that no other user of the server is likely to lock. */
const LOCK_KEY = 7_236_145_021;

/** Reads `000001_name.sql` … from a folder, in order. Throws for a gap, a duplicate or a stray name. */
export function readMigrations(folder: string): Migration[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'));
  return files.sort().map((file, index) => {
    const match = FILE_NAME.exec(file);
    if (!match || Number(match[1]) !== index + 1) {
      throw new Error(`Migration ${file}: expected number ${index + 1}, in the form 000001_name.sql.`);
    }
    const sql = readFileSync(path.join(folder, file), 'utf8').replaceAll('\r\n', '\n');
    return { number: index + 1, name: file, checksum: createHash('sha256').update(sql).digest('hex'), sql };
  });
}

/** Compares a database with the migrations at hand, changing nothing. */
export async function schemaState(db: Queryable, migrations: Migration[]): Promise<SchemaState> {
  const applied = await appliedMigrations(db);
  const altered = applied.find(({ number, checksum }) => {
    const known = migrations[number - 1];
    return known !== undefined && known.checksum !== checksum;
  });
  if (applied.length > migrations.length) {
    return { kind: 'newer', applied: applied.length, known: migrations.length };
  }
  if (altered) return { kind: 'altered', name: altered.name };
  if (applied.length === 0) return { kind: 'empty' };
  if (applied.length === migrations.length) return { kind: 'current' };
  return { kind: 'older', applied: applied.length, pending: migrations.length - applied.length };
}

/** Brings an empty or older database up to date. Returns how many files were applied. */
export async function migrate(db: Db, migrations: Migration[]): Promise<number> {
  let count = 0;
  await db.transaction(async (tx) => {
    // The lock goes with the transaction, so that it also holds where a pooler hands sessions around.
    await tx.query('select pg_advisory_xact_lock($1)', [LOCK_KEY]);
    // Making one takes a right that a role may lack where its schema is there already.
    const [schema] = await tx.query("select to_regnamespace(split_part('animus.', '.', 1)) as name");
    if (schema?.name === null) await tx.query('create schema animus');
    await tx.query(`create table if not exists animus.migrations (
      number integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default now()
    )`);
  });
  for (const migration of migrations) {
    if (await applyOnce(db, migration)) count += 1;
  }
  return count;
}

async function applyOnce(db: Db, { number, name, checksum, sql }: Migration): Promise<boolean> {
  return db.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1)', [LOCK_KEY]);
    const present = await tx.query('select 1 from animus.migrations where number = $1', [number]);
    if (present.length > 0) return false;
    for (const statement of splitStatements(sql)) await tx.query(statement);
    await tx.query('insert into animus.migrations (number, name, checksum) values ($1, $2, $3)', [
      number,
      name,
      checksum,
    ]);
    return true;
  });
}

/** Splits at semicolons that end a line outside of a $$-quoted body, the form our own files keep to. */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let current = '';
  for (const line of sql.split('\n')) {
    current += `${line}\n`;
    const insideBody = (current.match(/\$\$/g)?.length ?? 0) % 2 === 1;
    if (!insideBody && line.trimEnd().endsWith(';')) {
      statements.push(current.trim());
      current = '';
    }
  }
  if (current.replace(/^\s*--.*$/gm, '').trim() !== '') statements.push(current.trim());
  return statements;
}

async function appliedMigrations(db: Queryable): Promise<{ number: number; name: string; checksum: string }[]> {
  try {
    return await db.query('select number, name, checksum from animus.migrations order by number');
  } catch (error) {
    if (error instanceof DbError && error.code === SQLSTATE.undefinedTable) return [];
    throw error;
  }
}
