/** What is told of a focus's calls besides their own rows: hooks, decisions, changes. On both databases. */
import assert from 'node:assert/strict';
import type { ApiContext, Session } from '../../src/host/api/context.ts';
import { ledgerHandlers } from '../../src/host/api/handlers/ledger.ts';
import { HOOK_RUNS, viewHookRuns } from '../../src/host/api/hook-run-views.ts';
import type { Db } from '../../src/host/db/types.ts';
import { askApproval, decideApproval, decisionsOfFocus } from '../../src/host/store/approvals/approvals.ts';
import {
  applyFileChange,
  countFileChanges,
  markUndone,
  planFileChange,
} from '../../src/host/store/foci/file-changes.ts';
import { type HookRun, insertHookRun, listTurnHookRuns } from '../../src/host/store/foci/hook-runs.ts';
import { insertMessage } from '../../src/host/store/foci/messages.ts';
import { insertToolCall } from '../../src/host/store/foci/tool-calls.ts';
import { hookRunView } from '../../src/protocol/focus.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { onEachDatabase } from '../support/databases.ts';
import { running } from './work-rows.ts';

const NO_SESSION = {} as unknown as Session;

onEachDatabase('what is told of calls', {}, (database) => {
  async function focusWithCall(db: Db) {
    const { item, lease } = await running(db);
    const call = { id: uuidv7(), turn: 1, position: 0, providerCallId: 'a', name: 'write_file', input: {} };
    await db.transaction((tx) => insertToolCall(tx, { id: lease.focusId, workItemId: item.id }, call));
    return { focusId: lease.focusId, workItemId: item.id, callId: call.id };
  }

  const keep = (db: Db, run: Partial<HookRun> & Pick<HookRun, 'focusId'>) =>
    db.transaction((tx) =>
      insertHookRun(tx, {
        ...{ id: uuidv7(), event: 'BeforeToolCall', name: 'guard', run: 1, outcome: 'allowed', exitCode: 0 },
        ...{ output: null, stderrTail: '', durationMs: 3, turn: 1, toolCallId: null, reason: null, ...run },
      }),
    );

  it('are the runs of engage hooks from a turn on, in order, without those of phases', async () => {
    const { db } = database;
    const { focusId, callId } = await focusWithCall(db);
    await keep(db, { focusId, event: 'orient', turn: null, output: { secret: 'of a phase' } });
    await keep(db, { focusId, toolCallId: callId, outcome: 'blocked', reason: 'Not there.' });
    await keep(db, { focusId, turn: 2, event: 'BeforeLLMCall', outcome: 'modified', output: { system: 'S' } });
    await keep(db, { focusId, turn: 3, event: 'AfterTurn' });
    const listed = (fromTurn: number, most = 10, throughTurn: number | null = null) =>
      listTurnHookRuns(db, focusId, { fromTurn, throughTurn, most, longestOutput: 100 });
    const from = async (...asked: Parameters<typeof listed>) => (await listed(...asked)).runs;
    assert.deepEqual(
      (await from(0)).map(({ turn, event, toolCallId, reason, output }) => [turn, event, toolCallId, reason, output]),
      [
        [1, 'BeforeToolCall', callId, 'Not there.', null],
        [2, 'BeforeLLMCall', null, null, { system: 'S' }],
        [3, 'AfterTurn', null, null, null],
      ],
    );
    assert.deepEqual(
      (await from(2)).map(({ turn }) => turn),
      [2, 3],
    );
    assert.deepEqual(
      (await from(0, 2)).map(({ turn }) => turn),
      [2, 3],
      'of too many the newest',
    );
    assert.deepEqual(
      (await from(0, 2, 2)).map(({ turn }) => turn),
      [1, 2],
      'of those that are asked for',
    );
    assert.deepEqual(
      [(await listed(0, 2)).isCut, (await listed(0, 2, 2)).isCut, (await listed(0)).isCut],
      [true, false, false],
    );
    for (const view of viewHookRuns(await from(0))) hookRunView.parse(view);
  });

  it('leave a long patch in its row, and say how long it is', async () => {
    const { db } = database;
    const { focusId } = await focusWithCall(db);
    await keep(db, { focusId, event: 'BeforeLLMCall', outcome: 'modified', output: { system: 'x'.repeat(500) } });
    const asked = { fromTurn: 0, throughTurn: null, most: 10, longestOutput: 100 };
    const [run] = (await listTurnHookRuns(db, focusId, asked)).runs;
    assert.equal(run?.output, null);
    assert.ok((run?.outputLength ?? 0) > 500);
  });

  it('are on the page of their turns, however many come after them; where a page lacks some it says so', async () => {
    const { db } = database;
    const { focusId } = await focusWithCall(db);
    const text = 'x'.repeat(1024 * 1024);
    for (let turn = 0; turn < 6; turn += 1) {
      const content = { blocks: [{ type: 'text', text }] };
      const message = { n: turn + 1, turn, block: 0, role: 'user', kind: 'remark', content } as const;
      await db.transaction((tx) => insertMessage(tx, focusId, message));
    }
    await keep(db, { focusId, turn: 1 });
    await db.query(
      `insert into animus.hook_runs (id, focus_id, event, name, run, outcome, output, stderr_tail, duration_ms, turn)
       select gen_random_uuid(), $1, 'AfterTurn', 'metrics', 1, 'allowed', null, '', 1, 4 from generate_series(1, $2)`,
      [focusId, HOOK_RUNS.most + 1],
    );
    const context = { database: async () => db, costOf: () => null } as unknown as ApiContext;
    const read = (after_n: number) =>
      ledgerHandlers['focus/read'](context, { id: focusId, after_n, calls_from_turn: 0 }, NO_SESSION);
    const first = await read(0);
    assert.deepEqual(
      first.hook_runs.map(({ turn, name }) => [turn, name]),
      [[1, 'guard']],
    );
    assert.equal(first.hook_runs_left_out, false);
    const last = await read(5);
    assert.deepEqual([last.next_after_n, last.hook_runs.length], [null, HOOK_RUNS.most]);
    assert.equal(last.hook_runs_left_out, true);
  });

  it('are what a person said of a call', async () => {
    const { db } = database;
    const { focusId, workItemId, callId } = await focusWithCall(db);
    const id = uuidv7();
    const asked = { tool: 'write_file', subject: null, input: {}, inputHash: 'one', preview: 'long'.repeat(100) };
    await db.transaction((tx) => askApproval(tx, { id, focusId, workItemId, toolCallId: callId, ...asked }));
    const told = async () =>
      (await decisionsOfFocus(db, focusId)).map(({ decidedAt, ...decision }) => [decision, decidedAt !== null]);
    const none = { scope: null, reason: null, decidedBy: null };
    assert.deepEqual(await told(), [[{ id, toolCallId: callId, state: 'pending', ...none }, false]]);
    const said = { state: 'denied', scope: 'focus', reason: 'no', by: 'vscode' } as const;
    await db.transaction((tx) => decideApproval(tx, id, said));
    const denied = { state: 'denied', scope: 'focus', reason: 'no', decidedBy: 'vscode' };
    assert.deepEqual(await told(), [[{ id, toolCallId: callId, ...denied }, true]]);
  });

  it('are how many lines a call changes, planned, applied and undone', async () => {
    const { db } = database;
    const { focusId, workItemId, callId } = await focusWithCall(db);
    const diff = '@@ -1,2 +1,3 @@\n-one\n+++ two\n+-three\n+\n same + and -\n';
    const plan = { path: 'a.txt', beforeSha256: 'x', beforeContent: 'one\n', undoable: true, afterSha256: 'y', diff };
    await db.transaction((tx) => planFileChange(tx, { toolCallId: callId, focusId, workItemId, ...plan }));
    const told = async () =>
      (await countFileChanges(db, focusId)).map((change) => [
        ...[change.toolCallId, change.added, change.removed],
        ...[change.isApplied, change.undoneAt !== null],
      ]);
    assert.deepEqual(await told(), [[callId, 3, 1, false, false]]);
    await db.transaction((tx) => applyFileChange(tx, callId));
    assert.deepEqual(await told(), [[callId, 3, 1, true, false]]);
    await db.transaction((tx) => markUndone(tx, callId, 'cli'));
    assert.deepEqual(await told(), [[callId, 3, 1, true, true]]);
  });
});
