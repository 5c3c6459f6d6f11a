/**
 * What is read of the events of an Anthropic Messages stream. Loose on purpose: within a version of the API events, blocks,
 * deltas and members may be added, and those not named here are ignored.
 */
import * as z from 'zod';

const tokens = z.number().nullish();

export const wireUsage = z.looseObject({
  input_tokens: tokens,
  cache_creation_input_tokens: tokens,
  cache_read_input_tokens: tokens,
  output_tokens: tokens,
  output_tokens_details: z.looseObject({ thinking_tokens: tokens }).nullish(),
});
export type WireUsage = z.output<typeof wireUsage>;

const wireError = z.looseObject({
  type: z.literal('error'),
  error: z.looseObject({ type: z.string().optional(), message: z.string().optional() }),
  request_id: z.string().nullish(),
});
export type WireError = z.output<typeof wireError>;

const blockIndex = z.number().int().min(0);

/** Of a type that is not known no member means anything, whatever it is named. */
function ignoreUnless(known: readonly string[]) {
  return (value: unknown): unknown => {
    const type = anyEvent.safeParse(value).data?.type;
    return type === undefined || known.includes(type) ? value : { type };
  };
}

const anyEvent = z.looseObject({ type: z.string() });

const contentBlock = z.preprocess(
  ignoreUnless(['text', 'thinking', 'redacted_thinking', 'tool_use']),
  z.looseObject({
    type: z.string(),
    text: z.string().nullish(),
    thinking: z.string().nullish(),
    signature: z.string().nullish(),
    data: z.string().nullish(),
    id: z.string().nullish(),
    name: z.string().nullish(),
    // Not walked here: it may nest deeper than a validator can follow.
    input: z.unknown().optional(),
  }),
);

const blockDelta = z.preprocess(
  ignoreUnless(['text_delta', 'thinking_delta', 'signature_delta', 'input_json_delta']),
  z.looseObject({
    type: z.string(),
    text: z.string().optional(),
    thinking: z.string().optional(),
    signature: z.string().optional(),
    partial_json: z.string().optional(),
  }),
);

const schemas = {
  message_start: z.looseObject({
    type: z.literal('message_start'),
    message: z.looseObject({ id: z.string().nullish(), model: z.string().nullish(), usage: wireUsage.nullish() }),
  }),
  content_block_start: z.looseObject({
    type: z.literal('content_block_start'),
    index: blockIndex,
    content_block: contentBlock,
  }),
  content_block_delta: z.looseObject({
    type: z.literal('content_block_delta'),
    index: blockIndex,
    delta: blockDelta,
  }),
  content_block_stop: z.looseObject({ type: z.literal('content_block_stop'), index: blockIndex }),
  message_delta: z.looseObject({
    type: z.literal('message_delta'),
    delta: z.looseObject({ stop_reason: z.string().nullish() }).nullish(),
    usage: wireUsage.nullish(),
  }),
  message_stop: z.looseObject({ type: z.literal('message_stop') }),
  error: wireError,
};

export type WireEvent = z.output<(typeof schemas)[keyof typeof schemas]>;
export type WireEventOf<Type extends WireEvent['type']> = Extract<WireEvent, { type: Type }>;

export type ParsedWireEvent =
  | { kind: 'event'; event: WireEvent }
  /** A type this version does not know, `ping` among them. */
  | { kind: 'unknown' }
  | { kind: 'malformed'; why: string };

/** Reads the data of one server-sent event. */
export function parseWireEvent(data: string): ParsedWireEvent {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return { kind: 'malformed', why: 'an event is not JSON' };
  }
  // Some proxies send an error without its type.
  const untyped = wireError.safeParse({ type: 'error', ...(value as object) });
  const type = anyEvent.safeParse(value).data?.type ?? (untyped.success ? 'error' : undefined);
  if (type === undefined) return { kind: 'malformed', why: 'an event has no type' };
  if (!isKnown(type)) return { kind: 'unknown' };
  const parsed = type === 'error' && untyped.success ? untyped : schemas[type].safeParse(value);
  if (parsed.success) return { kind: 'event', event: parsed.data };
  const issue = parsed.error.issues[0];
  return { kind: 'malformed', why: `${type} ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not as expected'}` };
}

function isKnown(type: string): type is keyof typeof schemas {
  return Object.hasOwn(schemas, type);
}

/** The body of an answer with an error status; undefined when it is something else, as a proxy's page is. */
export function parseErrorBody(text: string): WireError | undefined {
  try {
    return wireError.safeParse({ type: 'error', ...(JSON.parse(text) as object) }).data;
  } catch {
    return undefined;
  }
}

const tokenCount = z.looseObject({ input_tokens: z.number().int().min(0) });

/** The answer to a request to count; undefined when it is something else. */
export function parseTokenCount(text: string): number | undefined {
  try {
    return tokenCount.safeParse(JSON.parse(text)).data?.input_tokens;
  } catch {
    return undefined;
  }
}
