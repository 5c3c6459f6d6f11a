/** What a focus did to files, as rows: stored with the start, applied with the result, taken back where a person says so. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Db } from '../../src/host/db/types.ts';
import type { Claimed } from '../../src/host/engine/dispatch/claim.ts';
import { turnsOnly } from '../../src/host/engine/engage/limits.ts';
import { runCall } from '../../src/host/engine/engage/run-call.ts';
import type { RecordedCall } from '../../src/host/engine/engage/types.ts';
import { DbJournal } from '../../src/host/engine/focus/journal.ts';
import { Redactor } from '../../src/host/engine/redaction/redactor.ts';
import { editFile } from '../../src/host/engine/tools/edit-file.ts';
import { readFile } from '../../src/host/engine/tools/read-file.ts';
import { undoChange } from '../../src/host/engine/tools/undo-change.ts';
import { writeFile } from '../../src/host/engine/tools/write-file.ts';
import { listFileChanges } from '../../src/host/store/foci/file-changes.ts';
import { cancelOpenFoci } from '../../src/host/store/foci/foci.ts';
import { readKnownFile } from '../../src/host/store/foci/known-files.ts';
import { pruneOldest } from '../../src/host/store/foci/prune.ts';
import { readToolCalls } from '../../src/host/store/foci/tool-calls.ts';
import { onEachDatabase } from '../support/databases.ts';
import { ALL_ALLOWED, NO_HOOKS } from '../support/engine-loop.ts';
import { claimed, PLACE, registered, submitted } from './work-rows.ts';

const SECRET = 'hunter2-hunter2';
const USAGE = { input: 1, cacheRead: 0, cacheWrite: 0, output: 1, reasoning: 0 };

onEachDatabase('changes of files', {}, (database) => {
  /** None where the test was skipped. */
  let root: string | undefined;
  let workspace = '';

  beforeEach(() => {
    root = realpathSync(mkdtempSync(path.join(tmpdir(), 'animus-changes-')));
    workspace = path.join(root, 'w');
    mkdirSync(workspace);
  });
  afterEach(() => {
    if (root !== undefined) rmSync(root, { recursive: true, force: true });
    root = undefined;
  });

  const onDisk = (file: string) => readFileSync(path.join(workspace, file), 'utf8');
  const put = (file: string, text: string) => writeFileSync(path.join(workspace, file), text);

  /** A focus whose model asks for these calls in one turn. */
  async function focusOf(db: Db, asked: [name: string, input: object][]) {
    const { hostId } = await registered(db);
    await submitted(db);
    const claim = await claimed(db, hostId);
    const redactor = new Redactor();
    redactor.add('environment', SECRET);
    const journal = new DbJournal(db, claim.lease, 'scripted/demo', redactor);
    await journal.load();
    const blocks = asked.map(([name, input], at) => ({
      type: 'tool_use' as const,
      id: `c${at}`,
      name,
      input: { ...input },
    }));
    const { calls } = await journal.recordAnswer({ turn: 1, blocks, stopReason: { kind: 'tool_use' }, usage: USAGE });
    return { claim, journal, calls, run: (call: RecordedCall) => run(db, claim, journal, call) };
  }

  async function run(db: Db, { lease }: Claimed, journal: DbJournal, call: RecordedCall) {
    const known = async (file: string) => {
      const found = await readKnownFile(db, lease.focusId, file);
      return found && { path: file, sha256: found.sha256, text: found.content };
    };
    const context = { ...lease, faculty: 'general', workspace, knownFile: known };
    const tools = new Map([readFile, writeFile, editFile].map((tool) => [tool.name, tool]));
    const result = await runCall(
      {
        ...{ tools, journal, context, abort: new AbortController().signal, hooks: NO_HOOKS, permissions: ALL_ALLOWED },
        limits: turnsOnly(1),
      },
      call,
    );
    assert.ok('content' in result);
    return result;
  }

  const undo = async (db: Db, at: number, workItemId: string) => {
    const change = (await listFileChanges(db, workItemId))[at];
    assert.ok(change);
    return undoChange({ db, workspace, closedFolder: undefined, change, by: 'cli' });
  };

  it('are there once their calls have results, with what was before', async () => {
    const { db } = database;
    put('a.txt', 'one\n');
    const focus = await focusOf(db, [
      ['read_file', { path: 'a.txt' }],
      ['edit_file', { path: 'a.txt', old_string: 'one', new_string: 'two' }],
      ['write_file', { path: 'b.txt', content: 'new\n' }],
      ['edit_file', { path: 'a.txt', old_string: 'nowhere', new_string: 'x' }],
    ]);
    const results = [];
    for (const call of focus.calls) results.push((await focus.run(call)).isError);
    assert.deepEqual(results, [false, false, false, true]);
    const changes = await listFileChanges(db, focus.claim.item.id);
    assert.deepEqual(
      changes.map(({ path: file, beforeContent, undoable, diff }) => [file, beforeContent, undoable, diff.trimEnd()]),
      [
        ['a.txt', 'one\n', true, '@@ -1,1 +1,1 @@\n-one\n+two'],
        ['b.txt', null, true, '@@ -0,0 +1,1 @@\n+new'],
      ],
    );
  });

  it('[F1] of a call that was cut off are settled by what the file is', async () => {
    const { db } = database;
    for (const [state, expected] of [
      ['before', ['done', 'mine\n', 1]],
      ['after', ['done', 'mine\n', 1]],
      ['other', ['interrupted', 'theirs\n', 0]],
    ] as const) {
      rmSync(path.join(workspace, 'a.txt'), { force: true });
      const focus = await focusOf(db, [['write_file', { path: 'a.txt', content: 'mine\n' }]]);
      const [call] = focus.calls;
      assert.ok(call && writeFile.kind === 'world');
      const context = { ...focus.claim.lease, faculty: 'general', workspace, knownFile: async () => undefined };
      const signal = new AbortController().signal;
      const planned = await writeFile.plan?.(call.input, { ...context, signal });
      assert.ok(planned?.kind === 'plan');
      await focus.journal.startCall(call, 'write', planned.plan);
      if (state !== 'before') put('a.txt', state === 'after' ? 'mine\n' : 'theirs\n');
      const { isError } = await focus.run({ ...call, started: true });
      const end = isError ? 'interrupted' : 'done';
      const count = (await listFileChanges(db, focus.claim.item.id)).length;
      assert.deepEqual([end, onDisk('a.txt'), count], expected, state);
    }
  });

  it('[F22] of a call that had begun when its work was cancelled are in doubt, and those that had not are cancelled', async () => {
    const { db } = database;
    const focus = await focusOf(db, [
      ['write_file', { path: 'a.txt', content: 'mine\n' }],
      ['read_file', { path: 'b.txt' }],
      ['write_file', { path: 'c.txt', content: 'kept\n' }],
      ['write_file', { path: 'd.txt', content: 'never\n' }],
    ]);
    const planOf = (file: string) => ({ path: file, before: null, after: { sha256: 'ab' }, diff: '+x\n' });
    const [begun, read, known] = focus.calls;
    assert.ok(begun && read && known);
    await focus.journal.startCall(begun, 'write', planOf('a.txt'));
    await focus.journal.startCall(read, 'read');
    // Its hooks have not seen the result yet.
    await focus.journal.startCall(known, 'write', planOf('c.txt'));
    await focus.journal.keepRaw(known, { content: 'Created c.txt.', isError: false });
    await db.transaction((tx) => cancelOpenFoci(tx, [focus.claim.item.id]));
    const calls = await readToolCalls(db, focus.claim.focus.id);
    assert.deepEqual(
      calls.map(({ state, endedAt }) => [state, endedAt !== null]),
      [
        ['interrupted', true],
        ['cancelled', true],
        ['cancelled', true],
        ['cancelled', true],
      ],
    );
    const changes = await listFileChanges(db, focus.claim.item.id);
    assert.deepEqual(
      changes.map(({ path: file }) => file),
      ['c.txt'],
    );
  });

  it('can be undone, the newest first, and each once', async () => {
    const { db } = database;
    put('a.txt', '\ufeffone\r\n');
    const focus = await focusOf(db, [
      ['read_file', { path: 'a.txt' }],
      ['edit_file', { path: 'a.txt', old_string: 'one', new_string: 'two' }],
      ['edit_file', { path: 'a.txt', old_string: 'two', new_string: 'three' }],
      ['write_file', { path: 'new.txt', content: 'new\n' }],
    ]);
    for (const call of focus.calls) await focus.run(call);
    const { id } = focus.claim.item;
    const early = await undo(db, 0, id);
    assert.ok(early.kind === 'impossible');
    assert.match(early.reason, /changed again since\. Undo the later changes first/);
    assert.deepEqual(
      [await undo(db, 2, id), await undo(db, 1, id), await undo(db, 0, id)].map(({ kind }) => kind),
      ['undone', 'undone', 'undone'],
    );
    assert.equal(onDisk('a.txt'), '\ufeffone\r\n');
    assert.throws(() => onDisk('new.txt'), /ENOENT/);
    assert.equal((await undo(db, 0, id)).kind, 'undone_before');
  });

  it('is made or undone, where the two meet, and never both in one file', async () => {
    const { db } = database;
    for (let round = 0; round < 5; round += 1) {
      put('a.txt', 'one\ntwo\n');
      const focus = await focusOf(db, [
        ['read_file', { path: 'a.txt' }],
        ['edit_file', { path: 'a.txt', old_string: 'one', new_string: 'ONE' }],
        ['edit_file', { path: 'a.txt', old_string: 'two', new_string: 'TWO' }],
      ]);
      const [look, first, second] = focus.calls;
      assert.ok(look && first && second);
      await focus.run(look);
      await focus.run(first);
      const [made, undone] = await Promise.all([focus.run(second), undo(db, 0, focus.claim.item.id)]);
      assert.equal(undone.kind === 'undone', made.isError, made.content);
      assert.equal(onDisk('a.txt'), made.isError ? 'one\ntwo\n' : 'ONE\nTWO\n');
      await db.query("update animus.foci set status = 'completed', ended_at = now()");
      await db.query("update animus.work_items set state = 'completed'");
    }
  });

  it('[S15] with a secret in what was before keep none of it, and cannot be undone', async () => {
    const { db } = database;
    put('a.txt', `key=${SECRET}\nx=1\n`);
    const focus = await focusOf(db, [
      ['read_file', { path: 'a.txt' }],
      ['edit_file', { path: 'a.txt', old_string: 'x=1', new_string: 'x=2' }],
    ]);
    for (const call of focus.calls) assert.equal((await focus.run(call)).isError, false);
    assert.equal(onDisk('a.txt'), `key=${SECRET}\nx=2\n`);
    const refused = await undo(db, 0, focus.claim.item.id);
    assert.ok(refused.kind === 'impossible');
    for (const table of ['file_changes', 'known_files', 'tool_calls']) {
      const [row] = await db.query<{ text: string }>(`select string_agg(t::text, ' ') as text from animus.${table} t`);
      assert.ok(row && !row.text.includes(SECRET), table);
    }
  });

  it('go with the transcript of their focus', async () => {
    const { db } = database;
    const focus = await focusOf(db, [['write_file', { path: 'a.txt', content: 'x\n' }]]);
    for (const call of focus.calls) await focus.run(call);
    await db.query("update animus.foci set status = 'completed', ended_at = now() - interval '1 day'");
    await db.query("update animus.work_items set state = 'completed'");
    await pruneOldest(db, { places: [PLACE], olderThanDays: 0, limit: 10 });
    for (const table of ['file_changes', 'known_files']) {
      assert.deepEqual(await db.query(`select 1 as x from animus.${table}`), [], table);
    }
  });
});
