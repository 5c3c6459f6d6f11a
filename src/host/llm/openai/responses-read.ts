/** Reads an answer of the Responses API: a pure step from one server-sent event to our events. */
import { cleanText } from '../clean-text.ts';
import { parseToolArguments } from '../tool-arguments.ts';
import type { CompletionRequest, CompletionResponse, ContentBlock, JsonValue, StopReason, Usage } from '../types.ts';
import type { ReadStep } from '../wire-client.ts';
import { estimateUsage } from './chat-usage.ts';
import { readErrorEvent, toWireError } from './errors.ts';
import {
  parseResponsesEvent,
  type ResponsesEvent,
  type ResponsesEventOf,
  type ResponseUsage,
  type WireItem,
  type WireResponse,
} from './responses-wire.ts';

type ProseState = {
  kind: 'text' | 'thinking';
  position: number;
  open: boolean;
  text: string;
  /** The whole item, where it is thoughts that go back as they came. */
  opaque: JsonValue | undefined;
};
type CallState = { kind: 'call'; position: number; open: boolean; id: string; name: string; json: string };
type ItemState = ProseState | CallState;

export type ResponsesReadState = {
  request: CompletionRequest;
  /** provider/name, for what the model thinks. */
  modelName: string;
  id: string | undefined;
  model: string;
  /** By the index on the wire, which counts ignored items too. */
  items: ReadonlyMap<number, ItemState>;
  usage: Usage | undefined;
  refused: boolean;
};
type Step = ReadStep<ResponsesReadState>;

export function startResponse(request: CompletionRequest, modelName: string): ResponsesReadState {
  const { model } = request;
  return { request, modelName, id: undefined, model, items: new Map(), usage: undefined, refused: false };
}

/** Reads the data of one server-sent event. */
export function readResponsesEvent(state: ResponsesReadState, data: string): Step {
  const parsed = parseResponsesEvent(data);
  switch (parsed.kind) {
    case 'unknown':
      return { state, events: [] };
    case 'malformed':
      return malformed(state, parsed.why);
    case 'error':
      return { state, events: [{ type: 'failed', error: readErrorEvent(parsed.error) }] };
    case 'event':
      return readKnown(state, parsed.event);
  }
}

function readKnown(state: ResponsesReadState, event: ResponsesEvent): Step {
  switch (event.type) {
    case 'response.created':
      return { state: withNames(state, event.response), events: [] };
    case 'response.output_item.added':
      return addItem(state, event.output_index, event.item);
    case 'response.output_item.done':
      return completeItem(state, event.output_index, event.item);
    case 'response.output_text.delta':
      return addProse(state, event.output_index, 'text', event.delta);
    case 'response.refusal.delta':
      return addProse({ ...state, refused: true }, event.output_index, 'text', event.delta);
    case 'response.reasoning_summary_part.added':
      return addParagraph(state, event.output_index);
    case 'response.reasoning_summary_text.delta':
    case 'response.reasoning_text.delta':
      return addProse(state, event.output_index, 'thinking', event.delta);
    case 'response.function_call_arguments.delta':
      return addArguments(state, event);
    case 'response.function_call_arguments.done':
      return completeArguments(state, event.output_index, event.arguments);
    case 'response.completed':
    case 'response.incomplete':
      return endResponse(state, event);
    case 'response.failed': {
      const error = event.response.error ?? {};
      const named = toWireError({ type: error.type, code: error.code, message: error.message });
      return { state, events: [{ type: 'failed', error: readErrorEvent(named) }] };
    }
  }
}

function addItem(state: ResponsesReadState, index: number, item: WireItem): Step {
  if (state.items.has(index)) return malformed(state, `item ${index} began twice`);
  const position = state.items.size;
  switch (item.type) {
    case 'message':
      return beginProse(state, index, 'text');
    case 'reasoning':
      return beginProse(state, index, 'thinking');
    case 'function_call': {
      const id = uniqueCallId(state, item.call_id ?? '', position);
      const name = cleanText(item.name ?? '');
      return {
        state: withItem(state, index, { kind: 'call', position, open: true, id, name, json: '' }),
        events: [{ type: 'tool_call_start', index: position, id, name }],
      };
    }
    default:
      return { state, events: [] };
  }
}

function beginProse(state: ResponsesReadState, index: number, kind: ProseState['kind']): Step {
  const position = state.items.size;
  return {
    state: withItem(state, index, { kind, position, open: true, text: '', opaque: undefined }),
    events: [{ type: `${kind}_start`, index: position }],
  };
}

