/** What a focus is told of other work: which rows are told of, in which order, and what reading them costs. */
import assert from 'node:assert/strict';
import type { Db, Queryable } from '../../src/host/db/types.ts';
import { type AwarenessSettings, buildDigest, type Viewer } from '../../src/host/engine/awareness/digest.ts';
import { remarkOnFindings } from '../../src/host/engine/awareness/remark.ts';
import { insertDigest, readDigest } from '../../src/host/store/awareness/digests.ts';
import { insertMessage } from '../../src/host/store/foci/messages.ts';
import { finishToolCall, insertToolCall } from '../../src/host/store/foci/tool-calls.ts';
import { appendEntry, type NewEntry } from '../../src/host/store/ledger/ledger.ts';
import { buryItem, completeItem } from '../../src/host/store/work/transitions.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { holdTransaction } from '../support/database-interleaving.ts';
import { watchingPlans } from '../support/database-plans.ts';
import { onEachDatabase } from '../support/databases.ts';
import { facultyOf } from '../support/engine-focus.ts';
import { idOfRow, insertManyRows } from './many-rows.ts';
import { claimed, item, OTHER_PLACE, OUTCOME, PLACE, running, submitted } from './work-rows.ts';

const settings = (changes: Partial<AwarenessSettings> = {}) => facultyOf({ awareness: changes }).awareness;

const WORKSPACE = '/workspace';

/** Of one table by one query: five for each that is shown, and what they lead to. */
const MOST_ROWS_READ = 1000;

async function viewerOf(db: Queryable, id: string): Promise<Viewer> {
  return { place: PLACE, workspace: WORKSPACE, item: await item(db, id) };
}

const record = (db: Db, workItemId: string, content: string, changes: Partial<NewEntry> = {}) =>
  db.transaction(async (tx) => {
    const entry = { id: uuidv7(), workItemId, focusId: null, faculty: 'coder', data: {}, content };
    await appendEntry(tx, { entryType: 'finding', ...entry, ...changes });
    return changes.id ?? entry.id;
  });

/** A running item below another one. */
async function child(db: Db, parent: string): Promise<string> {
  const id = await submitted(db);
  await db.query(
    `update animus.work_items w set parent_id = p.id, root_id = p.root_id, depth = p.depth + 1, state = 'running'
     from animus.work_items p where w.id = $1 and p.id = $2`,
    [id, parent],
  );
  return id;
}

async function lists(db: Db, id: string | null, changes: Partial<AwarenessSettings> = {}) {
  const viewer = id === null ? { place: PLACE, workspace: WORKSPACE, item: null } : await viewerOf(db, id);
  const { lists: found, text } = await buildDigest(db, viewer, settings(changes));
  return {
    text,
    active: found.active.map(({ work_item_id }) => work_item_id),
    completed: found.completed.map(({ work_item_id }) => work_item_id),
    findings: found.findings.map(({ content }) => content),
    whole: found,
  };
}

/** Moves what an item did into the past, by the database's clock. */
async function age(db: Db, id: string, hours: number): Promise<void> {
  await db.query(
    `update animus.work_items set updated_at = updated_at - $2 * interval '1 hour',
       resolved_at = resolved_at - $2 * interval '1 hour' where id = $1`,
    [id, hours],
  );
}

