/** Pruning: what finished foci left goes by age and by size; what must last stays. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Retention, type RetentionOptions } from '../../src/host/care/retention.ts';
import type { Db } from '../../src/host/db/types.ts';
import { completeFocus } from '../../src/host/engine/focus/ending.ts';
import { addUsage, readFocus } from '../../src/host/store/foci/foci.ts';
import { insertHookRun } from '../../src/host/store/foci/hook-runs.ts';
import { insertMessage } from '../../src/host/store/foci/messages.ts';
import { storeBytes } from '../../src/host/store/foci/prune.ts';
import { insertToolCall } from '../../src/host/store/foci/tool-calls.ts';
import { appendEntry, readEntries } from '../../src/host/store/ledger/ledger.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { holdTransaction } from '../support/database-interleaving.ts';
import { onEachDatabase, type TestDatabase } from '../support/databases.ts';
import { claim, countRows, history, item, OTHER_PLACE, OUTCOME, PLACE, running, submitted } from './work-rows.ts';

const MB = 1024 * 1024;
const TRANSCRIPT = ['focus_messages', 'tool_calls', 'hook_runs'] as const;
const ALWAYS = () => true;

type Worked = { focusId: string; itemId: string };

/** A focus that is at work, with a row in each table that is pruned, and an entry in the ledger. */
async function working(db: Db, text = 'A heron.'): Promise<Worked & { end(): Promise<void> }> {
  const { item: work, focus, lease } = await running(db);
  await db.transaction(async (tx) => {
    const message = {
      n: 1,
      turn: 0,
      block: 0,
      role: 'user',
      kind: 'task',
      content: { blocks: [{ type: 'text', text }] },
    } as const;
    await insertMessage(tx, focus.id, { ...message, content: { blocks: [...message.content.blocks] } });
    const call = { id: uuidv7(), turn: 1, position: 0, providerCallId: 'a', name: 'read_file', input: { path: 'a' } };
    await insertToolCall(tx, { id: focus.id, workItemId: work.id }, call);
    const hook = { event: 'orient', name: 'orient', run: 1, exitCode: 0, output: {}, stderrTail: '', durationMs: 1 };
    await insertHookRun(tx, { ...hook, id: uuidv7(), focusId: focus.id, outcome: 'succeeded' });
    await addUsage(tx, focus.id, { input: 5, cacheRead: 0, cacheWrite: 0, output: 7, estimated: false }, 123);
    const entry = { id: uuidv7(), workItemId: work.id, focusId: focus.id, faculty: work.faculty };
    await appendEntry(tx, { ...entry, entryType: 'finding', content: 'There is a heron.', data: {} });
  });
  return {
    focusId: focus.id,
    itemId: work.id,
    end: async () => {
      await completeFocus(db, lease, OUTCOME);
    },
  };
}

async function finished(db: Db, daysAgo: number, text?: string): Promise<Worked> {
  const work = await working(db, text);
  await work.end();
  await db.query("update animus.foci set ended_at = now() - $2 * interval '1 day' where id = $1", [
    work.focusId,
    daysAgo,
  ]);
  return work;
}

const countsOf = async (db: Db) => Promise.all(TRANSCRIPT.map((table) => countRows(db, table)));
const isPruned = async (db: Db, { focusId }: Worked) => ((await readFocus(db, focusId))?.prunedAt ?? null) !== null;

