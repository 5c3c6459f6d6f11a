/**
 * Reads an Anthropic answer: a pure step from one server-sent event to our events. Blocks of types this version does not
 * know are left out of the response.
 */
import { cleanText } from '../clean-text.ts';
import { changeBlocks } from '../thinking.ts';
import { checkToolArguments, isJsonObject, parseToolArguments } from '../tool-arguments.ts';
import type {
  CompletionResponse,
  ContentBlock,
  JsonValue,
  LlmEvent,
  StopReason,
  ThinkingBlock,
  ToolUseBlock,
} from '../types.ts';
import { readErrorEvent } from './errors.ts';
import { redacted, signed } from './thinking.ts';
import { NO_TOKENS, type TokenCounts, toUsage, updateCounts } from './usage.ts';
import { parseWireEvent, type WireEvent, type WireEventOf } from './wire.ts';

type TextState = { kind: 'text'; position: number; open: boolean; text: string };
type ToolState = {
  kind: 'tool';
  position: number;
  open: boolean;
  id: string;
  name: string;
  json: string;
  /** Arguments given at the start, where a server does not stream them. */
  input: { [key: string]: JsonValue } | undefined;
};
type ThinkingState = {
  kind: 'thinking';
  position: number;
  open: boolean;
  text: string;
  signature: string;
  /** What a redacted block has in place of text and signature. */
  redacted: string | undefined;
};
type KeptState = TextState | ThinkingState | ToolState;
type BlockState = KeptState | { kind: 'ignored' };

export type ReadState = {
  started: boolean;
  /** The model that was asked, provider/name. */
  asked: string;
  id: string | undefined;
  model: string;
  /** By the index on the wire, which counts ignored blocks too. */
  blocks: ReadonlyMap<number, BlockState>;
  counts: TokenCounts;
  stopReason: string | undefined;
};

/** Where `done` or `failed` is among the events it is the last, and the state is of no more use. */
export type ReadStep = { state: ReadState; events: LlmEvent[] };

/** `asked` is provider/name; `model` stands in until the server names the one that answers. */
export function startReading(asked: string, model: string): ReadState {
  return {
    started: false,
    asked,
    id: undefined,
    model,
    blocks: new Map(),
    counts: NO_TOKENS,
    stopReason: undefined,
  };
}

/** Reads the data of one server-sent event. */
export function readEvent(state: ReadState, data: string): ReadStep {
  const parsed = parseWireEvent(data);
  if (parsed.kind === 'unknown') return { state, events: [] };
  if (parsed.kind === 'malformed') return malformed(state, parsed.why);
  const { event } = parsed;
  if (event.type === 'error') return { state, events: [{ type: 'failed', error: readErrorEvent(event) }] };
  if (state.started === (event.type === 'message_start')) return malformed(state, `${event.type} came out of order`);
  return readOrdered(state, event);
}

function readOrdered(state: ReadState, event: Exclude<WireEvent, WireEventOf<'error'>>): ReadStep {
  switch (event.type) {
    case 'message_start':
      return startMessage(state, event);
    case 'content_block_start':
      return startBlock(state, event);
    case 'content_block_delta':
      return extendBlock(state, event);
    case 'content_block_stop':
      return endBlock(state, event.index);
    case 'message_delta':
      return extendMessage(state, event);
    case 'message_stop':
      return endMessage(state);
  }
}

function startMessage(state: ReadState, { message }: WireEventOf<'message_start'>): ReadStep {
  const counts = updateCounts(state.counts, message.usage ?? {});
  return {
    state: { ...state, started: true, id: message.id ?? undefined, model: message.model ?? state.model, counts },
    events: message.usage == null ? [] : [{ type: 'usage', usage: toUsage(counts) }],
  };
}

function startBlock(state: ReadState, { index, content_block: block }: WireEventOf<'content_block_start'>): ReadStep {
  if (state.blocks.has(index)) return malformed(state, `block ${index} began twice`);
  const position = keptBlocks(state).length;
  if (block.type === 'text') {
    const text = block.text ?? '';
    return {
      state: withBlock(state, index, { kind: 'text', position, open: true, text }),
      events: [
        { type: 'text_start', index: position },
        ...(text === '' ? [] : [{ type: 'text_delta', index: position, text } as const]),
      ],
    };
  }
  if (block.type === 'thinking' || block.type === 'redacted_thinking') return startThinking(state, index, block);
  if (block.type !== 'tool_use') return { state: withBlock(state, index, { kind: 'ignored' }), events: [] };
  const id = uniqueCallId(state, block.id ?? '', position);
  const name = cleanText(block.name ?? '');
  return {
    state: withBlock(state, index, {
      kind: 'tool',
      position,
      open: true,
      id,
      name,
      json: '',
      input: isJsonObject(block.input) ? block.input : undefined,
    }),
    events: [{ type: 'tool_call_start', index: position, id, name }],
  };
}

type StartedBlock = WireEventOf<'content_block_start'>['content_block'];

function startThinking(state: ReadState, index: number, { type, thinking, signature, data }: StartedBlock): ReadStep {
  const position = keptBlocks(state).length;
  const text = thinking ?? '';
  const isRedacted = type === 'redacted_thinking';
  return {
    state: withBlock(state, index, {
      ...({ kind: 'thinking', position, open: true, text, signature: signature ?? '' } as const),
      redacted: isRedacted ? (data ?? '') : undefined,
    }),
    events: [
      { type: 'thinking_start', index: position },
      ...(text === '' ? [] : [{ type: 'thinking_delta', index: position, text } as const]),
    ],
  };
}

