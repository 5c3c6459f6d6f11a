/** Reads a Chat Completions answer: a pure step from one chunk to our events. */
import { cleanText } from '../clean-text.ts';
import { parseToolArguments } from '../tool-arguments.ts';
import type {
  CompletionRequest,
  CompletionResponse,
  ContentBlock,
  LlmEvent,
  StopReason,
  ToolUseBlock,
  Usage,
} from '../types.ts';
import type { ReadStep } from '../wire-client.ts';
import { addPiece, type CallPiece, type PartialCall, placePiece, toPiece } from './chat-calls.ts';
import { estimateUsage, usageOf } from './chat-usage.ts';
import { parseChunk, textOf, type WireChunk, type WireDelta } from './chat-wire.ts';
import { readErrorEvent } from './errors.ts';

type ProseState = { kind: 'text' | 'thinking'; open: boolean; text: string };
/** Open until the end: until then any piece may still be its own. */
type CallState = PartialCall & {
  kind: 'call';
  /** Ours where the server's is missing or not unique. */
  id: string;
  /** A call is announced by its name, which may come late. */
  announced: boolean;
};
type BlockState = ProseState | CallState;

export type ChatReadState = {
  request: CompletionRequest;
  /** provider/name, for what the model thinks. */
  modelName: string;
  id: string | undefined;
  model: string;
  /** In the order of their beginnings, which is their position in the response. */
  blocks: readonly BlockState[];
  usage: Usage | undefined;
  finishReason: string | undefined;
  refused: boolean;
};
type Step = ReadStep<ChatReadState>;

export function startChat(request: CompletionRequest, modelName: string): ChatReadState {
  return {
    ...{ request, modelName, id: undefined, model: request.model, blocks: [] },
    ...{ usage: undefined, finishReason: undefined, refused: false },
  };
}

/** Reads the data of one server-sent event. */
export function readChunk(state: ChatReadState, data: string): Step {
  const parsed = parseChunk(data);
  switch (parsed.kind) {
    case 'malformed':
      return fail(state, { kind: 'malformed', message: `The answer is malformed: ${parsed.why}.` });
    case 'error':
      return fail(state, readErrorEvent(parsed.error));
    case 'done': {
      const events = endChat(state);
      if (events.length > 0) return { state, events };
      return fail(state, { kind: 'stream_cut', message: 'The answer ended before it was complete.' });
    }
    case 'chunk':
      return addChunk(state, parsed.chunk);
  }
}

function addChunk(state: ChatReadState, chunk: WireChunk): Step {
  // Nobody is asked for a second choice.
  const choice = chunk.choices?.find(({ index }) => (index ?? 0) === 0);
  const usage = usageOf(chunk);
  const named: ChatReadState = {
    ...state,
    id: state.id ?? (chunk.id || undefined),
    model: chunk.model || state.model,
    usage: usage ?? state.usage,
    finishReason: choice?.finish_reason || state.finishReason,
  };
  const added = addDelta(named, choice?.delta ?? {});
  return { state: added.state, events: [...added.events, ...(usage ? [{ type: 'usage', usage } as const] : [])] };
}

function addDelta(state: ChatReadState, delta: WireDelta): Step {
  const thought = delta.reasoning_content || delta.reasoning || '';
  const refusal = delta.refusal ?? '';
  const before = state.blocks.filter(isCall).length;
  const pieces = (delta.tool_calls ?? []).map(toPiece);
  // The older way of a call, which knows only one.
  if (delta.function_call) pieces.push(toPiece({ index: 0, function: delta.function_call }));
  return chain({ state: { ...state, refused: state.refused || refusal !== '' }, events: [] }, [
    (now) => addProse(now, 'thinking', thought),
    (now) => addProse(now, 'text', textOf(delta.content)),
    (now) => addProse(now, 'text', refusal),
    ...pieces.map((piece) => (now: ChatReadState) => addCallPiece(now, piece, before)),
  ]);
}

/** Goes on with the latest block where that is of the kind, else begins one. */
function addProse(state: ChatReadState, kind: ProseState['kind'], text: string): Step {
  if (text === '') return { state, events: [] };
  const index = state.blocks.length - 1;
  const last = state.blocks[index];
  if (last?.kind === kind && last.open) {
    return {
      state: withBlock(state, index, { ...last, text: last.text + text }),
      events: [{ type: `${kind}_delta`, index, text }],
    };
  }
  const ended = endProse(state);
  const position = ended.state.blocks.length;
  return {
    state: withBlock(ended.state, position, { kind, open: true, text }),
    events: [
      ...ended.events,
      { type: `${kind}_start`, index: position },
      { type: `${kind}_delta`, index: position, text },
    ],
  };
}

function endProse(state: ChatReadState): Step {
  const index = state.blocks.length - 1;
  const last = state.blocks[index];
  if (last === undefined || last.kind === 'call' || !last.open) return { state, events: [] };
  return { state: withBlock(state, index, { ...last, open: false }), events: [{ type: `${last.kind}_end`, index }] };
}

function addCallPiece(state: ChatReadState, piece: CallPiece, before: number): Step {
  const positions = state.blocks.flatMap((block, index) => (isCall(block) ? [index] : []));
  const calls = state.blocks.filter(isCall);
  const placement = placePiece(calls, piece, before);
  if (placement.kind === 'again') return { state, events: [] };
  const place = placement.kind === 'more' ? placement.place : undefined;
  const position = place === undefined ? undefined : positions[place];
  const call = place === undefined ? undefined : calls[place];
  if (position === undefined || call === undefined) return beginCall(state, piece);
  const grown: CallState = { ...call, ...addPiece(call, piece) };
  return announce(state, position, grown, piece.json);
}