function addProse(state: ResponsesReadState, index: number, kind: ProseState['kind'], text: string): Step {
  // A server that leaves out the beginning says by the delta what it is.
  const begun = state.items.has(index) ? { state, events: [] } : beginProse(state, index, kind);
  const item = begun.state.items.get(index);
  if (item?.kind !== kind) return malformed(state, `item ${index} is not what its delta is for`);
  if (text === '') return begun;
  return {
    state: withItem(begun.state, index, { ...item, text: item.text + text }),
    events: [...begun.events, { type: `${kind}_delta`, index: item.position, text }],
  };
}

/** A summary has parts; the first one needs nothing before it. */
function addParagraph(state: ResponsesReadState, index: number): Step {
  const item = state.items.get(index);
  return item?.kind === 'thinking' && item.text !== ''
    ? addProse(state, index, 'thinking', PARAGRAPH)
    : { state, events: [] };
}

const PARAGRAPH = '\n\n';

function addArguments(
  state: ResponsesReadState,
  event: ResponsesEventOf<'response.function_call_arguments.delta'>,
): Step {
  const item = state.items.get(event.output_index);
  if (item?.kind !== 'call') return malformed(state, `item ${event.output_index} is no call that could go on`);
  if (event.delta === '') return { state, events: [] };
  return {
    state: withItem(state, event.output_index, { ...item, json: item.json + event.delta }),
    events: [{ type: 'tool_call_delta', index: item.position, json: event.delta }],
  };
}

/** What is said in the end counts; what of it had not been streamed is told of. */
function completeArguments(state: ResponsesReadState, index: number, json: string): Step {
  const item = state.items.get(index);
  if (item?.kind !== 'call') return malformed(state, `item ${index} is no call that could end`);
  const rest = json.startsWith(item.json) ? json.slice(item.json.length) : '';
  return {
    state: withItem(state, index, { ...item, json }),
    events: rest === '' ? [] : [{ type: 'tool_call_delta', index: item.position, json: rest }],
  };
}

function completeItem(state: ResponsesReadState, index: number, item: WireItem): Step {
  const begun = state.items.has(index) ? { state, events: [] } : addItem(state, index, item);
  const known = begun.state.items.get(index);
  if (known === undefined || !known.open) return begun;
  return chain(begun, [(now) => completeContent(now, index, known, item), (now) => endItem(now, index)]);
}

function completeContent(state: ResponsesReadState, index: number, known: ItemState, item: WireItem): Step {
  if (known.kind === 'call') {
    return item.arguments ? completeArguments(state, index, item.arguments) : { state, events: [] };
  }
  const whole = known.kind === 'text' ? textOf(item) : thoughtsOf(item);
  const refused = state.refused || (item.content ?? []).some(({ refusal }) => Boolean(refusal));
  const rest = whole.startsWith(known.text) ? whole.slice(known.text.length) : '';
  const added = addProse({ ...state, refused }, index, known.kind, rest);
  const opaque = item.type === 'reasoning' && item.encrypted_content ? (item as JsonValue) : undefined;
  const now = added.state.items.get(index);
  if (now === undefined || now.kind === 'call') return added;
  return { state: withItem(added.state, index, { ...now, text: whole || now.text, opaque }), events: added.events };
}

function textOf({ content }: WireItem): string {
  return (content ?? []).map(({ text, refusal }) => text ?? refusal ?? '').join('');
}

function thoughtsOf({ summary, content }: WireItem): string {
  const parts = (summary ?? []).length > 0 ? (summary ?? []) : (content ?? []);
  return parts.map(({ text }) => text ?? '').join(PARAGRAPH);
}

function endItem(state: ResponsesReadState, index: number): Step {
  const item = state.items.get(index);
  if (item === undefined || !item.open) return { state, events: [] };
  return {
    state: withItem(state, index, { ...item, open: false }),
    events: [{ type: item.kind === 'call' ? 'tool_call_end' : `${item.kind}_end`, index: item.position }],
  };
}

