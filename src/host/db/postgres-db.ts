/** A Postgres server behind the Db interface: a pool for queries, one connection of its own for notifications. */
import pg from 'pg';
import { isDiskFull } from './disk-space.ts';
import { PostgresBatch } from './postgres-batch.ts';
import { PostgresListener } from './postgres-listener.ts';
import { schemaQualifier } from './schema-name.ts';
import { CONNECTION_EXCEPTION_CLASS, SQLSTATE } from './sqlstate.ts';
import {
  type BatchAnswer,
  createTx,
  refuseInsideTransaction,
  type Statement,
  withTransactionRetry,
} from './transactions.ts';
import { type Db, DbError, DbLost, type Row, type SqlValue, type Tx } from './types.ts';

export type PostgresOptions = {
  /** postgres://…; may hold a password and is never logged. */
  url: string;
  schema: string;
  /** Most connections of the pool; one more listens. */
  maxConnections?: number;
  onLost?: (reason: string) => void;
  /** Told when a write was refused because the server's disk is full. */
  onDiskFull?: () => void;
  onListenerError?: (error: unknown) => void;
};

const CONNECT_WITHIN_MS = 10_000;

const INT8 = 20;
const INT8_ARRAY = 1016;
const TEXT_ARRAY: number = 1009;

/** int8 as a number where it fits, as PGlite gives it. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => {
    if (format !== 'binary' && oid === INT8) return parseInt8;
    if (format !== 'binary' && oid === INT8_ARRAY) return parseInt8Array;
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

function parseInt8Array(text: string): (number | bigint | null)[] {
  const elements: (string | null)[] = pg.types.getTypeParser(TEXT_ARRAY)(text);
  return elements.map((element) => (element === null ? null : parseInt8(element)));
}

function parseInt8(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

/** Connects and resolves when the server answers. Rejects with DbLost where it cannot be reached. */
export async function openPostgres(options: PostgresOptions): Promise<PostgresDb> {
  const db = new PostgresDb(options);
  try {
    await db.query('select 1');
  } catch (error) {
    await db.close();
    throw error;
  }
  return db;
}

export class PostgresDb implements Db {
  readonly kind = 'postgres';
  #pool: pg.Pool;
  #listener: PostgresListener;
  #qualify: (sql: string) => string;
  #onDiskFull: () => void;

  constructor(options: PostgresOptions) {
    this.#qualify = schemaQualifier(options.schema);
    this.#onDiskFull = options.onDiskFull ?? (() => undefined);
    const connection = {
      connectionString: options.url,
      types,
      application_name: 'animus',
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
    };
    this.#pool = new pg.Pool({ ...connection, max: options.maxConnections ?? 10 });
    // An idle connection that breaks is replaced by the pool; without a listener the event would end the process.
    this.#pool.on('error', (error) => options.onLost?.(error.message));
    // The server may greet and end a connection in one breath: nobody has it yet, and the event would end the process. Whoever
    // gets it hears with the first statement that it is broken.
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
    this.#listener = new PostgresListener(() => new pg.Client(connection), {
      onLost: (reason) => options.onLost?.(reason),
      onListenerError: (error) => options.onListenerError?.(error),
    });
  }

  async query<R extends Row = Row>(sql: string, params: readonly SqlValue[] = []): Promise<R[]> {
    refuseInsideTransaction(this);
    return this.#noticed(run<R>(this.#pool, this.#qualify(sql), params));
  }

  async exec(sql: string): Promise<void> {
    refuseInsideTransaction(this);
    await this.#noticed(translated(() => this.#pool.query(this.#qualify(sql))));
  }

  async transaction<T>(body: (tx: Tx) => Promise<T>): Promise<T> {
    refuseInsideTransaction(this);
    return this.#noticed(withTransactionRetry(this, () => this.#transact(body)));
  }

  async listen(channel: string, onPayload: (payload: string) => void, onReset: () => void) {
    const name = this.#qualify(`animus.${channel}`);
    const unlisten = await translated(() => this.#listener.listen(name, { onPayload, onReset }));
    return () => translated(unlisten);
  }

  async close(): Promise<void> {
    await this.#listener.close();
    if (!this.#pool.ended) await this.#pool.end();
  }

  async #noticed<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (isDiskFull(error)) this.#onDiskFull();
      throw error;
    }
  }

  async #transact<T>(body: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await translated(() => this.#pool.connect());
    const { tx, finish } = createTx((statements) => this.#send(client, statements));
    let broken: Error | undefined;
    // While it is checked out, nobody but us hears that the connection broke.
    const onError = (error: Error) => {
      broken = error;
    };
    client.on('error', onError);
    try {
      const result = await body(tx);
      const { begun, refused } = await finish();
      if (refused) throw refused.error;
      if (begun) await run(client, 'commit', []);
      return result;
    } catch (error) {
      const { begun } = await finish();
      if (error instanceof DbLost) broken = error;
      else if (begun) await run(client, 'rollback', []);
      throw error;
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  }

  async #send(client: pg.PoolClient, statements: readonly Statement[]): Promise<BatchAnswer> {
    const qualified = statements.map(({ sql, params }) => ({ sql: this.#qualify(sql), params }));
    const batch = client.query(new PostgresBatch(qualified, types));
    const { rows, refused } = await batch.answer;
    return refused ? { rows, refused: { error: translate(refused.error) } } : { rows };
  }
}

type PgQueryable = { query(sql: string, params: unknown[]): Promise<pg.QueryResult> };

async function run<R extends Row>(target: PgQueryable, sql: string, params: readonly SqlValue[]): Promise<R[]> {
  const result = await translated(() => target.query(sql, params as unknown[]));
  return result.rows as R[];
}

async function translated<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw translate(error);
  }
}

const LOST_CODES: ReadonlySet<string> = new Set([
  SQLSTATE.adminShutdown,
  SQLSTATE.crashShutdown,
  SQLSTATE.cannotConnectNow,
]);

/** A server that answered with a SQLSTATE refused; anything else means that the connection is gone. */
function translate(error: unknown): Error {
  // A parameter that cannot be sent is our own mistake: trying again would not help.
  if (error instanceof TypeError || error instanceof RangeError) return error;
  const fault = error as { code?: string; message: string; constraint?: string; severity?: string };
  const code = fault.code ?? '';
  const connectionEnded = fault.severity === 'FATAL' || fault.severity === 'PANIC';
  if (!fault.severity || connectionEnded || LOST_CODES.has(code) || code.startsWith(CONNECTION_EXCEPTION_CLASS)) {
    return new DbLost(`The connection to the Postgres server failed: ${fault.message}`, { cause: error });
  }
  return new DbError(fault.message, code, fault.constraint, { cause: error });
}
