import assert from 'node:assert/strict';
import { type FocusRows, focusPage, messagePage } from '../../../src/host/api/focus-page.ts';
import { fitting, jsonBytes, PAGE_BYTES } from '../../../src/host/api/page.ts';
import { costMicros } from '../../../src/host/llm/prices.ts';
import type { ListedHookRun, ListedHookRuns } from '../../../src/host/store/foci/hook-runs.ts';
import type { StoredMessage } from '../../../src/host/store/foci/messages.ts';
import type { ToolCall } from '../../../src/host/store/foci/tool-calls.ts';
import { MAX_FRAME_BYTES } from '../../../src/protocol/versions.ts';

const MIB = 1024 * 1024;
const AT = new Date(0);

function message(n: number, size: number): StoredMessage {
  const content = { blocks: [{ type: 'text', text: 'x'.repeat(size) }] };
  return { n, turn: n, block: 0, role: 'user', kind: 'tool_results', content, formatVersion: 1, createdAt: AT };
}

function call(turn: number, size: number): ToolCall {
  return {
    ...{ id: `call-${turn}`, turn, position: 0, providerCallId: 'x', name: 'read_file', effect: 'read' },
    ...{ caller: 'model', effectiveInput: null, rawResult: null },
    ...{ input: { path: 'a' }, state: 'done', result: { content: 'x'.repeat(size), is_error: false } },
    ...{ requestedAt: AT, startedAt: AT, endedAt: AT },
  };
}

function hookRun(turn: number, size: number): ListedHookRun {
  return {
    ...{ id: '018bcfe5-6800-7000-8000-0123456789ab', event: 'BeforeToolCall', name: 'guard', turn },
    ...{ outcome: 'modified', output: { tool_input: 'x'.repeat(size) }, outputLength: size, exitCode: 0 },
    ...{ stderrTail: 'x'.repeat(2000), reason: null, durationMs: 5, toolCallId: `call-${turn}`, createdAt: AT },
  };
}

const listed = (runs: ListedHookRun[], isCut = false): ListedHookRuns => ({ runs, isCut });

const pageOf = (messages: readonly StoredMessage[], calls: readonly ToolCall[], more: Partial<FocusRows> = {}) =>
  focusPage(messagePage(messages, costMicros), { calls, hookRuns: listed([]), decisions: [], changes: [], ...more });

