/** Approvals, rules, decisions of hooks and accepted folders, on both databases. */
import assert from 'node:assert/strict';
import type { RecordedCall } from '../../src/host/engine/engage/types.ts';
import { retryLater } from '../../src/host/engine/focus/ending.ts';
import { readModelHooks } from '../../src/host/engine/focus/hook-records.ts';
import { DbJournal } from '../../src/host/engine/focus/journal.ts';
import { moveWork } from '../../src/host/engine/focus/move.ts';
import { decideCall } from '../../src/host/engine/permissions/decide-approval.ts';
import { parsePattern } from '../../src/host/engine/permissions/pattern.ts';
import { Redactor } from '../../src/host/engine/redaction/redactor.ts';
import { acceptFolder, readAcceptedFolders } from '../../src/host/store/acceptance/accepted-folders.ts';
import {
  askApproval,
  findApprovals,
  pendingApprovals,
  readApproval,
  readApprovalOfCall,
} from '../../src/host/store/approvals/approvals.ts';
import { rulesForFocus, rulesOfPlace } from '../../src/host/store/approvals/permission-rules.ts';
import { insertCut, readContextCuts, readPrefixBreaks } from '../../src/host/store/foci/cuts.ts';
import { readFocus } from '../../src/host/store/foci/foci.ts';
import { readHookRuns } from '../../src/host/store/foci/hook-runs.ts';
import { insertMessage } from '../../src/host/store/foci/messages.ts';
import { insertToolCall, readToolCalls } from '../../src/host/store/foci/tool-calls.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { losing } from '../support/database-faults.ts';
import { pauseBeforeCommit, untilBlockedBy } from '../support/database-interleaving.ts';
import { onEachDatabase } from '../support/databases.ts';
import { OTHER_PLACE, running, stateOf } from './work-rows.ts';

/** Where calls are decided: nobody's faculty has a rule. */
const HERE = { workspace: '/w', rulesOf: () => [] };

type NewRow = Parameters<typeof insertMessage>[2];

