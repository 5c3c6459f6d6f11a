/**
 * One suite on both databases. Each test has a schema of its own with all migrations applied; it is dropped when the test
 * passed and kept, its name printed, when it failed. What needs several connections at once says so and runs on Postgres
 * only, because PGlite has one.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { migrate, readMigrations } from '../../src/host/db/migrate.ts';
import { openPglite, type PgliteDb } from '../../src/host/db/pglite-db.ts';
import { openPostgres } from '../../src/host/db/postgres-db.ts';
import type { Db } from '../../src/host/db/types.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

export const MIGRATIONS_FOLDER = path.join(ROOT, 'migrations');
export const MIGRATIONS = readMigrations(MIGRATIONS_FOLDER);

/** The packed data folder that the build makes; null where nothing is built. */
export const TEMPLATE = existingFile(path.join(ROOT, 'dist/host/database-template.tar.gz'));

const POSTGRES_URL = process.env.ANIMUS_TEST_POSTGRES_URL;
const NO_POSTGRES = 'ANIMUS_TEST_POSTGRES_URL is not set: the Postgres half of the store lane skips.';

export type TestDatabase = {
  readonly kind: Db['kind'];
  /** The schema's name; on PGlite always `animus`. */
  readonly schema: string;
  /** The test's own database. Read it inside a test, never before. */
  readonly db: Db;
  /** Another pool on the same schema, as another host would have. Postgres only; closed after the test. */
  connect(options?: ConnectOptions): Promise<Db>;
  /** What listeners of `db` threw during the test. */
  readonly listenerErrors: unknown[];
};

export type ConnectOptions = { maxConnections?: number; onLost?: (reason: string) => void };

export type SuiteOptions = {
  /** The suite needs more than one connection, so it runs on Postgres only. */
  connections?: 'several';
  /** No migrations are applied, and the schema is not made. */
  empty?: true;
};

export function onEachDatabase(title: string, options: SuiteOptions, define: (database: TestDatabase) => void): void {
  if (options.connections !== 'several') describeOn(`${title} (PGlite)`, new PgliteSchema(), options, define);
  describeOn(`${title} (Postgres)`, new PostgresSchema(), options, define);
}

/** Skips a suite that needs the server, and says why. Returns the server's URL. */
export function requirePostgres(test: Mocha.Context): string {
  if (POSTGRES_URL !== undefined) return POSTGRES_URL;
  console.log(NO_POSTGRES);
  test.skip();
}

type Schema = TestDatabase & {
  /** What is there for the whole run, or skips. */
  prepare(test: Mocha.Context): Promise<void>;
  open(): Promise<void>;
  remove(): Promise<void>;
  /** Gives where what is left of a failed test can be looked at. */
  keep(): Promise<string>;
};

function describeOn(
  title: string,
  schema: Schema,
  options: SuiteOptions,
  define: (database: TestDatabase) => void,
): void {
  describe(title, () => {
    let before: ReturnType<typeof countOpen>;

    beforeEach(async function () {
      this.timeout(60_000);
      await schema.prepare(this);
      before = countOpen();
      await schema.open();
      if (!options.empty) await migrate(schema.db, MIGRATIONS);
    });

    afterEach(async function () {
      if (this.currentTest?.state === 'failed') console.log(`kept: ${await schema.keep()}`);
      else if (this.currentTest?.state === 'passed') {
        await schema.remove();
        await expectNothingLeft(before);
      }
    });

    define(schema);
  });
}

/** Shared by the whole run, since it takes seconds to start; a failed test keeps it, and the next one starts another. */
let sharedPglite: { db: PgliteDb; folder: string } | undefined;

const pgliteListenerErrors: unknown[] = [];

async function sharedDatabase(): Promise<{ db: PgliteDb; folder: string }> {
  if (sharedPglite) return sharedPglite;
  const folder = mkdtempSync(path.join(tmpdir(), 'animus-test-pglite-'));
  const onListenerError = (error: unknown) => pgliteListenerErrors.push(error);
  const db = await openPglite({
    schema: 'animus',
    folder,
    onListenerError,
    ...(TEMPLATE ? { template: TEMPLATE } : {}),
  });
  sharedPglite = { db, folder };
  return sharedPglite;
}

after(async () => {
  await sharedPglite?.db.close();
  if (sharedPglite) rmSync(sharedPglite.folder, { recursive: true });
});

class PgliteSchema implements Schema {
  readonly kind = 'pglite';
  readonly schema = 'animus';
  readonly listenerErrors = pgliteListenerErrors;

  get db(): Db {
    assert.ok(sharedPglite, 'the database is open inside a test only');
    return sharedPglite.db;
  }

  async prepare(): Promise<void> {
    await sharedDatabase();
  }

  async open(): Promise<void> {
    this.listenerErrors.length = 0;
    // A test that was skipped within itself left its schema.
    await this.remove();
  }

  connect(): Promise<Db> {
    throw new Error('PGlite has one connection: mark the suite with `connections: several`.');
  }

  async remove(): Promise<void> {
    await this.db.exec('drop schema if exists animus cascade');
  }

  async keep(): Promise<string> {
    const { db, folder } = await sharedDatabase();
    sharedPglite = undefined;
    // A test that ran out of time may have left a transaction open, and then nothing gets its turn any more.
    const closed = await Promise.race([db.close().then(() => true), sleep(2000, false)]);
    if (!closed) await db.killThread('a test failed');
    return `the PGlite folder ${folder}`;
  }
}

let schemasMade = 0;

class PostgresSchema implements Schema {
  readonly kind = 'postgres';
  schema = '';
  listenerErrors: unknown[] = [];
  #opened: Db[] = [];

  get db(): Db {
    const [first] = this.#opened;
    assert.ok(first, 'the database is open inside a test only');
    return first;
  }

  async prepare(test: Mocha.Context): Promise<void> {
    requirePostgres(test);
  }

  async open(): Promise<void> {
    schemasMade += 1;
    this.schema = `animus_test_${process.pid}_${schemasMade}`;
    this.#opened = [];
    this.listenerErrors = [];
    await this.connect();
  }

  async connect(options: ConnectOptions = {}): Promise<Db> {
    const onListenerError = (error: unknown) => this.listenerErrors.push(error);
    const db = await openPostgres({ url: POSTGRES_URL ?? '', schema: this.schema, onListenerError, ...options });
    this.#opened.push(db);
    return db;
  }

  async remove(): Promise<void> {
    await this.db.exec(`drop schema if exists ${this.schema} cascade`);
    for (const db of this.#opened) await db.close();
  }

  async keep(): Promise<string> {
    // Whoever waits for a lock would keep its pool from closing, so nobody waits for the pools.
    for (const db of this.#opened) void db.close();
    return `the schema ${this.schema} on the test server`;
  }
}

/** Sockets and threads that keep the process alive. */
function countOpen(): { sockets: number; threads: number } {
  const open = process.getActiveResourcesInfo();
  const count = (kind: string) => open.filter((resource) => resource === kind).length;
  return { sockets: count('TCPSocketWrap'), threads: count('MessagePort') };
}

async function expectNothingLeft(before: ReturnType<typeof countOpen>): Promise<void> {
  const grown = () => countOpen().sockets > before.sockets || countOpen().threads > before.threads;
  // The last packet of a connection that was closed is on its way for a moment.
  for (let tries = 0; grown() && tries < 100; tries += 1) await sleep(20);
  assert.ok(!grown(), `the test left ${JSON.stringify(countOpen())} open, it began with ${JSON.stringify(before)}`);
}

function existingFile(file: string): string | null {
  return existsSync(file) ? file : null;
}
