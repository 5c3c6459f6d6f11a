/**
 * The thread that owns PGlite. A query is synchronous WebAssembly, so it must never run on the host's own thread; here
 * it can also be ended. It runs what it is sent, one message after another, and knows nothing of transactions.
 */
import { openAsBlob } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import type { Statement } from './transactions.ts';
import type { Row } from './types.ts';
import type { WorkerAnswer, WorkerCall, WorkerRows, WorkerSettings } from './worker-messages.ts';
import { writeDump } from './write-dump.ts';

if (!parentPort) throw new Error('db-worker runs as a worker thread only.');
const port = parentPort;
const settings = workerData as WorkerSettings;
const answer = (message: WorkerAnswer) => port.postMessage(message);

async function open(): Promise<PGlite> {
  const db = await PGlite.create({
    ...(settings.folder ? { dataDir: settings.folder } : {}),
    extensions: { vector },
    startParams: [...PGlite.defaultStartParams, '-c', 'shared_buffers=16MB'],
    ...(settings.template ? { loadDataDir: await openAsBlob(settings.template, { type: 'application/gzip' }) } : {}),
  });
  // PGlite's own listen() keeps each callback for ever where the channel's name is quoted.
  db.onNotification((channel, payload) => answer({ notified: channel, payload }));
  return db;
}

/** Only what helps is passed on: PGlite's own error object carries the statement and its parameters. */
function describe(error: unknown): { message: string; code: string; constraint?: string } {
  const fault = error as { message?: string; code?: string; constraint?: string };
  return {
    message: fault.message ?? String(error),
    code: fault.code ?? 'XX000',
    ...(fault.constraint ? { constraint: fault.constraint } : {}),
  };
}

async function run(db: PGlite, call: WorkerCall): Promise<WorkerRows> {
  switch (call.kind) {
    case 'query':
      return query(db, call.statements);
    case 'exec':
      await db.exec(call.sql);
      break;
    case 'listen':
      await db.exec(`listen "${call.channel}"`);
      break;
    case 'unlisten':
      await db.exec(`unlisten "${call.channel}"`);
      break;
    case 'dump':
      return { rows: [[{ bytes: await writeDump(db, call.file) }]] };
    case 'close':
      await db.close();
      break;
  }
  return { rows: [[]] };
}

const SELECT = /^\s*select\s/i;

async function query(db: PGlite, statements: readonly Statement[]): Promise<WorkerRows> {
  const rows: Row[][] = [];
  try {
    for (const { sql, params } of statements) {
      const result = await db.query<Row>(sql, params as unknown[]);
      // An instance that broke without a word answers with nothing at all, not even columns: that is no empty table.
      if (result.fields.length === 0 && SELECT.test(sql)) process.exit(1);
      rows.push(result.rows);
    }
    return { rows };
  } catch (error) {
    if (isInternal(error)) throw error;
    return { rows, refused: describe(error) };
  }
}

/** Class XX is Postgres's own for what should not be; PGlite's failures have no code at all. */
function isInternal(error: unknown): boolean {
  return describe(error).code.startsWith('XX');
}

/** After a panic every query fails, and nothing but a new start helps. */
async function isDead(): Promise<boolean> {
  return (await opening).query('select 1').then(() => false, isInternal);
}

const opening = open();
opening.then(
  () => answer({ opened: true }),
  (error) => answer({ opened: false, error: describe(error) }),
);

let last: Promise<unknown> = opening.catch(() => undefined); // the failure was answered above
port.on('message', (call: WorkerCall) => {
  last = last.then(async () => {
    try {
      answer({ id: call.id, ...(await run(await opening, call)) });
    } catch (error) {
      // A dead instance is left without an answer: the thread ends, its calls are lost, and it is opened anew.
      if (isInternal(error) && call.kind !== 'close' && (await isDead())) process.exit(1);
      answer({ id: call.id, rows: [], refused: describe(error) });
      // After one that failed, the next query is answered with nothing, and the one after that never.
      if (call.kind === 'exec' && call.sql === 'checkpoint') process.exit(1);
    }
    if (call.kind === 'close') process.exit(0);
  });
});