function beginCall(state: ChatReadState, piece: CallPiece): Step {
  const ended = endProse(state);
  const position = ended.state.blocks.length;
  const empty: PartialCall = { wireId: '', index: piece.index, name: '', json: '' };
  const call: CallState = {
    ...addPiece(empty, piece),
    ...{ kind: 'call', announced: false, id: uniqueId(state, piece.id, position) },
  };
  const begun = announce(ended.state, position, call, piece.json);
  return { state: begun.state, events: [...ended.events, ...begun.events] };
}

/** Keeps the call, and tells of `json` of it: of all there is once it has its name. */
function announce(state: ChatReadState, index: number, call: CallState, json: string): Step {
  const delta = (text: string): LlmEvent[] => (text === '' ? [] : [{ type: 'tool_call_delta', index, json: text }]);
  if (call.announced) return { state: withBlock(state, index, call), events: delta(json) };
  if (call.name === '') return { state: withBlock(state, index, call), events: [] };
  const named = { ...call, announced: true, id: uniqueId(state, call.wireId, index) };
  const start = { type: 'tool_call_start', index, id: named.id, name: cleanText(named.name) } as const;
  return { state: withBlock(state, index, named), events: [start, ...delta(call.json)] };
}

/** The answer, where it is whole: a server that leaves out [DONE] has said why it stopped. */
export function endChat(state: ChatReadState): LlmEvent[] {
  if (state.finishReason === undefined) return [];
  const calls = state.blocks.flatMap((block, index) => (isCall(block) ? [{ block, index }] : []));
  const named = chain(endProse(state), [
    ...calls
      .filter(({ block }) => !block.announced)
      .map(
        ({ block, index }) =>
          (now: ChatReadState) =>
            announce(now, index, { ...block, name: UNNAMED }, ''),
      ),
  ]);
  const response = toResponse(named.state);
  return [
    ...named.events,
    ...calls.map(({ index }) => ({ type: 'tool_call_end', index }) as const),
    ...(state.usage === undefined ? [{ type: 'usage', usage: response.usage } as const] : []),
    { type: 'done', response },
  ];
}

/** Stands for a name that never came: no tool has it, and every server takes it back. */
const UNNAMED = 'unnamed';

function toResponse(state: ChatReadState): CompletionResponse {
  const stopReason = toStopReason(state);
  const content = state.blocks.map((block, index) => {
    const isLast = index === state.blocks.length - 1;
    return toContent(state, block, stopReason.kind === 'max_tokens' && isLast);
  });
  return {
    ...(state.id === undefined ? {} : { id: state.id }),
    model: state.model,
    content,
    stopReason,
    usage: state.usage ?? estimateUsage(state.request, content),
  };
}

function toContent({ modelName: model }: ChatReadState, block: BlockState, isCut: boolean): ContentBlock {
  if (!isCall(block)) {
    const text = cleanText(block.text);
    return block.kind === 'text' ? { type: 'text', text } : { type: 'thinking', text, model };
  }
  const call: Omit<ToolUseBlock, 'input'> = { type: 'tool_use', id: block.id, name: cleanText(block.name) };
  if (isCut && block.json.trim() === '') {
    const reason = 'The answer reached its token limit before the arguments began.';
    return { ...call, input: {}, invalid: { raw: '', reason } };
  }
  // What the server says of the end does not count here: only arguments that parse are whole.
  const read = parseToolArguments(block.json);
  if (read.kind === 'parsed') return { ...call, input: read.input };
  return { ...call, input: {}, invalid: { raw: read.raw, reason: read.reason } };
}

function toStopReason({ finishReason, blocks, refused }: ChatReadState): StopReason {
  switch (finishReason) {
    case 'length':
    case 'model_length':
      return { kind: 'max_tokens' };
    case 'content_filter':
      return { kind: 'refusal' };
    // Some say `stop` of an answer that calls, and some `tool_calls` of one that does not.
    case 'stop':
    case 'tool_calls':
    case 'function_call':
      if (refused) return { kind: 'refusal' };
      return { kind: blocks.some(isCall) ? 'tool_use' : 'end_turn' };
    default:
      return { kind: 'other', raw: finishReason ?? '' };
  }
}

/** Ids must be unique within a response; a server that repeats or forgets one gets ours instead. */
function uniqueId(state: ChatReadState, id: string, position: number): string {
  const clean = cleanText(id);
  const taken = state.blocks.some((block, index) => isCall(block) && index !== position && block.id === clean);
  return clean === '' || taken ? `${clean || 'call'}_${position}` : clean;
}

function isCall(block: BlockState): block is CallState {
  return block.kind === 'call';
}

function withBlock(state: ChatReadState, index: number, block: BlockState): ChatReadState {
  return { ...state, blocks: [...state.blocks.slice(0, index), block, ...state.blocks.slice(index + 1)] };
}

function chain(first: Step, steps: readonly ((state: ChatReadState) => Step)[]): Step {
  return steps.reduce((done, step) => {
    const next = step(done.state);
    return { state: next.state, events: [...done.events, ...next.events] };
  }, first);
}

function fail(state: ChatReadState, error: Extract<LlmEvent, { type: 'failed' }>['error']): Step {
  return { state, events: [{ type: 'failed', error }] };
}
