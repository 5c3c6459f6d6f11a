/** What the host's thread and the database's thread say to each other. */
import type { Statement } from './transactions.ts';
import type { Row } from './types.ts';

export type WorkerSettings = {
  /** The data folder; without one the database lives in memory. */
  folder?: string;
  /** A gzipped tar of a fresh data folder, given only when `folder` is empty. */
  template?: string;
};

export type WorkerRequest =
  /** One after another, and none after one that is refused. */
  | { kind: 'query'; statements: readonly Statement[] }
  | { kind: 'exec'; sql: string }
  | { kind: 'listen' | 'unlisten'; channel: string }
  | { kind: 'dump'; file: string }
  | { kind: 'close' };

export type WorkerCall = WorkerRequest & { id: number };

export type WorkerFault = { message: string; code: string; constraint?: string };

/** The rows of each statement, up to the first one that was refused. */
export type WorkerRows = { rows: Row[][]; refused?: WorkerFault };

export type WorkerAnswer =
  | { opened: true }
  | { opened: false; error: WorkerFault }
  | ({ id: number } & WorkerRows)
  | { notified: string; payload: string };