onEachDatabase('approvals and hooks', {}, (database) => {
  async function asked(command = 'git push') {
    const { db } = database;
    const { item, lease } = await running(db);
    const [id, callId] = [uuidv7(), uuidv7()];
    const call = { id: callId, turn: 1, position: 0, providerCallId: 'a', name: 'run_command', input: { command } };
    await db.transaction((tx) => insertToolCall(tx, { id: lease.focusId, workItemId: item.id }, call));
    const approval = {
      ...{ id, workItemId: item.id, focusId: lease.focusId, toolCallId: callId, tool: 'run_command' },
      ...{ subject: { kind: 'command', text: command }, input: { command }, inputHash: 'one', preview: null },
    };
    await db.transaction((tx) => askApproval(tx, approval));
    return { item, lease, approval };
  }

  const allow = { verdict: 'allow', scope: 'once', pattern: null, reason: null, by: 'cli' } as const;

  it('asks once for a call, and anew where its arguments are others', async () => {
    const { db } = database;
    const { item, approval } = await asked();
    await db.transaction((tx) => askApproval(tx, { ...approval, id: uuidv7() }));
    const [kept, ...others] = await pendingApprovals(db, item.place, 10);
    assert.deepEqual([kept?.id, kept?.input, others], [approval.id, { command: 'git push' }, []]);
    assert.ok(kept);
    assert.equal(await decideCall(db, kept, allow, HERE), 1);
    await db.transaction((tx) => askApproval(tx, { ...approval, id: uuidv7() }));
    assert.equal((await readApproval(db, approval.id))?.state, 'allowed');
    await db.transaction((tx) =>
      askApproval(tx, { ...approval, id: uuidv7(), inputHash: 'two', input: { command: 'x' } }),
    );
    const again = await readApprovalOfCall(db, approval.toolCallId);
    assert.deepEqual([again?.state, again?.decidedBy, again?.input], ['pending', null, { command: 'x' }]);
    // Nobody who saw the one before answers this one.
    assert.notEqual(again?.id, approval.id);
    assert.equal(await decideCall(db, kept, allow, HERE), 0);
  });

  it('of work that moved, or of an attempt that is over, decides nothing and leaves no rule', async () => {
    const { db } = database;
    const parsed = parsePattern('run_command(git *)');
    assert.ok(parsed.kind === 'pattern');
    const rule = { ...allow, scope: 'rule', pattern: parsed.pattern } as const;
    for (const end of ['move', 'attempt'] as const) {
      const { item, lease, approval } = await asked();
      const [kept] = await pendingApprovals(db, item.place, 10);
      assert.equal(kept?.id, approval.id);
      if (end === 'move') {
        await moveWork(db, { id: item.id, to: OTHER_PLACE, from: 'mill:/old', target: 'mill:/new', by: 'a test' });
      } else {
        await retryLater(db, lease, 60_000, { kind: 'test', message: 'It failed.' });
      }
      for (const decision of [allow, rule]) assert.equal(await decideCall(db, kept, decision, HERE), 0, end);
      assert.equal((await readApproval(db, approval.id))?.state, 'pending');
      assert.deepEqual([await rulesOfPlace(db, item.place), await rulesOfPlace(db, OTHER_PLACE)], [[], []]);
      assert.deepEqual(await pendingApprovals(db, item.place, 10), []);
    }
  });

  it('finds one by its first or last digits, in its own place alone', async () => {
    const { item, approval } = await asked();
    const digits = approval.id.replaceAll('-', '');
    for (const text of [approval.id, digits.slice(-8), digits.slice(0, 20)]) {
      assert.deepEqual(
        (await findApprovals(database.db, item.place, text)).map(({ id }) => id),
        [approval.id],
      );
    }
    assert.deepEqual(await findApprovals(database.db, uuidv7(), approval.id), []);
  });

  it('keeps rules of a focus apart from those of the place', async () => {
    const { db } = database;
    const { item, lease, approval } = await asked();
    const kept = await readApproval(db, approval.id);
    assert.ok(kept);
    const pattern = { text: 'run_command(git *)', tool: 'run_command', argument: 'git *' };
    await decideCall(db, kept, { ...allow, scope: 'focus', pattern }, HERE);
    const here = { workItemId: item.id, focusId: lease.focusId };
    assert.deepEqual(
      (await rulesForFocus(db, here)).map((rule) => rule.pattern),
      ['run_command(git *)'],
    );
    assert.deepEqual(await rulesForFocus(db, { ...here, focusId: uuidv7() }), []);
    assert.deepEqual(await rulesOfPlace(db, item.place), []);
  });

  it('goes with the transcript of its focus', async () => {
    const { db } = database;
    const { approval } = await asked();
    await db.query('delete from animus.tool_calls where id = $1', [approval.toolCallId]);
    assert.equal(await readApproval(db, approval.id), undefined);
  });

  it('writes decisions of hooks, their messages and breaks once, however often the answer is lost', async () => {
    const lossy = losing(database.db, ['after commit', 'after commit']);
    const { lease } = await running(database.db);
    const journal = new DbJournal(lossy, lease, 'written/m', new Redactor());
    await journal.load();
    const facts = { hook: 'guard', reason: null, exitCode: 0, stderrTail: '', durationMs: 1.6 };
    const run = {
      id: uuidv7(),
      event: 'BeforeLLMCall',
      outcome: 'modified',
      patch: { system: 'S' },
      ...facts,
    } as const;
    const kept = { turn: 1, runs: [run], messages: ['Mind the herons.'], breaks: { system: 'S', model: 'a/b' } };
    assert.deepEqual(
      (await journal.keepModelHooks(kept)).map(({ kind, turn }) => [kind, turn]),
      [['hook', 1]],
    );
    const runs = await readHookRuns(database.db, lease.focusId, 'BeforeLLMCall', 1);
    assert.deepEqual(
      runs.map(({ id, output, turn, durationMs }) => [id, output, turn, durationMs]),
      [[run.id, { system: 'S' }, 1, 2]],
    );
    const cuts = await readPrefixBreaks(database.db, lease.focusId);
    assert.deepEqual(
      cuts.map(({ n, kind }) => [n, kind]),
      [
        [1, 'system_patch'],
        [2, 'model_patch'],
      ],
    );
    const { sent, runs: again } = await readModelHooks(database.db, lease.focusId, 1);
    assert.deepEqual([sent, again[0]?.patch], [{ system: 'S', model: 'a/b' }, { system: 'S' }]);
    assert.deepEqual((await readModelHooks(database.db, lease.focusId, 2)).runs, []);
    await journal.keepHookRuns(2, [{ ...run, id: uuidv7(), purpose: 'summary' }]);
    assert.deepEqual((await readModelHooks(database.db, lease.focusId, 2)).runs, [], 'those of a summary are apart');
    assert.equal((await readHookRuns(database.db, lease.focusId, 'BeforeLLMCall summary', 2)).length, 1);
    await journal.keepHookRuns(1, [{ ...run, id: uuidv7(), event: 'AfterTurn', outcome: 'marked', patch: null }]);
    assert.deepEqual([await journal.hasHookRuns(1), await journal.hasHookRuns(2)], [true, false]);
  });

  it('a cut that makes room beside what hooks added is made for the open turn, once, and paid once', async () => {
    const { db } = database;
    const { lease } = await running(db);
    const task = { n: 1, turn: 0, block: 0, role: 'user', kind: 'task', content: { blocks: [] } } satisfies NewRow;
    await db.transaction((tx) => insertMessage(tx, lease.focusId, task));
    const journal = new DbJournal(losing(db, [undefined, 'after commit']), lease, 'written/m', new Redactor());
    await journal.load();
    await journal.keepModelHooks({ turn: 1, runs: [], messages: ['Mind the herons.'], breaks: {} });
    const usage = { input: 10, cacheRead: 0, cacheWrite: 0, output: 1, reasoning: 0 };
    const cut = {
      kind: 'summary',
      turn: 1,
      fromN: 2,
      measuredTokens: 9,
      summary: 'In short.',
      spent: { usage },
    } as const;
    await journal.recordCut(cut);
    const cuts = await readContextCuts(db, lease.focusId);
    assert.deepEqual(
      cuts.map(({ n, turn, kind }) => [n, turn, kind]),
      [[1, 1, 'summary']],
    );
    assert.equal((await readFocus(db, lease.focusId))?.usage.input, 10);
  });

  it('a break that a hook makes in the turn in which another model took over is kept beside it', async () => {
    const { db } = database;
    const { lease } = await running(db);
    const journal = new DbJournal(db, lease, 'written/m', new Redactor());
    await journal.load();
    await db.transaction((tx) => insertCut(tx, lease.focusId, 'model_patch', { from: 'a/b', to: 'written/m' }));
    await journal.keepModelHooks({ turn: 1, runs: [], messages: [], breaks: { model: 'c/d' } });
    const { sent } = await readModelHooks(db, lease.focusId, 2);
    assert.equal(sent.model, 'c/d');
  });

  it("stores a call's effective input and raw result before its result, each once", async () => {
    const { db } = database;
    const { lease } = await running(db);
    const journal = new DbJournal(
      ...([db, lease, 'written/m', new Redactor(), undefined, undefined, undefined, undefined, 'child'] as const),
    );
    await journal.load();
    const usage = { input: 1, cacheRead: 0, cacheWrite: 0, output: 1, reasoning: 0 };
    const blocks = [{ type: 'tool_use' as const, id: 'a', name: 'act', input: { text: 'asked' } }];
    const { calls } = await journal.recordAnswer({ turn: 1, blocks, stopReason: { kind: 'tool_use' }, usage });
    const [call] = calls;
    assert.ok(call);
    await journal.keepInput(call, { text: 'patched' }, []);
    await journal.startCall(call, 'write');
    await journal.keepRaw(call, { content: 'raw', isError: false });
    const open = await new DbJournal(db, lease, 'written/m', new Redactor()).load();
    const [resumed] = open.callsOfLastTurn;
    assert.deepEqual(
      [resumed?.caller, resumed?.effectiveInput, resumed?.raw],
      ['child', { text: 'patched' }, { content: 'raw', isError: false }],
    );
    await journal.finishCall(call, 'done', { content: 'changed', isError: false });
    const [stored] = await readToolCalls(db, lease.focusId);
    assert.deepEqual([stored?.rawResult?.content, stored?.result?.content, stored?.state], ['raw', 'changed', 'done']);
  });

  it('keeps accepted folders by their content, the newest first', async () => {
    const { db } = database;
    const place = uuidv7();
    for (const hash of ['a', 'b', 'a']) await acceptFolder(db, { place, kind: 'hook', name: 'guard', hash, by: 'cli' });
    assert.deepEqual(
      (await readAcceptedFolders(db, place, 'hook')).map(({ hash }) => hash),
      ['a', 'b'],
    );
    assert.deepEqual(await readAcceptedFolders(db, place, 'skill'), []);
  });
});

