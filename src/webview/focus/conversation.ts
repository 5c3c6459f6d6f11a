/** The turns of a focus, from its recorded messages and tool calls. A turn is one answer of the model and what it called. */
import type { FocusView, HookRunView, MessageView, ToolCallView } from '../../protocol/focus.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { isObject } from '../shared/outline.ts';
import { groupHooks, type HookGroup } from './hooks.ts';

/** Tokens. `input` is the whole prompt, what the provider had cached included. */
export type Usage = {
  input: number;
  cacheRead: number;
  cacheWrite: number;
  output: number;
  /** Nobody counted them. */
  estimated: boolean;
};

export type Turn = {
  /** 0 is the task that the focus began with. */
  turn: number;
  block: number;
  messages: MessageView[];
  /** What the model said; for turn 0, what it was told. */
  text: string;
  /** What the engine or a person said in between. */
  remarks: string[];
  calls: ToolCallView[];
  /** What hooks did about its request, its calls and after it. */
  hooks: HookGroup[];
  usage: Usage | null;
  /** Dollars; null where the price is unknown or there is none. */
  cost: number | null;
  /** Milliseconds of the clock: when the model was asked, when it had answered, when the last call had ended. */
  startedAt: number;
  answeredAt: number;
  endedAt: number;
};

export function buildTurns(
  focus: Pick<FocusView, 'started_at'>,
  messages: readonly MessageView[],
  calls: readonly ToolCallView[],
  hookRuns: readonly HookRunView[] = [],
): Turn[] {
  const turns: Turn[] = [];
  let before = Date.parse(focus.started_at);
  for (const message of messages) {
    const at = Date.parse(message.created_at);
    let turn = turns.at(-1);
    if (turn?.turn !== message.turn) {
      turn = emptyTurn(message, before);
      turns.push(turn);
    }
    addMessage(turn, message, at);
    before = at;
  }
  const byTurn = new Map(turns.map((turn) => [turn.turn, turn]));
  for (const call of calls) addCall(byTurn.get(call.turn), call);
  for (const group of groupHooks(hookRuns)) byTurn.get(group.turn)?.hooks.push(group);
  for (const { calls: own } of turns) own.sort((a, b) => a.position - b.position);
  return turns;
}

function emptyTurn({ turn, block }: MessageView, startedAt: number): Turn {
  const times = { startedAt, answeredAt: startedAt, endedAt: startedAt };
  return { turn, block, messages: [], text: '', remarks: [], calls: [], hooks: [], usage: null, cost: null, ...times };
}

function addMessage(turn: Turn, message: MessageView, at: number): void {
  turn.messages.push(message);
  turn.endedAt = Math.max(turn.endedAt, at);
  const text = textOf(message);
  if (message.role === 'assistant') {
    turn.text = joined(turn.text, text);
    turn.usage = usageOf(message) ?? turn.usage;
    if (message.cost_usd !== null) turn.cost = (turn.cost ?? 0) + message.cost_usd;
    turn.answeredAt = at;
  } else if (message.turn === 0) {
    turn.text = joined(turn.text, text);
    turn.answeredAt = at;
  } else if (message.kind !== 'tool_results' && text !== '') turn.remarks.push(text);
}

/** What is not about one of its calls: before its request, or after it. */
export function hooksOfTurn({ hooks, calls }: Turn, isAfter: boolean): HookGroup[] {
  return hooks.filter(({ callId, runs }) => {
    return !calls.some(({ id }) => id === callId) && (runs[0]?.event === 'AfterTurn') === isAfter;
  });
}

export function hooksOfCall({ hooks }: Turn, { id }: Pick<ToolCallView, 'id'>): HookGroup[] {
  return hooks.filter(({ callId }) => callId === id);
}

function addCall(turn: Turn | undefined, call: ToolCallView): void {
  if (!turn) return;
  turn.calls.push(call);
  const end = endOfCall(call);
  if (end !== null) turn.endedAt = Math.max(turn.endedAt, end);
}

export function endOfCall({ started_at, duration_ms }: ToolCallView): number | null {
  return started_at === null || duration_ms === null ? null : Date.parse(started_at) + duration_ms;
}

function textOf({ content }: MessageView): string {
  const { blocks } = content;
  if (!Array.isArray(blocks)) return '';
  return blocks.flatMap((block) => (isText(block) ? [block.text] : [])).join('\n\n');
}

function isText(block: JsonValue): block is { type: 'text'; text: string } {
  return isObject(block) && block.type === 'text' && typeof block.text === 'string';
}

function usageOf({ content }: MessageView): Usage | null {
  const { usage } = content;
  if (!isObject(usage)) return null;
  const count = (name: Exclude<keyof Usage, 'estimated'>) => (typeof usage[name] === 'number' ? usage[name] : 0);
  return {
    input: count('input'),
    cacheRead: count('cacheRead'),
    cacheWrite: count('cacheWrite'),
    output: count('output'),
    estimated: usage.estimated === true,
  };
}

function joined(a: string, b: string): string {
  return a === '' || b === '' ? a + b : `${a}\n\n${b}`;
}
