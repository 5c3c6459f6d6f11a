/**
 * What is read of the chunks of a Chat Completions stream. Loose on purpose: what is missing, null or new is no error, and
 * only a member of a wrong type is.
 */
import * as z from 'zod';
import { parseError, type WireError } from './errors.ts';

const tokens = z.number().nullish();

export const chatUsage = z.looseObject({
  prompt_tokens: tokens,
  completion_tokens: tokens,
  prompt_tokens_details: z.looseObject({ cached_tokens: tokens, cache_write_tokens: tokens }).nullish(),
  completion_tokens_details: z.looseObject({ reasoning_tokens: tokens }).nullish(),
  /** DeepSeek's name for what came from its cache. */
  prompt_cache_hit_tokens: tokens,
});
export type ChatUsage = z.output<typeof chatUsage>;

const wireFunction = z.looseObject({
  name: z.string().nullish(),
  /** Text everywhere but with servers that give them parsed. Not walked here: they may nest deep. */
  arguments: z.unknown().optional(),
});

const wireCall = z.looseObject({
  index: z.number().nullish(),
  id: z.union([z.string(), z.number()]).nullish(),
  function: wireFunction.nullish(),
});
export type WireCall = z.output<typeof wireCall>;

/** Text, or the parts that some servers cut it into. */
const wireText = z.union([z.string(), z.array(z.looseObject({ text: z.string().nullish() }))]).nullish();

const wireDelta = z.looseObject({
  content: wireText,
  refusal: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
  tool_calls: z.array(wireCall).nullish(),
  function_call: wireFunction.nullish(),
});
export type WireDelta = z.output<typeof wireDelta>;

const wireChunk = z.looseObject({
  id: z.string().nullish(),
  model: z.string().nullish(),
  choices: z
    .array(
      z.looseObject({
        index: z.number().nullish(),
        delta: wireDelta.nullish(),
        finish_reason: z.string().nullish(),
        usage: chatUsage.nullish(),
      }),
    )
    .nullish(),
  usage: chatUsage.nullish(),
  x_groq: z.looseObject({ usage: chatUsage.nullish() }).nullish(),
});
export type WireChunk = z.output<typeof wireChunk>;

export type ParsedChunk =
  | { kind: 'chunk'; chunk: WireChunk }
  | { kind: 'done' }
  | { kind: 'error'; error: WireError }
  | { kind: 'malformed'; why: string };

/** Reads the data of one server-sent event. */
export function parseChunk(data: string): ParsedChunk {
  if (data.trim() === '[DONE]') return { kind: 'done' };
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return { kind: 'malformed', why: 'a chunk is not JSON' };
  }
  const error = parseError(value);
  if (error !== undefined) return { kind: 'error', error };
  const parsed = wireChunk.safeParse(value);
  if (parsed.success) return { kind: 'chunk', chunk: parsed.data };
  const issue = parsed.error.issues[0];
  return { kind: 'malformed', why: `${issue?.path.join('.') || 'a chunk'}: ${issue?.message ?? 'not as expected'}` };
}

export function textOf(text: z.output<typeof wireText>): string {
  return typeof text === 'string' ? text : (text ?? []).map((part) => part.text ?? '').join('');
}
