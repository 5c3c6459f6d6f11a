/** The database as the stores see it: two drivers stand behind this, and nothing above may know which. */

export type SqlValue = string | number | bigint | boolean | Date | null | readonly string[] | readonly number[];

export type Row = Record<string, unknown>;

/**
 * What a store function needs to run SQL. Rows come normalised from both drivers: int8 as number (bigint beyond 2^53),
 * timestamps as Date, jsonb parsed, arrays as arrays. SQL names every table as `animus.<table>`; where the schema has
 * another name the driver puts it in.
 */
export interface Queryable {
  query<R extends Row = Row>(sql: string, params?: readonly SqlValue[]): Promise<R[]>;
}

/** An open transaction. It is the only handle that works inside `Db.transaction`'s callback. */
export interface Tx extends Queryable {
  readonly inTransaction: true;
}

export interface Db extends Queryable {
  readonly kind: 'pglite' | 'postgres';
  /** Several statements, without parameters or rows. */
  exec(sql: string): Promise<void>;
  /**
   * Runs `body` in one transaction and commits when it resolves. Serialization failures and deadlocks run the whole
   * body again, up to 5 times, so it must do nothing that outlives a rollback, and await nothing but `tx`.
   * Calling `query` of the Db itself from within throws: on one connection it would wait for ever.
   */
  transaction<T>(body: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Calls back with each payload notified on `animus.<channel>`. A notification is a hint: it may be lost, so callers
   * also poll. `onReset` is called whenever notifications may have been missed.
   */
  listen(channel: string, onPayload: (payload: string) => void, onReset: () => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** PGlite, for the host that cares for it. */
export interface EmbeddedDb extends Db {
  readonly kind: 'pglite';
  /** One statement that may take its time, such as VACUUM: ended only after 10 minutes without an answer. */
  maintain(statement: string): Promise<void>;
  /**
   * Packs the whole data folder, a gzipped tar, into a new file of mode 0600, which appears under its name when it is
   * whole and on the disk. Gives its size in bytes. Throws DbError `58P02` where the file is there already.
   */
  dump(file: string): Promise<number>;
}

/** What the database refused, with its SQLSTATE. The text never holds a statement's parameters. */
export class DbError extends Error {
  override name = 'DbError';
  readonly code: string;
  readonly constraint: string | undefined;

  constructor(message: string, code: string, constraint: string | undefined, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.constraint = constraint;
  }
}

/**
 * The connection or the database's worker ended while calls were open. A statement that had no answer may or may not
 * have been committed: look for its effect by id before doing it again.
 */
export class DbLost extends Error {
  override name = 'DbLost';
}