function extendBlock(state: ReadState, { index, delta }: WireEventOf<'content_block_delta'>): ReadStep {
  const block = state.blocks.get(index);
  if (block === undefined) return malformed(state, `block ${index} goes on without a beginning`);
  if (block.kind === 'text' && delta.type === 'text_delta' && delta.text) {
    return {
      state: withBlock(state, index, { ...block, text: block.text + delta.text }),
      events: [{ type: 'text_delta', index: block.position, text: delta.text }],
    };
  }
  if (block.kind === 'thinking' && delta.type === 'thinking_delta' && delta.thinking) {
    return {
      state: withBlock(state, index, { ...block, text: block.text + delta.thinking }),
      events: [{ type: 'thinking_delta', index: block.position, text: delta.thinking }],
    };
  }
  if (block.kind === 'thinking' && delta.type === 'signature_delta' && delta.signature) {
    // It comes whole, so a later one takes its place.
    return { state: withBlock(state, index, { ...block, signature: delta.signature }), events: [] };
  }
  if (block.kind === 'tool' && delta.type === 'input_json_delta' && delta.partial_json) {
    return {
      state: withBlock(state, index, { ...block, json: block.json + delta.partial_json }),
      events: [{ type: 'tool_call_delta', index: block.position, json: delta.partial_json }],
    };
  }
  return { state, events: [] };
}

function endBlock(state: ReadState, index: number): ReadStep {
  const block = state.blocks.get(index);
  if (block === undefined) return malformed(state, `block ${index} ends without a beginning`);
  if (block.kind === 'ignored' || !block.open) return { state, events: [] };
  return {
    state: withBlock(state, index, { ...block, open: false }),
    events: [{ type: ENDS[block.kind], index: block.position }],
  };
}

const ENDS = { text: 'text_end', thinking: 'thinking_end', tool: 'tool_call_end' } as const;

function extendMessage(state: ReadState, { delta, usage }: WireEventOf<'message_delta'>): ReadStep {
  const counts = updateCounts(state.counts, usage ?? {});
  return {
    state: { ...state, counts, stopReason: delta?.stop_reason ?? state.stopReason },
    events: usage == null ? [] : [{ type: 'usage', usage: toUsage(counts) }],
  };
}

function endMessage(state: ReadState): ReadStep {
  // Whatever was left open ends with the message.
  const ended = [...state.blocks.keys()].reduce<ReadStep>(
    (step, index) => {
      const next = endBlock(step.state, index);
      return { state: next.state, events: [...step.events, ...next.events] };
    },
    { state, events: [] },
  );
  return { state: ended.state, events: [...ended.events, { type: 'done', response: toResponse(ended.state) }] };
}

function toResponse(state: ReadState): CompletionResponse {
  const stopReason = toStopReason(state.stopReason);
  const kept = keptBlocks(state);
  return {
    ...(state.id === undefined ? {} : { id: state.id }),
    model: state.model,
    content: changeBlocks(
      kept.map((block, index) => toContent(state, block, index === kept.length - 1)),
      cleanText,
    ),
    stopReason,
    usage: toUsage(state.counts),
  };
}

function toContent(state: ReadState, block: KeptState, isLast: boolean): ContentBlock {
  if (block.kind === 'text') return { type: 'text', text: block.text };
  if (block.kind === 'thinking') return toThinking(state, block);
  const call = { type: 'tool_use', id: block.id, name: block.name } as const;
  // The last call of an answer that ran out of tokens may have been cut before its arguments began.
  if (isLast && state.stopReason === 'max_tokens' && block.json === '' && isEmpty(block.input)) {
    return refuseCall(call, '', 'The answer reached its token limit before the arguments began.');
  }
  const given = block.json === '' ? block.input : undefined;
  const read = given === undefined ? parseToolArguments(block.json) : checkToolArguments(given, '');
  return read.kind === 'parsed' ? { ...call, input: read.input } : refuseCall(call, read.raw, read.reason);
}

function toThinking(state: ReadState, { text, signature, redacted: data }: ThinkingState): ThinkingBlock {
  const block = { type: 'thinking', text, model: state.asked } as const;
  if (data !== undefined) return data === '' ? block : { ...block, opaque: redacted(data) };
  return signature === '' ? block : { ...block, opaque: signed(signature) };
}

function refuseCall(call: Omit<ToolUseBlock, 'input'>, raw: string, reason: string): ToolUseBlock {
  return { ...call, input: {}, invalid: { raw, reason } };
}

export function toStopReason(raw: string | undefined): StopReason {
  switch (raw) {
    case 'end_turn':
    case 'tool_use':
    case 'max_tokens':
    case 'stop_sequence':
    case 'pause_turn':
    case 'refusal':
      return { kind: raw };
    case 'model_context_window_exceeded':
      return { kind: 'context_exceeded' };
    default:
      return { kind: 'other', raw: raw ?? '' };
  }
}

function isEmpty(input: ToolState['input']): boolean {
  return input === undefined || Object.keys(input).length === 0;
}

/** Ids must be unique within a response; a server that repeats or forgets one gets ours instead. */
function uniqueCallId(state: ReadState, id: string, position: number): string {
  const taken = keptBlocks(state).some((block) => block.kind === 'tool' && block.id === id);
  return id === '' || taken ? `${id || 'call'}_${position}` : id;
}

function keptBlocks(state: ReadState): KeptState[] {
  return [...state.blocks.values()].filter((block) => block.kind !== 'ignored');
}

function withBlock(state: ReadState, index: number, block: BlockState): ReadState {
  return { ...state, blocks: new Map(state.blocks).set(index, block) };
}

function malformed(state: ReadState, why: string): ReadStep {
  return {
    state,
    events: [{ type: 'failed', error: { kind: 'malformed', message: `The answer is malformed: ${why}.` } }],
  };
}