onEachDatabase('awareness', {}, (database) => {
  let db: Db;
  let mine: string;
  beforeEach(async () => {
    db = database.db;
    mine = (await running(db)).item.id;
  });

  it('[awa-1] tells of what runs and what is parked, with the latest plan of each, the newest change first', async () => {
    const runs = (await running(db)).item.id;
    const parked = (await running(db)).item.id;
    await submitted(db); // queued: nobody is at it
    for (const plan of ['the first plan', 'the second plan']) await record(db, runs, plan, { entryType: 'plan' });
    await db.query("update animus.work_items set state = 'waiting', updated_at = now() where id = $1", [parked]);
    const { active, whole } = await lists(db, mine);
    assert.deepEqual(active, [parked, runs]);
    assert.deepEqual(
      whole.active.map(({ plan, waits_for }) => [plan, waits_for]),
      [
        [null, 'its turn'],
        ['the second plan', null],
      ],
    );
  });

  it('[awa-2] tells of what came to its end, well or not, with its summary, the newest first', async () => {
    const ends: [string, string][] = [];
    for (const [end, success] of [
      ['done', true],
      ['failed', false],
      ['dead', false],
    ] as const) {
      const { id } = (await running(db)).item;
      const outcome = { ...OUTCOME, success, summary: `It is ${end}.` };
      await db.transaction((tx) => (end === 'dead' ? buryItem(tx, id, outcome) : completeItem(tx, id, outcome)));
      ends.unshift([id, end]);
    }
    const { whole } = await lists(db, mine);
    assert.deepEqual((await lists(db, mine, { max_recent_completed: 1 })).completed, [ends[0]?.[0]]);
    assert.deepEqual(
      whole.completed.map(({ work_item_id, end, summary }) => [work_item_id, end, summary]),
      ends.map(([id, end]) => [id, end, `It is ${end}.`]),
    );
  });

  it('[awa-3] tells of the findings of other faculties, and of no other entries', async () => {
    const other = await submitted(db, { faculty: 'coder' });
    await record(db, other, 'a finding', { data: { files: ['src/a.ts', 7, { no: 'name' }] } });
    for (const entryType of ['plan', 'decision', 'step', 'error', 'note'] as const) {
      await record(db, other, `a ${entryType}`, { entryType });
    }
    const { findings, whole } = await lists(db, mine);
    assert.deepEqual(findings, ['a finding']);
    assert.deepEqual([whole.findings[0]?.faculty, whole.findings[0]?.files], ['coder', ['src/a.ts']]);
  });

  it('[awa-4] never tells of the item itself, nor of what is below it unless that is wanted', async () => {
    const [below, beside] = [await child(db, mine), await child(db, await submitted(db))];
    const deeper = await child(db, below);
    for (const id of [mine, below, deeper, beside]) await record(db, id, `of ${id}`);
    const told = await lists(db, mine);
    assert.deepEqual([told.active, told.findings], [[beside], [`of ${beside}`]]);
    const all = await lists(db, mine, { include_child_work: true });
    assert.deepEqual(all.active.toSorted(), [below, deeper, beside].toSorted());
    assert.deepEqual(all.findings.toSorted(), [below, deeper, beside].map((id) => `of ${id}`).toSorted());
    // A child is told of its parent and of that one's other children.
    const second = await child(db, mine);
    assert.deepEqual((await lists(db, below)).active.toSorted(), [mine, second, beside].toSorted());
  });

  it('[awa-5] tells of nothing that ended or was found before the lookback', async () => {
    const { id } = (await running(db)).item;
    await db.query(
      `insert into animus.work_ledger (id, work_item_id, faculty, seq, entry_type, content, created_at)
       values ($1, $2, 'coder', 1, 'finding', 'long ago', now() - interval '3 hours')`,
      [uuidv7(), id],
    );
    await db.transaction((tx) => completeItem(tx, id, OUTCOME));
    await age(db, id, 3);
    const within = await lists(db, mine, { lookback_hours: 4 });
    assert.deepEqual([within.completed, within.findings], [[id], ['long ago']]);
    const after = await lists(db, mine, { lookback_hours: 2 });
    assert.deepEqual([after.completed, after.findings, after.text], [[], [], '']);
  });

  it('[awa-6] tells of nothing where it is switched off, and leaves out a list whose limit is 0', async () => {
    const other = (await running(db)).item.id;
    await record(db, other, 'a finding');
    assert.deepEqual(await buildDigest(db, await viewerOf(db, mine), settings({ enabled: false })), {
      ...{ text: '', tokens: 0 },
      lists: { active: [], completed: [], findings: [] },
    });
    const { active, findings } = await lists(db, mine, { max_running: 0 });
    assert.deepEqual([active, findings], [[], ['a finding']]);
  });

  it('tells of its own place alone', async () => {
    const elsewhere = await submitted(db, { place: OTHER_PLACE });
    await db.query("update animus.work_items set state = 'running' where id = $1", [elsewhere]);
    await record(db, elsewhere, 'elsewhere');
    assert.equal((await lists(db, mine)).text, '');
  });

  it('puts first what names a file of the task, then its own tree, then what shares a word, then the newest', async () => {
    await db.query('update animus.work_items set description = $2 where id = $1', [
      mine,
      'Make the parser in src/parser.ts faster.',
    ]);
    const [tree, other] = [await child(db, await child(db, mine)), await submitted(db)];
    await db.query('update animus.work_items set parent_id = null, depth = 0 where id = $1', [tree]);
    await record(db, other, 'the file src/parser.ts:12 is read twice');
    await record(db, tree, 'something of the tree');
    await record(db, other, 'a Parser can be generated');
    await record(db, other, 'older, of something else');
    await record(db, other, 'newer, of something else');
    assert.deepEqual((await lists(db, mine)).findings, [
      'the file src/parser.ts:12 is read twice',
      'something of the tree',
      'a Parser can be generated',
      'newer, of something else',
      'older, of something else',
    ]);
    assert.deepEqual((await lists(db, mine, { max_recent_findings: 1 })).findings.length, 1);
  });

  it('keeps a digest as it was', async () => {
    const { lease } = await running(db);
    const digest = { focusId: lease.focusId, text: '== AWARENESS ==', data: { findings: [] }, tokens: 4 };
    await db.transaction((tx) => insertDigest(tx, digest));
    const { builtAt, ...kept } = (await readDigest(db, lease.focusId)) ?? {};
    assert.deepEqual(kept, digest);
    assert.ok(builtAt instanceof Date);
    assert.equal(await readDigest(db, uuidv7()), undefined);
  });

  it('stays within its tokens, and reads no table from end to end, at 10,000 items and 100,000 entries', async function () {
    this.timeout(180_000);
    await insertManyRows(db, { items: 10_000, entriesEach: 10 });
    const { focusId } = await openFocus(db, ['src/module-3.ts']);
    await record(db, idOfRow(33), 'see src/module-3.ts');
    const plain = { place: PLACE, workspace: WORKSPACE, item: null };
    for (const statistics of ['without statistics', 'with them']) {
      const watched = watchingPlans(db);
      for (const viewer of [await viewerOf(db, idOfRow(20)), await viewerOf(db, mine), plain]) {
        const { text, tokens, lists: told } = await buildDigest(watched, viewer, settings());
        assert.ok(tokens <= 1500 && tokens > 1000 && text.length <= 6000, `${tokens}`);
        assert.ok(told.active.length > 3 && told.completed.length > 3 && told.findings.length > 3);
        assert.deepEqual((await buildDigest(db, viewer, settings())).text, text);
        assert.ok((await buildDigest(db, viewer, settings({ max_tokens: 200 }))).tokens <= 200);
        assert.ok(await remarkOnFindings(watched, focusId, viewer, settings()));
      }
      await buildDigest(watched, plain, settings({ include_child_work: true }));
      await buildDigest(watched, { ...plain, place: OTHER_PLACE }, settings({ max_recent_findings: 0 }));
      const wasteful = watched.reads.filter(({ rows, endToEnd }) => endToEnd || rows > MOST_ROWS_READ);
      assert.deepEqual(wasteful, [], statistics);
      if (statistics === 'without statistics') await db.exec('analyze animus.work_items; analyze animus.work_ledger');
    }
    // What it looks for can be found.
    const watched = watchingPlans(db);
    await watched.query("select 1 from animus.work_items where description like '%nowhere%'");
    await watched.query("select 1 from animus.work_ledger where entry_type = 'finding' and length(content) = 7");
    assert.ok(watched.reads.some(({ rows, endToEnd }) => endToEnd && rows > 10_000));
    assert.ok(watched.reads.every(({ rows }) => rows > MOST_ROWS_READ));
  });
});

