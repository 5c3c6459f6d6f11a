/**
 * Several statements in one message to a server, which answers once: the network is crossed once for all of them. The server
 * runs them one by one, and none after one that it refused.
 */
import pg from 'pg';
import type { BatchAnswer, Refusal, Statement } from './transactions.ts';
import type { Row } from './types.ts';

/** What a client calls on the query whose answer it reads. */
type Reading = {
  submit(connection: pg.Connection): Error | null;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: pg.Connection): void;
  handleReadyForQuery(connection: pg.Connection): void;
  handleError(error: unknown, connection: pg.Connection): void;
};

/** To be given to `query` of a client. Each statement is a query of the driver's own, without its `sync`. */
export class PostgresBatch implements Reading {
  #parts: Reading[];
  #rows: Row[][] = [];
  #refused: Refusal | undefined;
  #settled = Promise.withResolvers<BatchAnswer>();

  constructor(statements: readonly Statement[], types: pg.CustomTypesConfig) {
    this.#parts = statements.map(({ sql, params }) => {
      const config = { text: sql, values: params as unknown[], types, queryMode: 'extended' };
      const query = new pg.Query<Row>(config, (error, result) => this.#take(error, result?.rows));
      return query as unknown as Reading;
    });
  }

  /** Never rejects. */
  get answer(): Promise<BatchAnswer> {
    return this.#settled.promise;
  }

  submit(connection: pg.Connection): null {
    const withoutSync: pg.Connection = Object.create(connection, { sync: { value: () => undefined } });
    connection.stream.cork();
    for (const part of this.#parts) {
      if (!this.#refused) part.submit(withoutSync); // a parameter that cannot be sent is refused here
    }
    connection.sync();
    connection.stream.uncork();
    return null;
  }

  handleRowDescription(message: unknown): void {
    this.#current?.handleRowDescription(message);
  }

  handleDataRow(message: unknown): void {
    this.#current?.handleDataRow(message);
  }

  handleCommandComplete(message: unknown, connection: pg.Connection): void {
    const part = this.#current;
    part?.handleCommandComplete(message, connection);
    part?.handleReadyForQuery(connection);
  }

  handleEmptyQuery(connection: pg.Connection): void {
    this.#current?.handleReadyForQuery(connection);
  }

  handleReadyForQuery(): void {
    this.#settle();
  }

  handleError(error: unknown): void {
    this.#refused ??= { error };
    this.#settle();
  }

  get #current(): Reading | undefined {
    return this.#parts[this.#rows.length];
  }

  #take(error: unknown, rows: Row[] | undefined): void {
    if (error) this.#refused ??= { error };
    else if (!this.#refused) this.#rows.push(rows ?? []);
  }

  #settle(): void {
    this.#settled.resolve({ rows: this.#rows, ...(this.#refused ? { refused: this.#refused } : {}) });
  }
}
