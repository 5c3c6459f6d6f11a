/**
 * What is read of the events of a Responses stream. Loose on purpose: events, items and members that are not named here are
 * ignored.
 */
import * as z from 'zod';
import { parseError, toWireError, type WireError } from './errors.ts';

const tokens = z.number().nullish();

export const responseUsage = z.looseObject({
  input_tokens: tokens,
  input_tokens_details: z.looseObject({ cached_tokens: tokens, cache_write_tokens: tokens }).nullish(),
  output_tokens: tokens,
  output_tokens_details: z.looseObject({ reasoning_tokens: tokens }).nullish(),
});
export type ResponseUsage = z.output<typeof responseUsage>;

const textPart = z.looseObject({ text: z.string().nullish(), refusal: z.string().nullish() });

const item = z.looseObject({
  type: z.string(),
  /** Of a message, or of thoughts that are not hidden. */
  content: z.array(textPart).nullish(),
  summary: z.array(textPart).nullish(),
  encrypted_content: z.string().nullish(),
  call_id: z.string().nullish(),
  name: z.string().nullish(),
  arguments: z.string().nullish(),
});
export type WireItem = z.output<typeof item>;

const error = z.looseObject({
  code: z.union([z.string(), z.number()]).nullish(),
  type: z.string().nullish(),
  message: z.string().nullish(),
});

const response = z.looseObject({
  id: z.string().nullish(),
  model: z.string().nullish(),
  status: z.string().nullish(),
  output: z.array(item).nullish(),
  usage: responseUsage.nullish(),
  incomplete_details: z.looseObject({ reason: z.string().nullish() }).nullish(),
  error: error.nullish(),
});
export type WireResponse = z.output<typeof response>;

const outputIndex = z.int().min(0);
const delta = { output_index: outputIndex, delta: z.string() };

const schemas = {
  'response.created': z.looseObject({ type: z.literal('response.created'), response }),
  'response.output_item.added': z.looseObject({
    ...{ type: z.literal('response.output_item.added'), output_index: outputIndex, item },
  }),
  'response.output_item.done': z.looseObject({
    ...{ type: z.literal('response.output_item.done'), output_index: outputIndex, item },
  }),
  'response.output_text.delta': z.looseObject({ type: z.literal('response.output_text.delta'), ...delta }),
  'response.refusal.delta': z.looseObject({ type: z.literal('response.refusal.delta'), ...delta }),
  'response.reasoning_summary_part.added': z.looseObject({
    type: z.literal('response.reasoning_summary_part.added'),
    output_index: outputIndex,
  }),
  'response.reasoning_summary_text.delta': z.looseObject({
    type: z.literal('response.reasoning_summary_text.delta'),
    ...delta,
  }),
  'response.reasoning_text.delta': z.looseObject({ type: z.literal('response.reasoning_text.delta'), ...delta }),
  'response.function_call_arguments.delta': z.looseObject({
    type: z.literal('response.function_call_arguments.delta'),
    ...delta,
  }),
  'response.function_call_arguments.done': z.looseObject({
    ...{ type: z.literal('response.function_call_arguments.done'), output_index: outputIndex, arguments: z.string() },
  }),
  'response.completed': z.looseObject({ type: z.literal('response.completed'), response }),
  'response.incomplete': z.looseObject({ type: z.literal('response.incomplete'), response }),
  'response.failed': z.looseObject({ type: z.literal('response.failed'), response }),
};

export type ResponsesEvent = z.output<(typeof schemas)[keyof typeof schemas]>;
export type ResponsesEventOf<Type extends ResponsesEvent['type']> = Extract<ResponsesEvent, { type: Type }>;

export type ParsedResponsesEvent =
  | { kind: 'event'; event: ResponsesEvent }
  | { kind: 'unknown' }
  | { kind: 'error'; error: WireError }
  | { kind: 'malformed'; why: string };

const anyEvent = z.looseObject({ type: z.string() });
const errorEvent = error.extend({ type: z.literal('error') });

/** Reads the data of one server-sent event. */
export function parseResponsesEvent(data: string): ParsedResponsesEvent {
  // Some proxies end every stream as Chat Completions do.
  if (data.trim() === '[DONE]') return { kind: 'unknown' };
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return { kind: 'malformed', why: 'an event is not JSON' };
  }
  const type = anyEvent.safeParse(value).data?.type;
  if (type === undefined || type === 'error') return parseErrorEvent(value);
  if (!isKnown(type)) return { kind: 'unknown' };
  const parsed = schemas[type].safeParse(value);
  if (parsed.success) return { kind: 'event', event: parsed.data };
  const issue = parsed.error.issues[0];
  return { kind: 'malformed', why: `${type} ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not as expected'}` };
}

/** The error is the event itself, or inside of it. */
function parseErrorEvent(value: unknown): ParsedResponsesEvent {
  const nested = parseError(value);
  if (nested !== undefined) return { kind: 'error', error: nested };
  const parsed = errorEvent.safeParse(value);
  if (!parsed.success) return { kind: 'malformed', why: 'an event has no type' };
  return { kind: 'error', error: toWireError({ ...parsed.data, type: null, message: parsed.data.message ?? null }) };
}

function isKnown(type: string): type is keyof typeof schemas {
  return Object.hasOwn(schemas, type);
}
