/** Submitting work: what is merged with what, and that a repeated submit is one submit. */
import assert from 'node:assert/strict';
import { retryLost } from '../../src/host/db/retry-lost.ts';
import type { Db } from '../../src/host/db/types.ts';
import { completeFocus } from '../../src/host/engine/focus/ending.ts';
import { type Submission, submitWork } from '../../src/host/store/work/submit.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { losing } from '../support/database-faults.ts';
import { holdTransaction, pauseBefore, untilBlockedBy } from '../support/database-interleaving.ts';
import { onEachDatabase } from '../support/databases.ts';
import { claimed, countRows, history, item, OTHER_PLACE, OUTCOME, submission, submitted } from './work-rows.ts';

const KEYED = { dedup: { key: 'nightly' } } as const;

const submit = (db: Db, overrides: Partial<Submission>) => submitWork(db, submission(overrides));

onEachDatabase('submit', {}, (database) => {
  it('stores what was asked for, and gives it back as it was', async () => {
    const { db } = database;
    const asked = submission({
      description: 'Größe 🦉 und "Anführung"',
      params: { b: [1, 2.5, null, { deep: true }], a: 'x' },
      attachments: [{ path: 'src/a.ts', lines: [1, 9] }],
      model: 'anthropic/claude-opus-5',
      priority: 7,
      maxAttempts: 2,
      provenance: { source: 'vscode', trigger: 'command', who: 'me' },
    });
    assert.deepEqual(await submitWork(db, asked), { kind: 'queued', id: asked.id });
    const stored = await item(db, asked.id);
    const { id, place, faculty, description, params, attachments, model, priority, maxAttempts, provenance } = stored;
    const { dedup: _dedup, delayMs: _delay, ...rest } = asked;
    assert.deepEqual(
      { id, place, faculty, description, params, attachments, model, priority, maxAttempts, provenance },
      rest,
    );
    assert.deepEqual(
      [stored.state, stored.rootId, stored.parentId, stored.depth, stored.attempts, stored.outcome, stored.resolvedAt],
      ['queued', asked.id, null, 0, 0, null, null],
    );
    assert.ok(stored.createdAt instanceof Date);
    assert.deepEqual(await history(db, asked.id), ['nothing → queued: submitted']);
  });

  it('the same id again gives the same answer, and is no second item', async () => {
    const { db } = database;
    const [first, second] = [submission(KEYED), submission(KEYED)];
    const answers = [await submitWork(db, first), await submitWork(db, second)];
    assert.deepEqual([await submitWork(db, first), await submitWork(db, second)], answers);
    assert.deepEqual(answers[1], { kind: 'merged', id: second.id, canonicalId: first.id });
    assert.equal(await countRows(db, 'work_items'), 2);
  });

  for (const loss of ['before commit', 'after commit'] as const) {
    it(`a submit whose answer was lost ${loss} is one item`, async () => {
      const { db } = database;
      const lossy = losing(db, [loss]);
      const asked = submission(KEYED);
      assert.deepEqual(await retryLost(() => submitWork(lossy, asked)), { kind: 'queued', id: asked.id });
      assert.equal(await countRows(db, 'work_items'), 1);
    });
  }

  it('where each try makes an id of its own, a submit whose answer was lost after its commit is two items', async () => {
    const { db } = database;
    const lossy = losing(db, ['after commit']);
    await retryLost(() => submitWork(lossy, submission()));
    assert.equal(await countRows(db, 'work_items'), 2);
  });

  it('a duplicate becomes a merged row that points at the open one', async () => {
    const { db } = database;
    const canonicalId = await submitted(db, KEYED);
    const answer = await submit(db, KEYED);
    assert.deepEqual(answer, { kind: 'merged', id: answer.id, canonicalId });
    const { state, mergedInto, resolvedAt } = await item(db, answer.id);
    assert.deepEqual([state, mergedInto], ['merged', canonicalId]);
    assert.ok(resolvedAt instanceof Date);
    assert.deepEqual(await history(db, answer.id), ['nothing → merged: submitted']);
  });

  it('the key is free again when its item has ended, and not before', async () => {
    const { db } = database;
    const first = await submitted(db, KEYED);
    const { lease } = await claimed(db);
    assert.equal((await submit(db, KEYED)).kind, 'merged');
    await completeFocus(db, lease, OUTCOME);
    const second = await submitted(db, KEYED);
    assert.notEqual(second, first);
  });

  it('without a key nothing is merged', async () => {
    const { db } = database;
    await submitted(db);
    await submitted(db);
    assert.equal(await countRows(db, 'work_items'), 2);
  });

  it('a key counts within its place and its faculty', async () => {
    const { db } = database;
    await submitted(db, KEYED);
    await submitted(db, { ...KEYED, place: OTHER_PLACE });
    await submitted(db, { ...KEYED, faculty: 'researcher' });
    assert.equal((await submit(db, { ...KEYED, faculty: 'researcher' })).kind, 'merged');
  });

  it("a child's key counts within its parent", async () => {
    const { db } = database;
    const [parent, other] = [await submitted(db), await submitted(db)];
    const child = (parentId: string) =>
      db.query(
        `insert into animus.work_items (id, place, parent_id, root_id, faculty, description, dedup_key, state, max_attempts, provenance)
         select $1, place, id, id, faculty, 'a part', 'nightly', 'queued', 1, '{"source": "child"}' from animus.work_items
         where id = $2`,
        [uuidv7(), parentId],
      );
    await child(parent);
    await child(other);
    await submitted(db, KEYED);
    await assert.rejects(child(parent), { code: '23505', constraint: 'work_items_dedup' });
    // A child with the same key is not what a submit merges with.
    const answer = await submit(db, KEYED);
    assert.ok(answer.kind === 'merged');
    assert.equal((await item(db, answer.canonicalId)).parentId, null);
  });

  it('structurally equal means equal whatever the order of the keys', async () => {
    const { db } = database;
    const structural = { dedup: 'structural' } as const;
    const canonicalId = await submitted(db, { ...structural, params: { a: { x: 1, y: [1, { p: 1, q: 2 }] }, b: 2 } });
    const equal = await submit(db, { ...structural, params: { b: 2, a: { y: [1, { q: 2, p: 1 }], x: 1 } } });
    assert.deepEqual(equal, { kind: 'merged', id: equal.id, canonicalId });
    const different: Partial<Submission>[] = [
      { params: { a: { x: 1, y: [{ p: 1, q: 2 }, 1] }, b: 2 } },
      { params: {} },
      { description: 'Look at another test.' },
      { attachments: ['src/a.ts'] },
      { faculty: 'researcher' },
    ];
    for (const change of different) await submitted(db, { ...structural, ...change });
  });

  it('[F10] 100 equal submits at once leave one canonical item and 99 that name it', async () => {
    const { db } = database;
    const answers = await Promise.all(Array.from({ length: 100 }, () => submit(db, { dedup: 'structural' })));
    const queued = answers.filter(({ kind }) => kind === 'queued');
    assert.equal(queued.length, 1);
    const merged = answers.flatMap((answer) => (answer.kind === 'merged' ? [answer.canonicalId] : []));
    assert.deepEqual(merged, Array(99).fill(queued[0]?.id));
    const rows = await db.query('select state, count(*) as count from animus.work_items group by state order by state');
    assert.deepEqual(rows, [
      { state: 'merged', count: 99 },
      { state: 'queued', count: 1 },
    ]);
  });

  it('[S17] text and params that look like SQL are text and params', async () => {
    const { db } = database;
    const hostile = "'; drop table animus.work_items; --";
    const id = await submitted(db, { description: hostile, params: { [hostile]: hostile }, dedup: { key: hostile } });
    const { description, params, dedupKey } = await item(db, id);
    assert.deepEqual([description, params, dedupKey], [hostile, { [hostile]: hostile }, hostile]);
  });
});

