/** What hooks, people and files add to a made-up focus: decisions about its calls, and differences that they made. */
import type { FileChangeView } from '../../src/protocol/changes.ts';
import type { CallApprovalView, HookRunView, ToolCallView } from '../../src/protocol/focus.ts';
import type { JsonObject } from '../../src/protocol/json.ts';
import type { SampleFocus } from './sample-focus.ts';
import { sampleId } from './sample-ledger.ts';

type Run = Pick<HookRunView, 'event' | 'name' | 'outcome' | 'duration_ms'> & {
  reason?: string;
  patch?: JsonObject;
  stderr?: string;
};

const lockfiles = (outcome = 'allowed', reason?: string): Run => {
  const event = 'BeforeToolCall';
  return { event, name: 'protect-lockfiles', outcome, duration_ms: 6, ...(reason ? { reason } : {}) };
};
const FORMAT: Run = {
  ...{ event: 'AfterToolCall', name: 'format-ts', outcome: 'modified', duration_ms: 812 },
  patch: { content: 'Edited src/date.ts: 2 replacements. format-ts reformatted 1 line.' },
};

const EDITED = `@@ -15,8 +15,9 @@
 import { zoneOf } from './zone.ts';
 
 
+/** First instant of the month in UTC, whatever the zone of the process. */
 export function startOfMonth(ms: number): number {
   const d = new Date(ms);
-  return new Date(d.getFullYear(), d.getMonth(), 1).getTime();
+  return Date.UTC(d.getUTCFullYear(), d.getUTCMonth(), 1);
 }
@@ -41,3 +42,3 @@
 export function label(ms: number): string {
-  return new Date(startOfMonth(ms)).toDateString();
+  return new Date(startOfMonth(ms)).toUTCString();
 }
`;

const TEST = `@@ -0,0 +1,40 @@\n${Array.from({ length: 40 }, (_, at) => `+it('is first in zone ${at}', () => check(FIXED, ZONES[${at}]));`).join('\n')}\n`;

/** The same, with decisions about it. */
export function decided(sample: SampleFocus): SampleFocus {
  addRuns(sample, { turn: 4, call: undefined }, [
    {
      ...{ event: 'BeforeLLMCall', name: 'house-rules', outcome: 'modified', duration_ms: 41 },
      patch: { messages: ['Mind the time zones.'], tools_removed: ['web_fetch'] },
    },
  ]);
  addRuns(sample, { turn: 7, call: undefined }, [
    {
      ...{ event: 'AfterTurn', name: 'metrics', outcome: 'marked', duration_ms: 4000 },
      ...{ reason: 'it did not end within 4000 ms', stderr: 'connect ECONNREFUSED 127.0.0.1:9091\n' },
    },
  ]);
  for (const call of sample.tool_calls) decideCall(sample, call);
  return sample;
}

function decideCall(sample: SampleFocus, call: ToolCallView): void {
  const { turn, name, state } = call;
  if (name === 'run_command') {
    call.approval = approval(call, { state: 'allowed', scope: turn === 2 ? 'once' : 'focus', decided_by: 'vscode' });
  }
  if (name !== 'edit_file') return;
  const isDone = state === 'done';
  addRuns(sample, { turn, call }, isDone && turn === 10 ? [lockfiles(), FORMAT] : [lockfiles()]);
  if (!isDone) return;
  const [added, removed] = turn === 6 ? [40, 0] : [3, 2];
  const kind = turn === 6 ? 'created' : 'changed';
  call.change = { kind, added, removed, applied: true, undoable: true, undone_at: null };
}

/** The newest call was refused by a hook, and one waits for a person. */
export function asking(sample: SampleFocus): SampleFocus {
  const [first, second] = sample.tool_calls.filter(({ turn }) => turn === 10);
  if (!first || !second) return sample;
  const reason = 'package-lock.json is written by npm alone. Run npm install instead.';
  Object.assign(first, {
    ...{ name: 'write_file', input: { path: 'package-lock.json', content: '{}' }, state: 'blocked', duration_ms: null },
    ...{ result: { content: `Blocked by the hook protect-lockfiles: ${reason}`, is_error: true }, started_at: null },
  });
  addRuns(sample, { turn: 10, call: first }, [lockfiles('blocked', reason)]);
  Object.assign(second, {
    ...{ name: 'run_command', input: { command: 'npm run test:zones' }, state: 'waiting', result: null },
    ...{ started_at: null, duration_ms: null },
    approval: approval(second, { state: 'pending', scope: null, decided_by: null, decided_at: null }),
  });
  sample.tool_calls = sample.tool_calls.filter((call) => call.turn < 10 || call === first || call === second);
  const kept = new Set(sample.tool_calls.map(({ id }) => id));
  sample.hook_runs = sample.hook_runs.filter((run) => run.tool_call_id === null || kept.has(run.tool_call_id));
  Object.assign(sample.focus, { status: 'parked' });
  Object.assign(sample.item, { state: 'waiting', wait: { kind: 'approval', targets: [second.id], next: 'Decide.' } });
  return sample;
}

function approval({ id, started_at }: ToolCallView, more: Partial<CallApprovalView>): CallApprovalView {
  const base = {
    id: sampleId(8, Number.parseInt(id.slice(-6), 16)),
    state: 'pending',
    scope: null,
    reason: null,
  } as const;
  return { ...base, decided_by: null, decided_at: started_at, ...more };
}

function addRuns(
  sample: SampleFocus,
  { turn, call }: { turn: number; call: ToolCallView | undefined },
  runs: Run[],
): void {
  if (!sample.messages.some((message) => message.turn === turn)) return;
  const answered = sample.messages.find((message) => message.turn === turn)?.created_at ?? sample.focus.started_at;
  for (const { reason = null, patch = null, stderr = '', ...run } of runs) {
    sample.hook_runs.push({
      ...run,
      id: sampleId(9, sample.hook_runs.length),
      turn,
      tool_call_id: call?.id ?? null,
      reason,
      patch,
      patch_length: patch && JSON.stringify(patch).length,
      exit_code: reason === null ? 0 : null,
      stderr_tail: stderr,
      created_at: run.event === 'AfterToolCall' ? endOf(call) : (call?.started_at ?? answered),
    });
  }
}

const endOf = (call: ToolCallView | undefined) =>
  new Date(Date.parse(call?.started_at ?? '') + (call?.duration_ms ?? 0)).toISOString();

/** What the host would tell of a call's change. */
export function sampleChange({ focus, tool_calls }: SampleFocus, callId: string): FileChangeView | null {
  const call = tool_calls.find(({ id }) => id === callId);
  if (!call?.change) return null;
  const { kind, added, removed, undoable, undone_at } = call.change;
  return {
    ...{ id: call.id, short_id: call.id.slice(-8), work_item_id: focus.work_item_id, focus_id: focus.id },
    ...{ path: String((call.input as JsonObject).path), kind, added, removed, undoable, undone_at },
    diff: kind === 'created' ? TEST : EDITED,
    created_at: call.started_at ?? focus.started_at,
  };
}