describe('a page', () => {
  it('has as many items as fit, by their bytes of JSON, and one at least', () => {
    assert.deepEqual(fitting(['aa', 'bb', 'cc'], 8), ['aa', 'bb']);
    assert.deepEqual(fitting(['aa', 'bb'], 7), ['aa']);
    assert.deepEqual(fitting(['long', 'b'], 1), ['long']);
    assert.deepEqual(fitting(['\n\n', 'b'], 8), ['\n\n'], 'escapes count');
    assert.deepEqual(fitting([], 1), []);
  });

  it('of a focus ends with a message, has the calls up to its turn, and says where it goes on', () => {
    const messages = [1, 2, 3, 4].map((n) => message(n, MIB));
    const calls = [1, 2, 3, 4].map((turn) => call(turn, 10));
    const first = pageOf(messages, calls);
    assert.deepEqual([first.messages.length, first.next_after_n, first.tool_calls.length], [2, 2, 2]);
    const second = pageOf(messages.slice(2), calls);
    assert.deepEqual([second.messages.length, second.next_after_n, second.tool_calls.length], [2, null, 4]);
  });

  it('of a focus says what each answer cost, where that is known', () => {
    const usage = { input: 1000, cacheRead: 600, cacheWrite: 100, output: 50, reasoning: 10 };
    const answer = (n: number, model: string, size = 10): StoredMessage => {
      const { content, ...rest } = message(n, size);
      return { ...rest, role: 'assistant', kind: 'assistant', content: { ...content, model, usage } };
    };
    const models = ['anthropic/claude-sonnet-4-6', 'scripted/demo', 'anthropic/claude-of-tomorrow'];
    const { messages } = pageOf([message(1, 10), ...models.map((model, at) => answer(at + 2, model))], []);
    assert.deepEqual(
      messages.map(({ cost_usd }) => cost_usd),
      [null, 0.002205, null, null],
    );
    const [huge] = pageOf([answer(1, 'anthropic/claude-sonnet-4-6', 9 * MIB)], []).messages;
    assert.equal(huge?.cost_usd, 0.002205, 'also of an answer that is too long to send');
  });

  it('of a focus has what was thought, and not what its provider proves it by', () => {
    const thought = { type: 'thinking', text: 'Hm.', model: 'anthropic/claude', opaque: { signature: 'abc' } };
    const call = { type: 'tool_use', id: 'c', name: 'ask', input: { opaque: 1 }, opaque: 'its own' };
    const { messages } = pageOf([{ ...message(1, 1), content: { blocks: [thought, call, 'odd'], more: 1 } }], []);
    const { opaque: _, ...shown } = thought;
    assert.deepEqual(messages[0]?.content, { blocks: [shown, call, 'odd'], more: 1 });
  });

  it('of a focus leaves the texts of its oldest calls out where they do not fit', () => {
    const { tool_calls } = pageOf(
      [],
      [1, 2, 3, 4].map((turn) => call(turn, MIB)),
    );
    assert.deepEqual(
      tool_calls.map(({ turn, result }) => [turn, result?.content.startsWith('[left out of this answer: ')]),
      [
        [1, true],
        [2, true],
        [3, false],
        [4, false],
      ],
    );
  });

  it('of a focus has what hooks, people and files say of its calls', () => {
    const messages = [1, 2, 3].map((n) => message(n, 2 * MIB));
    const decidedAt = new Date(1);
    const said = { id: 'a', state: 'allowed', scope: 'once', reason: null, decidedBy: 'cli', decidedAt } as const;
    const change = { beforeSha256: null, added: 2, removed: 0, isApplied: true, undoable: true, undoneAt: null };
    const page = pageOf(messages, [call(1, 1), call(2, 1)], {
      hookRuns: listed([hookRun(1, 10)], true),
      decisions: [{ ...said, toolCallId: 'call-1' }],
      changes: [{ ...change, toolCallId: 'call-1' }],
    });
    assert.deepEqual(
      page.hook_runs.map(({ turn, outcome, tool_call_id }) => [turn, outcome, tool_call_id]),
      [[1, 'modified', 'call-1']],
    );
    assert.equal(page.hook_runs_left_out, true);
    const [first] = page.tool_calls;
    assert.deepEqual(first?.approval, {
      ...{ id: 'a', state: 'allowed', scope: 'once', reason: null, decided_by: 'cli' },
      decided_at: decidedAt.toISOString(),
    });
    assert.deepEqual(first?.change, {
      ...{ kind: 'created', added: 2, removed: 0, applied: true, undoable: true, undone_at: null },
    });
    const [bare] = pageOf([], [call(1, 1)]).tool_calls;
    assert.deepEqual([bare?.approval, bare?.change], [null, null]);
  });

  it('of a focus leaves the texts of the oldest hook runs out where they do not fit', () => {
    const hookRuns = Array.from({ length: 100 }, (_, turn) => hookRun(turn, 10_000));
    const { hook_runs, hook_runs_left_out } = pageOf([], [], { hookRuns: listed(hookRuns) });
    assert.deepEqual([hook_runs.length, hook_runs_left_out], [100, false]);
    assert.deepEqual([hook_runs[0]?.patch, hook_runs[0]?.patch_length], [null, 10_000]);
    assert.notEqual(hook_runs.at(-1)?.patch, null);
  });

  it('of a focus fits into a message, whatever there is', () => {
    const runs = Array.from({ length: 1000 }, (_, turn) => hookRun(turn, 15_000));
    const id = '018bcfe5-6800-7000-8000-0123456789ab';
    const said = {
      state: 'denied',
      scope: 'focus',
      reason: 'x'.repeat(2000),
      decidedBy: 'vscode',
      decidedAt: AT,
    } as const;
    for (const [messages, calls] of [
      [[message(1, 20 * MIB)], [call(1, 20 * MIB)]],
      [Array.from({ length: 20_000 }, (_, n) => message(n, 1)), Array.from({ length: 30_000 }, (_, n) => call(n, 500))],
    ] as const) {
      const decisions = calls.map((call) => ({ id, toolCallId: call.id, ...said }));
      const change = { beforeSha256: null, added: 1, removed: 1, isApplied: true, undoable: true, undoneAt: AT };
      const changes = calls.map((call) => ({ toolCallId: call.id, ...change }));
      assert.ok(jsonBytes(pageOf(messages, calls, { hookRuns: listed(runs), decisions, changes })) < MAX_FRAME_BYTES);
    }
    assert.ok(2 * PAGE_BYTES < MAX_FRAME_BYTES);
  });
});