onEachDatabase('retention', {}, (database) => {
  let store = '';
  beforeEach(() => {
    store = mkdtempSync(path.join(tmpdir(), 'animus-test-retention-'));
  });
  afterEach(() => {
    // None was made where the test was skipped.
    if (store) rmSync(store, { recursive: true });
    store = '';
  });

  const retention = (changes: Partial<RetentionOptions> = {}) => retentionOf(database, store, changes);

  it('removes the transcripts of foci that ended long ago, and keeps what must last', async () => {
    const { db } = database;
    const old = await finished(db, 91);
    const young = await finished(db, 89);
    const before = { item: await item(db, old.itemId), events: await history(db, old.itemId) };
    assert.equal(await retention().pruneIfDue(ALWAYS), 1);
    assert.deepEqual([await isPruned(db, old), await isPruned(db, young)], [true, false]);
    assert.deepEqual(await countsOf(db), [1, 1, 1]);
    assert.deepEqual({ item: await item(db, old.itemId), events: await history(db, old.itemId) }, before);
    assert.equal((await readEntries(db, { workItemId: old.itemId })).length, 1);
    const focus = await readFocus(db, old.focusId);
    assert.deepEqual([focus?.costMicros, focus?.usage.output, focus?.iterations], [123, 7, 1]);
  });

  it('leaves alone what has not ended, and what is of a place that this host does not serve', async () => {
    const { db } = database;
    const open = await working(db);
    await db.query("update animus.foci set started_at = now() - interval '200 days' where id = $1", [open.focusId]);
    await finished(db, 200);
    assert.equal(await retention({ places: [OTHER_PLACE] }).pruneIfDue(ALWAYS), 0);
    assert.deepEqual(await countsOf(db), [2, 2, 2]);
    assert.equal(await retention().pruneIfDue(ALWAYS), 1);
    assert.equal(await isPruned(db, open), false);
  });

  it('leaves alone the failed focus of work that is still open', async () => {
    const { db } = database;
    const failed = await finished(db, 200);
    await db.query("update animus.work_items set state = 'queued' where id = $1", [failed.itemId]);
    assert.equal(await retention().pruneIfDue(ALWAYS), 0);
  });

  it('removes folders of pruned foci, also of those pruned before, and no others', async () => {
    const { db } = database;
    const [old, young] = [await finished(db, 91), await finished(db, 1)];
    const folderOf = (name: string) => path.join(store, 'foci', name);
    const stranger = uuidv7();
    const names = [old.focusId, young.focusId, stranger, 'notes'];
    const make = () => {
      for (const name of names) {
        mkdirSync(folderOf(name), { recursive: true });
        writeFileSync(path.join(folderOf(name), 'work.json'), '{}');
      }
    };
    const there = () => names.map((name) => existsSync(folderOf(name)));
    make();
    await retention().pruneIfDue(ALWAYS);
    assert.deepEqual(there(), [false, true, true, true]);
    make(); // as if the host had ended between the rows and the folder
    await retention().pruneIfDue(ALWAYS);
    assert.deepEqual(there(), [false, true, true, true]);
  });

  it('removes the oldest first where the store is too large, and stops when it is not any more', async () => {
    const { db, schema } = database;
    // What does not shrink by being packed.
    const [row] = await db.query<{ text: string }>(
      "select string_agg(md5(n::text), '') as text from generate_series(1, 32768) n",
    );
    const text = row?.text ?? '';
    assert.equal(text.length, MB);
    const all: Worked[] = [];
    for (let at = 0; at < 25; at += 1) all.push(await finished(db, 50 - at, text));
    const bytes = await storeBytes(db, schema);
    assert.equal(await retention({ maxBytes: bytes + MB }).pruneIfDue(ALWAYS), 0);
    // By steps of ten foci: the first one frees enough.
    const pruned = await retention({ maxBytes: bytes - 4 * MB }).pruneIfDue(ALWAYS);
    assert.equal(pruned, 10);
    const gone = await Promise.all(all.map((work) => isPruned(db, work)));
    assert.deepEqual(gone, [...Array(10).fill(true), ...Array(15).fill(false)]);
    // The files are as large as before, but there is room in them: nothing more is removed.
    assert.ok((await storeBytes(db, schema)) > bytes - 4 * MB);
    assert.equal(await retention({ maxBytes: bytes - 4 * MB }).pruneIfDue(ALWAYS), 0);
  }).timeout(120_000);

  it('breaks off when work has come, and goes on at the next look', async () => {
    const { db } = database;
    for (let at = 0; at < 25; at += 1) await finished(db, 100 + at);
    let looks = 0;
    const one = retention();
    const mayGoOn = () => {
      looks += 1;
      return looks <= 1;
    };
    assert.equal(await one.pruneIfDue(mayGoOn), 10);
    assert.equal(await one.pruneIfDue(ALWAYS), 15);
    await finished(db, 100);
    assert.equal(await one.pruneIfDue(ALWAYS), 0, 'not before the hour is over');
  }).timeout(60_000);
});

onEachDatabase('retention of several hosts', { connections: 'several' }, (database) => {
  it('leaves to another host what that one is at, without waiting', async () => {
    const { db } = database;
    const [first, second] = [await finished(db, 100), await finished(db, 99)];
    const held = await holdTransaction(await database.connect());
    await held.tx.query('select 1 from animus.foci where id = $1 for no key update', [first.focusId]);
    assert.equal(await retentionOf(database, '/nowhere').pruneIfDue(ALWAYS), 1);
    assert.deepEqual([await isPruned(db, first), await isPruned(db, second)], [false, true]);
    await held.commit();
    assert.equal(await retentionOf(database, '/nowhere').pruneIfDue(ALWAYS), 1);
  });

  it('prunes each focus once, however many hosts do it', async () => {
    const { db } = database;
    for (let at = 0; at < 30; at += 1) await finished(db, 100 + at);
    const hosts = await Promise.all([database.connect(), database.connect(), database.connect()]);
    const pruned = await Promise.all(
      hosts.map((own) => retentionOf(database, '/nowhere', { db: own }).pruneIfDue(ALWAYS)),
    );
    assert.equal(
      pruned.reduce((sum, count) => sum + count),
      30,
    );
    assert.deepEqual(await countsOf(db), [0, 0, 0]);
  }).timeout(60_000);

  it('makes no claim wait', async () => {
    const { db } = database;
    const old = await finished(db, 100);
    const held = await holdTransaction(await database.connect());
    await held.tx.query('select 1 from animus.foci where id = $1 for no key update', [old.focusId]);
    const waiting = await submitted(db);
    assert.equal((await claim(db, uuidv7()))?.item.id, waiting);
    await held.commit();
  });
});

function retentionOf(database: TestDatabase, storeFolder: string, changes: Partial<RetentionOptions> = {}): Retention {
  const { db, schema } = database;
  return new Retention({ db, schema, places: [PLACE], storeFolder, days: 90, maxBytes: null, ...changes });
}
