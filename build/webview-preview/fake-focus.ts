/** Plays the extension for a focus editor, in the page: `?data=running|done|long|scripted|hostile|asks|approval|folded|task`. */
import type { FromFocusView, ToFocusView } from '../../src/protocol/webview.ts';
import { installFakeApi } from './fake-api.ts';
import { HOSTILE_TEXTS } from './hostile-texts.ts';
import { asking, decided, sampleChange } from './sample-decisions.ts';
import { folded, type SampleFocus, sampleFocus } from './sample-focus.ts';

const { send, parameters } = installFakeApi<FromFocusView, ToFocusView>(answer);
const data = parameters.get('data') ?? 'running';
const shown = sampleFor(data);

function sampleFor(name: string): SampleFocus {
  if (name === 'task') return sampleFocus({ turns: 0, isRunning: true });
  if (name === 'folded') return folded(decided(sampleFocus({ turns: 10, isRunning: true })));
  if (name === 'approval') return asking(decided(sampleFocus({ turns: 10, isRunning: true })));
  const turns = name === 'long' ? 240 : name === 'running' ? 10 : 9;
  const isRunning = name === 'running';
  const isAnswering = parameters.get('live') !== null;
  const sample = decided(sampleFocus({ turns, isRunning, lastCallRuns: isRunning && !isAnswering }));
  if (name === 'scripted') playScript(sample);
  if (name === 'hostile') plantHostile(sample);
  if (name === 'asks') ask(sample);
  return sample;
}

/** As the host tells of a script: it has no context that fills, and nothing that it costs. */
function playScript({ focus, messages }: SampleFocus): void {
  const limits = { ...focus.limits, context_tokens: null };
  Object.assign(focus, { scripted: true, model: 'scripted/demo', cost_usd: 0, limits });
  for (const message of messages) message.cost_usd = null;
}

/** Parked, since half a dollar was spent, with all work below. */
function ask({ focus, item }: SampleFocus): void {
  const limits = { ...focus.limits, cost_usd: 0.5, spent_usd: 0.47 };
  Object.assign(focus, { status: 'parked', phase: 'engage', ended_at: null, limits });
  Object.assign(item, { state: 'waiting', outcome: null, resolved_at: null });
  const text =
    'The budget of this work is used up: of $0.50 it has spent $0.47, and the next answer may cost up to $0.06. Shall it go on?';
  item.wait = { kind: 'budget', targets: [focus.id], next: text };
  item.question = {
    ...{ id: focus.id, short_id: focus.short_id, work_item_id: item.id, focus_id: focus.id },
    ...{ kind: 'budget', text, choices: ['Raise the limit to $1.00 and go on', 'Stop here'] },
    ...{ answer: null, answered_by: null, created_at: item.created_at, answered_at: null },
  };
}

/** Texts that would do something, wherever a model or a tool can put one. */
function plantHostile(sample: SampleFocus): void {
  const { messages, tool_calls, hook_runs, entries, item } = sample;
  const all = HOSTILE_TEXTS.join('\n\n');
  item.description = all;
  ask(sample);
  if (item.question) item.question.text = all;
  for (const message of messages) message.content = { ...message.content, blocks: [{ type: 'text', text: all }] };
  for (const call of tool_calls) {
    Object.assign(call, { name: HOSTILE_TEXTS[0], input: { text: all }, result: { content: all, is_error: false } });
  }
  for (const entry of entries) entry.content = all;
  for (const run of hook_runs) {
    const patch = { [all.slice(0, 500)]: all, model: all, tools_removed: [all], messages: [all] };
    Object.assign(run, {
      name: all,
      reason: all,
      stderr_tail: all,
      patch,
      outcome: 'modified',
      event: 'BeforeLLMCall',
    });
  }
  for (const call of tool_calls) if (call.approval) Object.assign(call.approval, { reason: all, decided_by: all });
}

function hostileChange() {
  const lines = HOSTILE_TEXTS.flatMap((text) => text.split('\n'));
  return {
    path: lines.join('/'),
    diff: `@@ -1,9 +1,9 @@\n${lines.map((line) => `-${line}x\n+${line}y`).join('\n')}\n`,
  };
}

function answer(message: FromFocusView): void {
  if (message.type === 'load_change') {
    const change = sampleChange(shown, message.call_id);
    if (change && data === 'hostile') Object.assign(change, hostileChange());
    send({ type: 'change', call_id: message.call_id, change, problem: change ? null : 'There is no such change.' });
  }
  if (message.type !== 'ready') return;
  send({ type: 'state', state: { kind: 'ready', message: '', actions: [] } });
  send({ type: 'reset', ...shown });
  if (data !== 'running' || parameters.get('live') === null) return;
  const turn = 11;
  send({ type: 'delta', turn, kind: 'turn_start', text: '' });
  send({ type: 'delta', turn, kind: 'text', text: 'All 12 pass. Before I call it done I run the whole suite ' });
  send({ type: 'delta', turn, kind: 'text', text: 'once in **each zone**, and then' });
  send({ type: 'delta', turn, kind: 'tool_call', text: 'run_command' });
}