onEachDatabase('a decision while the focus parks', { connections: 'several' }, (database) => {
  async function asking() {
    const { db } = database;
    const { item, lease } = await running(db);
    const [id, callId] = [uuidv7(), uuidv7()];
    const facts = { id: callId, turn: 1, position: 0, providerCallId: 'a', name: 'run_command', input: {} };
    await db.transaction((tx) => insertToolCall(tx, { id: lease.focusId, workItemId: item.id }, facts));
    const call: RecordedCall = { ...facts, caller: 'model', started: false, waiting: false, result: null };
    const row = { id, workItemId: item.id, focusId: lease.focusId, toolCallId: callId, tool: 'run_command' };
    const approval = { ...row, subject: null, input: {}, inputHash: 'one', preview: null };
    const park = (journal: DbJournal) =>
      journal.settleCalls([
        {
          call,
          async evaluate(_stored, tx) {
            if ((await readApprovalOfCall(tx, callId))?.state === 'allowed') return { kind: 'ready' };
            await askApproval(tx, approval);
            return { kind: 'wait', wait: { kind: 'approval', targets: [id], mode: null, wakeInMs: null } };
          },
        },
      ]);
    return { item, lease, approval, park };
  }

  const allow = { verdict: 'allow', scope: 'once', pattern: null, reason: null, by: 'cli' } as const;

  it('waits for the park, and wakes the item', async () => {
    const { db } = database;
    const { item, lease, approval, park } = await asking();
    // A question that was asked before, so that there is something to decide while the focus parks.
    await db.transaction((tx) => askApproval(tx, approval));
    const parker = pauseBeforeCommit(await database.connect());
    const parking = park(new DbJournal(parker.db, lease, 'written/m', new Redactor()));
    const pid = await parker.reached;
    const kept = await readApproval(db, approval.id);
    assert.ok(kept);
    const deciding = decideCall(db, kept, allow, HERE);
    await untilBlockedBy(db, pid);
    parker.resume();
    assert.deepEqual([await parking, await deciding], [{ kind: 'parked', waitsFor: 'approval' }, 1]);
    assert.equal(await stateOf(db, item.id), 'queued');
  });

  it('that comes first lets the call run without a park', async () => {
    const { db } = database;
    const { item, lease, approval, park } = await asking();
    await db.transaction((tx) => askApproval(tx, approval));
    const kept = await readApproval(db, approval.id);
    assert.ok(kept);
    const decider = pauseBeforeCommit(await database.connect());
    const deciding = decideCall(decider.db, kept, allow, HERE);
    const pid = await decider.reached;
    const parking = park(new DbJournal(db, lease, 'written/m', new Redactor()));
    await untilBlockedBy(db, pid);
    decider.resume();
    assert.equal(await deciding, 1);
    assert.deepEqual(await parking, { kind: 'ready', results: new Map() });
    assert.equal(await stateOf(db, item.id), 'running');
  });
});
