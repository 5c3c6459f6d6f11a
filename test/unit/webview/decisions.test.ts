/** What the focus editor shows of hooks, of people's decisions and of changes to files. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { HOSTILE_TEXTS } from '../../../build/webview-preview/hostile-texts.ts';
import { asking, decided, sampleChange } from '../../../build/webview-preview/sample-decisions.ts';
import { folded, sampleFocus } from '../../../build/webview-preview/sample-focus.ts';
import type { CallApprovalView, HookRunView } from '../../../src/protocol/focus.ts';
import { type ToFocusView, toFocusView } from '../../../src/protocol/webview.ts';
import { approvalWord, decidedWhere, isAsking } from '../../../src/webview/focus/approvals.ts';
import { buildTurns, hooksOfCall, hooksOfTurn } from '../../../src/webview/focus/conversation.ts';
import { diffLines } from '../../../src/webview/focus/diff-lines.ts';
import {
  blockerOf,
  eventWord,
  groupHooks,
  hookHue,
  hookLine,
  hookWord,
  worstOf,
} from '../../../src/webview/focus/hooks.ts';
import { mergeHookRuns } from '../../../src/webview/focus/merge.ts';
import { buildSteps } from '../../../src/webview/focus/steps.ts';
import { buildTimeline } from '../../../src/webview/focus/timeline.ts';
import { callSign, withoutStrings } from '../../../src/webview/focus/tools.ts';

const sample = decided(sampleFocus({ turns: 10, isRunning: false }));
const turns = buildTurns(sample.focus, sample.messages, sample.tool_calls, sample.hook_runs);
const turnOf = (turn: number) => turns.find((one) => one.turn === turn) ?? assert.fail(`no turn ${turn}`);
const [FIRST] = sample.hook_runs;

const run = (more: Partial<HookRunView>): HookRunView => {
  const plain = { outcome: 'allowed', reason: null, patch: null, patch_length: null, exit_code: 0 };
  return { ...(FIRST ?? assert.fail()), ...plain, ...more };
};

describe('what the page is sent of hooks and changes', () => {
  it('is what the protocol says', () => {
    toFocusView.parse({ type: 'reset', ...asking(decided(sampleFocus({ turns: 10, isRunning: true }))) });
    toFocusView.parse({ type: 'reset', ...folded(sample) });
    const call = sample.tool_calls.find(({ change }) => change) ?? assert.fail();
    const change = sampleChange(sample, call.id);
    const answer: ToFocusView = { type: 'change', call_id: call.id, change, problem: null };
    assert.deepEqual(toFocusView.parse(answer), answer);
  });
});

describe('hooks', () => {
  it('are grouped by what they were asked about, in order', () => {
    const [a, b] = ['018f0000-0000-7000-8000-00000000000a', '018f0000-0000-7000-8000-00000000000b'];
    const groups = groupHooks([
      run({ turn: 1, event: 'BeforeToolCall', tool_call_id: a, name: 'one' }),
      run({ turn: 1, event: 'BeforeToolCall', tool_call_id: b, name: 'one' }),
      run({ turn: 1, event: 'BeforeToolCall', tool_call_id: a, name: 'two' }),
      run({ turn: 1, event: 'AfterToolCall', tool_call_id: a, name: 'one' }),
    ]);
    assert.deepEqual(
      groups.map(({ callId, runs }) => [callId, runs.map(({ name }) => name).join()]),
      [
        [a, 'one,two'],
        [b, 'one'],
        [a, 'one'],
      ],
    );
  });

  it('stand with the turn, or with the call that they are about', () => {
    const edit = turnOf(10).calls.find(({ name }) => name === 'edit_file') ?? assert.fail();
    assert.deepEqual(
      hooksOfCall(turnOf(10), edit).map(({ runs }) => hookLine(runs)),
      ['protect-lockfiles allowed', 'format-ts changed the result'],
    );
    assert.deepEqual(
      [hooksOfTurn(turnOf(4), false), hooksOfTurn(turnOf(4), true)].map((groups) =>
        groups.map(({ runs }) => hookLine(runs)),
      ),
      [['house-rules added 1 message, took away web_fetch'], []],
    );
    assert.deepEqual(
      hooksOfTurn(turnOf(7), true).map(({ runs }) => hookLine(runs)),
      ['metrics failed'],
    );
  });

  it('whose call is not here stand with its turn', () => {
    const lost = run({ turn: 2, event: 'BeforeToolCall', tool_call_id: '018f0000-0000-7000-8000-0000000000ff' });
    const turn = buildTurns(sample.focus, sample.messages, [], [lost]).find((one) => one.turn === 2);
    assert.equal(hooksOfTurn(turn ?? assert.fail(), false).length, 1);
  });

  it('say what they did', () => {
    const failed = { outcome: 'marked', reason: 'it did not end within 10 ms', exit_code: null };
    const asked = { event: 'BeforeLLMCall', outcome: 'modified' };
    const all = { system: 'S', messages: ['M'], tools_removed: ['t'], model: 'a/b' };
    const ofSummary = { ...asked, event: 'BeforeLLMCall summary' };
    for (const [word, more] of [
      ['allowed', {}],
      ['blocked', { outcome: 'blocked', reason: 'no' }],
      ['changed the input', { event: 'BeforeToolCall', outcome: 'modified' }],
      ['changed the result', { event: 'AfterToolCall', outcome: 'modified', patch: { model: 'x' } }],
      ['changed the request', asked],
      ['changed the system prompt, chose a/b', { ...asked, patch: { system: 'S', model: 'a/b' } }],
      ['changed its parameters', { ...asked, patch: { temperature: 1 } }],
      ['chose a/b', { ...ofSummary, patch: all }],
      ['changed nothing that counts for a summary', { ...ofSummary, patch: { system: 'S' } }],
      ['changed the request', ofSummary],
      ['failed', failed],
      ['only looked', { outcome: 'marked' }],
      ['only looked', { event: 'AfterTurn', outcome: 'marked', reason: 'no more', exit_code: 0 }],
      ['failed', { ...failed, event: 'AfterTurn' }],
      ['of a later version', { outcome: 'of a later version' }],
    ] as const) {
      assert.equal(hookWord(run(more)), word);
    }
    assert.equal(eventWord(ofSummary.event), 'before a summary');
  });

  it('have the sign of the one that weighs most', () => {
    const runs = ['allowed', 'blocked', 'modified'].map((outcome) => run({ outcome }));
    assert.equal(worstOf(runs)?.outcome, 'blocked');
    assert.equal(worstOf([]), undefined);
    assert.deepEqual(
      ['allowed', 'modified', 'marked', 'blocked'].map((outcome) => hookHue({ outcome })),
      ['idle', 'running', 'you', 'dead'],
    );
  });

  it('name the one that blocked a call', () => {
    const runs = [run({ name: 'first' }), run({ name: 'guard', outcome: 'blocked' })];
    assert.equal(blockerOf({ state: 'blocked' }, runs)?.name, 'guard');
    assert.equal(blockerOf({ state: 'done' }, runs), undefined);
  });

  it('[S12] put nothing but text of one line into a row', () => {
    for (const text of HOSTILE_TEXTS) {
      const patch = { model: text, tools_removed: [text, text] };
      const line = hookLine([run({ name: text, event: 'BeforeLLMCall', outcome: 'modified', patch })]);
      assert.doesNotMatch(line, /[\p{Cc}\p{Bidi_Control}]/u);
      assert.ok(line.length < 600);
    }
  });

  it('come once each, in order of their turns and times', () => {
    const runs = sample.hook_runs;
    const [last] = runs.slice(-1);
    const merged = mergeHookRuns(runs.slice(0, 2), last ? [last, ...runs] : []);
    assert.equal(merged.length, runs.length);
    assert.ok(merged.every(({ turn }, at) => turn >= (merged[at - 1]?.turn ?? 0)));
  });

  it('are rows of the steps under what they are about, once their turn is open', () => {
    const rowsOf = (unfolded: string[]) =>
      buildSteps(sample.focus, turns, null, { toggledBlocks: new Set(), unfoldedTurns: new Set(unfolded) });
    assert.ok(rowsOf([]).every(({ kind }) => kind !== 'hook'));
    const rows = rowsOf(['turn:7', 'turn:10']);
    const inside = (turn: number) => {
      const from = rows.findIndex(({ key }) => key === `turn:${turn}`) + 1;
      const to = rows.findIndex(({ kind }, at) => at >= from && kind !== 'call' && kind !== 'hook');
      return rows
        .slice(from, to)
        .map((row) => (row.kind === 'call' ? row.call.name : row.kind === 'hook' && row.group.runs[0]?.name));
    };
    assert.deepEqual(inside(7), ['run_command', 'ledger_append', 'metrics']);
    assert.deepEqual(inside(10), ['read_file', 'ledger_append', 'edit_file', 'protect-lockfiles', 'format-ts']);
  });

  it('are marks of the timeline', () => {
    const { hooks } = buildTimeline({ ...sample, turns, live: null, now: 0 });
    assert.equal(hooks.length, groupHooks(sample.hook_runs).length);
    assert.ok(hooks.every(({ time }) => time >= Date.parse(sample.focus.started_at)));
  });
});

describe('approvals of calls', () => {
  const approval = (more: Partial<CallApprovalView>): CallApprovalView => {
    const pending = { state: 'pending', scope: null, reason: null, decided_by: null, decided_at: null } as const;
    return { id: '018f0000-0000-7000-8000-00000000000a', ...pending, ...more };
  };

  it('say what was decided, for how much, and where', () => {
    for (const [word, more] of [
      ['waiting for your approval', {}],
      ['allowed once', { state: 'allowed', scope: 'once' }],
      ['allowed for this focus', { state: 'allowed', scope: 'focus' }],
      ['allowed by a rule for all work here', { state: 'allowed', scope: 'rule' }],
      ['denied', { state: 'denied', scope: 'once' }],
      ['denied for this focus', { state: 'denied', scope: 'focus' }],
    ] as const) {
      assert.equal(approvalWord(approval(more)), word);
    }
    assert.equal(approvalWord(null), null);
    assert.deepEqual(
      ['vscode', 'cli', 'api\u202e', null].map((decided_by) => decidedWhere(approval({ decided_by }))),
      ['by a person, in VS Code', 'by a person, on the command line', 'by api\\u202e', ''],
    );
  });

  it('wait for a person until the call has ended', () => {
    const state = (more: object) => isAsking({ state: 'waiting', approval: approval({}), ...more });
    assert.ok(state({}) && state({ state: 'requested' }));
    assert.ok(!state({ state: 'cancelled' }) && !state({ approval: null }) && !state({ approval: undefined }));
    assert.ok(!state({ approval: approval({ state: 'allowed', scope: 'once' }) }));
  });

  it('are the sign of their call; one that awaits other work asks nobody', () => {
    const call = { state: 'waiting', result: null };
    assert.equal(callSign({ ...call, approval: approval({}) }).word, 'waiting for your approval');
    assert.equal(callSign({ ...call, name: 'ask_user' }).word, 'waiting for you');
    assert.equal(callSign({ ...call, name: 'await_child_work' }).word, 'waiting for its children');
  });
});

describe('differences', () => {
  const shown = (diff: string) => diffLines(diff).map(({ kind, old, new: now, text }) => [kind, old, now, text]);

  it('have lines with their numbers, a gap between places, and no header', () => {
    assert.deepEqual(shown('@@ -3,3 +3,3 @@\n a\n-b\n+c\n d\n@@ -20,1 +20,2 @@\n x\n+y\n'), [
      ['same', 3, 3, 'a'],
      ['removed', 4, null, 'b'],
      ['added', null, 4, 'c'],
      ['same', 5, 5, 'd'],
      ['gap', null, null, '14 unchanged lines not shown'],
      ['same', 20, 20, 'x'],
      ['added', null, 21, 'y'],
    ]);
  });

  it('tell signs in a text from their own, and have notes', () => {
    assert.deepEqual(shown('@@ -1,2 +1,1 @@\n--- a\n+++ b\n\\ No newline at end of file\n[12 more characters]\n'), [
      ['removed', 1, null, '-- a'],
      ['added', null, 1, '++ b'],
      ['note', null, null, 'No newline at end of file'],
      ['note', null, null, '[12 more characters]'],
    ]);
    assert.deepEqual(diffLines(''), []);
    assert.deepEqual(shown('@@ -0,0 +1,2 @@\n+\n+@@ -1 +1 @@\n'), [
      ['added', null, 1, ''],
      ['added', null, 2, '@@ -1 +1 @@'],
    ]);
  });

  it('mark in a pair of lines what changed, and nothing where too little is the same', () => {
    const changed = (before: string, after: string) =>
      diffLines(`@@ -1,1 +1,1 @@\n-${before}\n+${after}\n`).map((line) => {
        return line.changed && line.text.slice(line.changed.from, line.changed.to);
      });
    assert.deepEqual(changed('return local(1);', 'return utc(1);'), ['local', 'utc']);
    assert.deepEqual(changed('  abc', '  xyz'), [null, null]);
    assert.deepEqual(changed('aa', 'aaa'), ['', 'a']);
    assert.deepEqual(changed('x 🙂 y', 'x 🙃 y'), ['🙂', '🙃'], 'no half of a character');
    assert.ok(diffLines('@@ -1,1 +1,2 @@\n-a b\n+a c\n+d\n').every((line) => line.changed === null));
  });

  it('leave out no line, whatever is in it', () => {
    const line = fc.tuple(fc.constantFrom('+', '-', ' '), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(fc.array(line, { minLength: 1 }), (made) => {
        const lines = made.map(([sign, text]) => [sign, text.replaceAll('\n', '')] as const);
        const told = diffLines(`@@ -1,1 +1,1 @@\n${lines.map((each) => each.join('')).join('\n')}\n`);
        assert.deepEqual(
          told.map(({ kind, text }) => [kind, text]),
          lines.map(([sign, text]) => [sign === '+' ? 'added' : sign === '-' ? 'removed' : 'same', text]),
        );
        for (const { text, changed } of told) assert.ok(!changed || (changed.from >= 0 && changed.to <= text.length));
      }),
    );
  });

  it('stand for the texts that they were made of', () => {
    assert.deepEqual(withoutStrings({ path: 'a', content: 'b', replace_all: true }), { replace_all: true });
    assert.equal(withoutStrings('text'), 'text');
  });
});
