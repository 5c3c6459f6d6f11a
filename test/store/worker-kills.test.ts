/** The embedded database's thread is killed at any moment: what was acknowledged stays, and nothing happens twice. */
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { migrate } from '../../src/host/db/migrate.ts';
import { openPglite, type PgliteDb } from '../../src/host/db/pglite-db.ts';
import { retryLost } from '../../src/host/db/retry-lost.ts';
import { appendEntry, readEntries } from '../../src/host/store/ledger/ledger.ts';
import { submitWork } from '../../src/host/store/work/submit.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { MIGRATIONS, TEMPLATE } from '../support/databases.ts';
import { countRows, history, submission, submitted } from './work-rows.ts';

const KILLS = 20;
const LOST = { name: 'DbLost' };

/** The same numbers for the same seed, 0 to 1 (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const countThreads = () => process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length;

describe("kills of the database's thread", () => {
  let folder: string;
  let db: PgliteDb;
  let lost: string[];
  let reopened: number;
  let threads: number;

  const open = (template: string | null) =>
    openPglite({
      schema: 'animus',
      folder,
      onLost: (reason) => lost.push(reason),
      onReopened: () => {
        reopened += 1;
      },
      ...(template ? { template } : {}),
    });

  beforeEach(async () => {
    threads = countThreads();
    folder = mkdtempSync(path.join(tmpdir(), 'animus-test-kills-'));
    [lost, reopened] = [[], 0];
    db = await open(TEMPLATE);
    await migrate(db, MIGRATIONS);
  });
  afterEach(async function () {
    await db.close();
    if (this.currentTest?.state === 'failed') console.log(`kept: ${folder}`);
    else rmSync(folder, { recursive: true });
    assert.equal(countThreads(), threads, 'a thread was left');
  });

  it(`[F1] ${KILLS} kills under 8 writers: no acknowledged row is lost, none is doubled, no number is missing`, async function () {
    this.timeout(180_000);
    const random = seeded(20_261_124);
    const ledger = await submitted(db);
    const items: string[] = [];
    const entries = new Map<string, number>();
    let done = false;
    const submitter = async () => {
      while (!done) {
        const asked = submission();
        assert.deepEqual(await retryLost(() => submitWork(db, asked)), { kind: 'queued', id: asked.id });
        items.push(asked.id);
      }
    };
    const appender = async () => {
      while (!done) {
        const id = uuidv7();
        entries.set(id, await retryLost((again) => appendOnce(ledger, id, again)));
      }
    };
    const writers = Promise.all([...Array.from({ length: 4 }, submitter), ...Array.from({ length: 4 }, appender)]);
    for (let kills = 0; kills < KILLS; kills += 1) {
      const enough = items.length + entries.size + Math.ceil(random() * 12);
      while (items.length + entries.size < enough) await nextTick();
      for (let ticks = Math.floor(random() * 40); ticks > 0; ticks -= 1) await nextTick();
      await db.killThread(`kill ${kills}`);
    }
    done = true;
    await writers;
    assert.equal(lost.length, KILLS);
    await expectAll(ledger, items, entries);
    await db.close();
    db = await open(null);
    await expectAll(ledger, items, entries);
  });

  async function appendOnce(workItemId: string, id: string, again: boolean): Promise<number> {
    return db.transaction(async (tx) => {
      if (again) {
        const [own] = await tx.query<{ seq: number }>('select seq from animus.work_ledger where id = $1', [id]);
        if (own) return own.seq;
      }
      const entry = {
        id,
        workItemId,
        focusId: null,
        faculty: 'general',
        entryType: 'note',
        content: id,
        data: {},
      } as const;
      return appendEntry(tx, entry);
    });
  }

  async function expectAll(ledger: string, items: string[], entries: Map<string, number>): Promise<void> {
    const stored = await db.query<{ id: string }>('select id from animus.work_items order by id');
    assert.deepEqual(
      stored.map(({ id }) => id),
      [ledger, ...items].sort(),
    );
    assert.equal(await countRows(db, 'work_events'), stored.length);
    const numbered = await readEntries(db, { workItemId: ledger });
    assert.deepEqual(
      numbered.map(({ seq }) => seq),
      numbered.map((_, index) => index + 1),
    );
    assert.deepEqual(new Map(numbered.map(({ id, seq }) => [id, seq])), new Map(sortedByNumber(entries)));
  }

  it('[F1] a transaction that is open when the thread is killed leaves nothing', async () => {
    const asked = submission();
    const torn = db.transaction(async (tx) => {
      await tx.query("insert into animus.trusted_folders values (gen_random_uuid(), '/torn', 'test')");
      await db.killThread('in a transaction');
      await tx.query('select 1');
    });
    // In line behind the transaction, so it meets the thread that follows.
    const waiting = submitWork(db, asked);
    await assert.rejects(torn, LOST);
    assert.deepEqual(await waiting, { kind: 'queued', id: asked.id });
    assert.equal(await countRows(db, 'trusted_folders'), 0);
    assert.deepEqual([lost, reopened], [['in a transaction'], 1]);
  });

  it('listeners are told when it is back, hear again, and may use the database, wherever it was killed', async () => {
    const answers: unknown[] = [];
    const [reset, heard] = [Promise.withResolvers<unknown>(), Promise.withResolvers<unknown>()];
    const query = () => db.query('select 1 as n');
    await db.listen(
      'test',
      () => query().then(heard.resolve, heard.reject),
      () => query().then(reset.resolve, reset.reject),
    );
    await assert.rejects(
      db.transaction(async (tx) => {
        await db.killThread('in a transaction');
        await tx.query('select 1');
      }),
      LOST,
    );
    answers.push(await reset.promise);
    await db.query("select pg_notify('animus.test', '')");
    answers.push(await heard.promise);
    assert.deepEqual(answers, [[{ n: 1 }], [{ n: 1 }]]);
  });

  it('who listens when it is killed, and is refused, may listen again and hears everything once', async () => {
    const refused = assert.rejects(
      db.listen(
        'test',
        () => assert.fail('it was refused'),
        () => undefined,
      ),
      LOST,
    );
    await nextTick();
    await db.killThread('while it began to listen');
    await refused;
    const heard: string[] = [];
    const second = Promise.withResolvers<void>();
    const listener = (payload: string) => {
      heard.push(payload);
      if (heard.length === 2) second.resolve();
    };
    const unlisten = await retryLost(() => db.listen('test', listener, () => undefined));
    for (const payload of ['a', 'b']) await db.query("select pg_notify('animus.test', $1)", [payload]);
    await second.promise;
    assert.deepEqual(heard, ['a', 'b']);
    await unlisten();
  });

  it('a thread that is lost while it is opened again is followed by one, never by two', async function () {
    this.timeout(120_000);
    // Many channels make long what is done between opening and being ready.
    for (let channel = 0; channel < 300; channel += 1)
      await db.listen(
        `test_${channel}`,
        () => undefined,
        () => undefined,
      );
    for (let delay = 0; delay < 6; delay += 1) {
      await db.killThread('once');
      await sleep(250 + 80 * delay);
      await db.killThread('twice');
      const id = await retryLost(() => submitted(db));
      assert.equal((await history(db, id)).length, 1);
      assert.equal(countThreads(), threads + 1);
    }
  });

  it('[F8] an instance that panicked, and fails every query from then on, is opened anew', async function () {
    this.timeout(120_000);
    const id = await submitted(db);
    const log = path.join(folder, 'pg_wal');
    renameSync(log, `${log}-away`);
    // More than one segment of the log, so that a new one is needed where none can be.
    const flood = "insert into animus.t select repeat('x', 1000) from generate_series(1, 40000)";
    await assert.rejects(db.exec(`create table animus.t (filler text); ${flood}`), LOST);
    renameSync(`${log}-away`, log);
    assert.deepEqual(await retryLost(() => history(db, id)), ['nothing → queued: submitted']);
    assert.ok(reopened > 0);
    assert.equal((await history(db, await submitted(db))).length, 1);
  });

  it('a statement that fails for a reason of its own does not end the thread', async () => {
    await assert.rejects(db.query("select pg_notify('animus.test', repeat('x', 8001))"), { code: '22023' });
    await assert.rejects(
      db.transaction(async (tx) => {
        await tx.query("do $$ begin raise exception 'of ours' using errcode = 'XX000'; end $$");
      }),
      { name: 'DbError', code: 'XX000' },
    );
    assert.deepEqual(lost, []);
  });

  it('closing a database whose thread was just lost closes it', async () => {
    const killed = db.killThread('just before the close');
    await db.close();
    await killed;
    await assert.rejects(db.query('select 1'), LOST);
  });
});

const nextTick = () => new Promise((resolve) => setImmediate(resolve));

const sortedByNumber = (entries: Map<string, number>) => [...entries].sort(([, a], [, b]) => a - b);