/** A focus with its first message, which has read these files. */
async function openFocus(db: Db, files: readonly string[]) {
  await submitted(db);
  const { lease, item: own } = await claimed(db);
  const focus = { id: lease.focusId, workItemId: own.id };
  await db.transaction(async (tx) => {
    const content = { blocks: [] };
    await insertMessage(tx, focus.id, { n: 1, turn: 0, block: 0, role: 'user', kind: 'task', content });
    await insertDigest(tx, { focusId: focus.id, text: '', data: { findings: [] }, tokens: 0 });
    for (const [position, path] of files.entries()) {
      const id = uuidv7();
      const call = { turn: 1, position, providerCallId: `c${position}`, name: 'read_file', input: { path } };
      await insertToolCall(tx, focus, { id, ...call });
      await finishToolCall(tx, id, 'done', { content: '', is_error: false });
    }
  });
  return { focusId: focus.id, viewer: { place: PLACE, workspace: WORKSPACE, item: own } };
}

onEachDatabase('remarks', {}, (database) => {
  let db: Db;
  let other: string;
  let n = 1;
  beforeEach(async () => {
    db = database.db;
    other = await submitted(db, { priority: -1 });
    n = 1;
  });

  type Opened = Awaited<ReturnType<typeof openFocus>>;
  const look = ({ focusId, viewer }: Opened) => remarkOnFindings(db, focusId, viewer, settings());

  /** Looks and records, as the close of a turn does. */
  async function turn(opened: Opened) {
    const remark = await look(opened);
    n += 1;
    const message = { turn: n, block: 0, role: 'user' as const };
    const results = { ...message, n: n * 2, kind: 'tool_results' as const, content: { blocks: [] } };
    await db.transaction(async (tx) => {
      await insertMessage(tx, opened.focusId, results);
      if (!remark) return;
      const { findings, lookedTo } = remark;
      const content = { blocks: [], findings, ...(lookedTo ? { looked_to: lookedTo.toISOString() } : {}) };
      await insertMessage(tx, opened.focusId, { ...message, n: n * 2 + 1, kind: 'remark', content });
    });
    return remark?.findings ?? [];
  }

  it('tell once of a finding that names a file which was read, and of no other', async () => {
    const opened = await openFocus(db, ['src/a.ts']);
    assert.equal(await look(opened), undefined);
    await record(db, opened.viewer.item.id, 'my own about src/a.ts');
    await record(db, other, 'about src/b.ts');
    await record(db, other, 'a note about src/a.ts', { entryType: 'note' });
    const told = await record(db, other, 'see src/a.ts:3');
    const byReference = await record(db, other, 'see there', { data: { files: ['./src/a.ts'] } });
    assert.deepEqual(await turn(opened), [told, byReference]);
    assert.deepEqual(await turn(opened), []);
  });

  it('tell of three at most in one turn, the oldest first, and of the others in the next ones', async () => {
    const opened = await openFocus(db, ['src/a.ts']);
    const ids: string[] = [];
    for (let count = 0; count < 7; count += 1) ids.push(await record(db, other, `${count} in src/a.ts`));
    assert.deepEqual(
      [await turn(opened), await turn(opened), await turn(opened), await turn(opened)],
      [...[ids.slice(0, 3), ids.slice(3, 6), ids.slice(6), []]],
    );
  });

  it('miss nothing that was found before a message which closed a turn without a look', async () => {
    const opened = await openFocus(db, ['src/a.ts']);
    const id = await record(db, other, 'see src/a.ts');
    const message = { n: 2, turn: 1, block: 0, role: 'user', kind: 'remark' } as const;
    await db.transaction((tx) => insertMessage(tx, opened.focusId, { ...message, content: { blocks: [] } }));
    await db.query(
      "update animus.focus_messages set created_at = now() + interval '5 minutes' where focus_id = $1 and n = 2",
      [opened.focusId],
    );
    assert.deepEqual(await turn(opened), [id]);
  });

  it('do not repeat what the digest told', async () => {
    const opened = await openFocus(db, ['src/a.ts']);
    const id = await record(db, other, 'see src/a.ts');
    await db.query('update animus.awareness_digests set data = $2::jsonb where focus_id = $1', [
      opened.focusId,
      JSON.stringify({ findings: [{ entry_id: id }] }),
    ]);
    assert.deepEqual(await turn(opened), []);
  });

  it('[awa-5] do not tell of what was found before the focus began, or before the lookback', async () => {
    await record(db, other, 'see src/a.ts');
    const opened = await openFocus(db, ['src/a.ts']);
    const later = `update animus.focus_messages set created_at = now() + $2 * interval '1 minute' where focus_id = $1`;
    await db.query(later, [opened.focusId, 5]);
    assert.equal(await look(opened), undefined);
    await db.query(later, [opened.focusId, -5]);
    assert.ok(await look(opened));
    const brief = settings({ lookback_hours: 1e-9 });
    assert.equal(await remarkOnFindings(db, opened.focusId, opened.viewer, brief), undefined);
  });
});

