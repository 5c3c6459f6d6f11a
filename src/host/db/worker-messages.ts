/** What the host's thread and the database's thread say to each other. */
import type { Row, SqlValue } from './types.ts';

export type WorkerSettings = {
  /** The data folder; without one the database lives in memory. */
  folder?: string;
  /** A gzipped tar of a fresh data folder, given only when `folder` is empty. */
  template?: string;
};

export type WorkerRequest =
  | { kind: 'query'; sql: string; params: readonly SqlValue[] }
  | { kind: 'exec'; sql: string }
  | { kind: 'listen' | 'unlisten'; channel: string }
  | { kind: 'dump'; file: string }
  | { kind: 'close' };

export type WorkerCall = WorkerRequest & { id: number };

export type WorkerFault = { message: string; code: string; constraint?: string };

export type WorkerAnswer =
  | { opened: true }
  | { opened: false; error: WorkerFault }
  | { id: number; rows: Row[] }
  | { id: number; error: WorkerFault }
  | { notified: string; payload: string };