function endResponse(
  state: ResponsesReadState,
  { type, response }: ResponsesEventOf<'response.completed' | 'response.incomplete'>,
): Step {
  const named = withNames(state, response);
  const reported = usageOf(response);
  // Whatever was left open, or never began, ends with the response.
  const ended = chain({ state: { ...named, usage: reported }, events: [] }, [
    ...(response.output ?? []).map((item, index) => (now: ResponsesReadState) => completeItem(now, index, item)),
    ...[...state.items.keys()].map((index) => (now: ResponsesReadState) => endItem(now, index)),
  ]);
  const isWhole = type === 'response.completed' && response.status !== 'incomplete';
  const reason = isWhole ? undefined : (response.incomplete_details?.reason ?? '');
  const done = toResponse(ended.state, reason);
  return {
    state: ended.state,
    events: [...ended.events, { type: 'usage', usage: done.usage }, { type: 'done', response: done }],
  };
}

/** Zeros stand for a report where a server has none. */
function usageOf({ usage }: WireResponse): Usage | undefined {
  const isReported = usage != null && ((usage.input_tokens ?? 0) > 0 || (usage.output_tokens ?? 0) > 0);
  return isReported ? toUsage(usage) : undefined;
}

function toUsage(report: ResponseUsage): Usage {
  return {
    input: report.input_tokens ?? 0,
    cacheRead: report.input_tokens_details?.cached_tokens ?? 0,
    cacheWrite: report.input_tokens_details?.cache_write_tokens ?? 0,
    output: report.output_tokens ?? 0,
    reasoning: report.output_tokens_details?.reasoning_tokens ?? 0,
  };
}

/** `incomplete` is why the answer is not whole, where it is not. */
function toResponse(state: ResponsesReadState, incomplete: string | undefined): CompletionResponse {
  const items = [...state.items.values()];
  const stopReason = toStopReason(state, incomplete);
  const content = items.map((item, index) => {
    const isCut = stopReason.kind === 'max_tokens' && index === items.length - 1;
    return toContent(state, item, isCut);
  });
  return {
    ...(state.id === undefined ? {} : { id: state.id }),
    model: state.model,
    content,
    stopReason,
    usage: state.usage ?? estimateUsage(state.request, content),
  };
}

function toContent({ modelName: model }: ResponsesReadState, item: ItemState, isCut: boolean): ContentBlock {
  if (item.kind !== 'call') {
    const text = cleanText(item.text);
    if (item.kind === 'text') return { type: 'text', text };
    return { type: 'thinking', text, model, ...(item.opaque === undefined ? {} : { opaque: item.opaque }) };
  }
  const call = { type: 'tool_use', id: item.id, name: item.name } as const;
  if (isCut && item.json.trim() === '') {
    const reason = 'The answer reached its token limit before the arguments began.';
    return { ...call, input: {}, invalid: { raw: '', reason } };
  }
  const read = parseToolArguments(item.json);
  if (read.kind === 'parsed') return { ...call, input: read.input };
  return { ...call, input: {}, invalid: { raw: read.raw, reason: read.reason } };
}

function toStopReason({ items, refused }: ResponsesReadState, incomplete: string | undefined): StopReason {
  switch (incomplete) {
    case undefined:
      if (refused) return { kind: 'refusal' };
      return { kind: [...items.values()].some(({ kind }) => kind === 'call') ? 'tool_use' : 'end_turn' };
    case 'max_output_tokens':
      return { kind: 'max_tokens' };
    case 'content_filter':
      return { kind: 'refusal' };
    default:
      return { kind: 'other', raw: incomplete };
  }
}

/** Ids must be unique within a response; a server that repeats or forgets one gets ours instead. */
function uniqueCallId(state: ResponsesReadState, id: string, position: number): string {
  const clean = cleanText(id);
  const taken = [...state.items.values()].some((item) => item.kind === 'call' && item.id === clean);
  return clean === '' || taken ? `${clean || 'call'}_${position}` : clean;
}

function withNames(state: ResponsesReadState, { id, model }: WireResponse): ResponsesReadState {
  return { ...state, id: id || state.id, model: model || state.model };
}

function withItem(state: ResponsesReadState, index: number, item: ItemState): ResponsesReadState {
  return { ...state, items: new Map(state.items).set(index, item) };
}

function chain(first: Step, steps: readonly ((state: ResponsesReadState) => Step)[]): Step {
  return steps.reduce((done, step) => {
    const next = step(done.state);
    return { state: next.state, events: [...done.events, ...next.events] };
  }, first);
}

function malformed(state: ResponsesReadState, why: string): Step {
  const message = `The answer is malformed: ${why}.`;
  return { state, events: [{ type: 'failed', error: { kind: 'malformed', message } }] };
}