onEachDatabase('remarks at once', { connections: 'several' }, (database) => {
  it('tell of a finding whose transaction began before a look and ended after it', async () => {
    const { db } = database;
    const other = await submitted(db, { priority: -1 });
    const opened = await openFocus(db, ['src/a.ts']);
    const held = await holdTransaction(await database.connect());
    const id = uuidv7();
    const entry = { id, workItemId: other, focusId: null, faculty: 'coder', entryType: 'finding', data: {} } as const;
    await appendEntry(held.tx, { ...entry, content: 'see src/a.ts' });
    const look = () => remarkOnFindings(db, opened.focusId, opened.viewer, settings());
    assert.equal(await look(), undefined);
    const results = { role: 'user', kind: 'tool_results' } as const;
    const message = { ...results, n: 2, turn: 1, block: 0, content: { blocks: [] } };
    await db.transaction((tx) => insertMessage(tx, opened.focusId, message));
    await held.commit();
    // By its time alone it came before the look.
    const [late] = await db.query<{ before: boolean }>(
      `select l.created_at < m.created_at as before from animus.work_ledger l, animus.focus_messages m
       where l.id = $1 and m.focus_id = $2 and m.n = 2`,
      [id, opened.focusId],
    );
    assert.equal(late?.before, true);
    assert.deepEqual((await look())?.findings, [id]);
  });
});
