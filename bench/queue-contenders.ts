/** The same queue job in several libraries: a no-op that says when it was begun, four at once at most. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { Logger, run as runGraphile } from 'graphile-worker';
import { fromPglite, PgBoss } from 'pg-boss';
import type { Db } from '../src/host/db/types.ts';
import { Dispatcher } from '../src/host/engine/dispatch/dispatcher.ts';
import { FacultyCatalogue } from '../src/host/engine/faculties/catalogue.ts';
import { completeFocus } from '../src/host/engine/focus/ending.ts';
import { submitWork } from '../src/host/store/work/submit.ts';
import { uuidv7 } from '../src/rendezvous/ids.ts';
import type { Cleanup } from './cleanup.ts';

export type Begun = () => void;

export type BenchedQueue = {
  name: string;
  /** Stores one job; durable when it resolves. */
  submit(): Promise<void>;
  /** Called each time a job is begun. */
  onBegun(begun: Begun): void;
};

const AT_ONCE = 4;
const JOB = 'noop';

function announcer() {
  let begun: Begun = () => undefined;
  return {
    begin: () => begun(),
    onBegun: (next: Begun) => {
      begun = next;
    },
  };
}

/** Our own: dispatcher, claim with lease and focus, and the recorded end. */
export async function ourQueue(name: string, db: Db, cleanup: Cleanup): Promise<BenchedQueue> {
  const { begin, onBegun } = announcer();
  const place = uuidv7();
  const folder = mkdtempSync(path.join(tmpdir(), 'faculties-'));
  writeFileSync(path.join(folder, `${JOB}.toml`), `[faculty]\nname = "${JOB}"\ndescription = "Nothing."\n`);
  const none = path.join(folder, 'none');
  const outcome = { success: true, summary: 'done', duration_ms: 0 };
  const dispatcher = new Dispatcher({
    db,
    host: { id: uuidv7(), storeId: place, name: 'bench', version: '0.0.0' },
    place,
    catalogue: new FacultyCatalogue({ bundled: folder, personal: none, workspace: none, accepted: none }),
    maxConcurrent: AT_ONCE,
    run: async (claim) => {
      begin();
      await completeFocus(db, claim.lease, outcome);
    },
    whyPaused: () => undefined,
    isSatisfied: () => false,
    log: () => undefined,
  });
  await dispatcher.start();
  cleanup.add(() => dispatcher.drain());
  const submission = { place, faculty: JOB, description: 'Nothing.', params: {}, attachments: [], model: null };
  const rest = { priority: 0, dedup: null, delayMs: 0, maxAttempts: 3, provenance: { source: 'api' as const } };
  return {
    name,
    onBegun,
    submit: async () => {
      await submitWork(db, { id: uuidv7(), ...submission, ...rest });
    },
  };
}

/** pg-boss, woken by notification; on PGlite through its own adapter, in this thread. */
export async function pgBoss(name: string, url: string | null, cleanup: Cleanup): Promise<BenchedQueue> {
  const { begin, onBegun } = announcer();
  const common = { useListenNotify: true, supervise: false, schedule: false };
  let boss: PgBoss;
  if (url === null) {
    const folder = mkdtempSync(path.join(tmpdir(), 'boss-'));
    mkdirSync(path.join(folder, 'db'));
    const pglite = await PGlite.create(path.join(folder, 'db'));
    cleanup.add(() => pglite.close());
    boss = new PgBoss({ ...common, backend: 'pglite', db: fromPglite(pglite) });
  } else boss = new PgBoss({ ...common, connectionString: url });
  // Whatever it meets shows as a job that is never begun, and is said here.
  boss.on('error', (error) => console.error(`${name}: ${error.message}`));
  await boss.start();
  cleanup.add(() => boss.stop({ graceful: false }));
  await boss.createQueue(JOB, { notify: true });
  // With jobs one by one it would wait for its poll between any two: batches are its way to fetch on.
  const polling = { pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 0.5, burstWhenBatchFull: true };
  await boss.work(JOB, { batchSize: AT_ONCE, ...polling }, async (jobs) => jobs.forEach(begin));
  return {
    name,
    onBegun,
    submit: async () => {
      await boss.send(JOB, {});
    },
  };
}

export async function graphileWorker(name: string, url: string, cleanup: Cleanup): Promise<BenchedQueue> {
  const { begin, onBegun } = announcer();
  const runner = await runGraphile({
    connectionString: url,
    concurrency: AT_ONCE,
    noHandleSignals: true,
    logger: new Logger(() => () => undefined),
    taskList: { [JOB]: async () => begin() },
  });
  cleanup.add(() => runner.stop());
  return {
    name,
    onBegun,
    submit: async () => {
      await runner.addJob(JOB, {});
    },
  };
}