onEachDatabase('submit at once', { connections: 'several' }, (database) => {
  it('[F10] 100 equal submits from 10 hosts at once leave one canonical item', async () => {
    const hosts = await Promise.all(Array.from({ length: 10 }, () => database.connect({ maxConnections: 10 })));
    const answers = await Promise.all(hosts.flatMap((db) => Array.from({ length: 10 }, () => submit(db, KEYED))));
    const queued = answers.filter(({ kind }) => kind === 'queued');
    assert.equal(queued.length, 1);
    for (const answer of answers) if (answer.kind === 'merged') assert.equal(answer.canonicalId, queued[0]?.id);
  });

  it('the open item that ends between insert and select leaves the duplicate as an item of its own', async () => {
    const { db } = database;
    const first = await submitted(db, KEYED);
    const { lease } = await claimed(db);
    const paused = pauseBefore(await database.connect(), /for share/);
    const asked = submission(KEYED);
    const answer = submitWork(paused.db, asked);
    await paused.reached;
    await completeFocus(db, lease, OUTCOME);
    paused.resume();
    assert.deepEqual(await answer, { kind: 'queued', id: asked.id });
    assert.equal((await item(db, first)).state, 'completed');
  });

  it('a duplicate that has found the open item keeps it from ending first', async () => {
    const { db } = database;
    const first = await submitted(db, KEYED);
    const { lease } = await claimed(db);
    const paused = pauseBefore(await database.connect(), /insert into animus\.work_items/, 2);
    const answer = submit(paused.db, KEYED);
    const pid = await paused.reached;
    const ending = completeFocus(db, lease, OUTCOME);
    await untilBlockedBy(db, pid);
    paused.resume();
    assert.equal((await answer).kind, 'merged');
    await ending;
    assert.equal((await item(db, first)).state, 'completed');
  });

  it('the same submit twice at once is one item, and both are told of it', async () => {
    const asked = submission(KEYED);
    const held = await holdTransaction(database.db);
    await held.tx.query(
      `insert into animus.work_items (id, place, root_id, faculty, description, dedup_key, state, max_attempts, provenance)
       values ($1, $2, $1, $3, $4, 'nightly', 'queued', 3, '{"source": "cli"}')`,
      [asked.id, asked.place, asked.faculty, asked.description],
    );
    const answer = submitWork(await database.connect(), asked);
    await untilBlockedBy(database.db, held.pid);
    await held.commit();
    assert.deepEqual(await answer, { kind: 'queued', id: asked.id });
    assert.equal(await countRows(database.db, 'work_items'), 1);
  });
});
