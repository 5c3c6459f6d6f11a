/** What a program of a focus may send to the host, and what it is sent back. Everything that comes in is checked against this. */
import * as z from 'zod';
import { type JsonObject, jsonObject } from '../../../protocol/json.ts';

/** Of one request, and of all that wait for their results together. */
export const MOST_CALLS = 64;

/** Longest body of a request, in bytes. */
export const MOST_BODY_BYTES = 2 * 1024 * 1024;

/** Of arrays and objects in a body: nothing that goes through it may run out of stack. */
export const MOST_LEVELS = 100;

const toolCall = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'expected the name of a tool'),
  arguments: jsonObject.default({}),
  /**
   * A name for the call, the program's own. A call with a name that has its result already gives that result again and runs
   * nothing: so a program that is started anew may simply do again what it did.
   */
  id: z
    .string()
    .regex(/^[A-Za-z0-9_.:-]{1,64}$/, 'expected letters, digits and _ . : - only, 64 at most')
    .optional(),
});

const oneCall = toolCall.transform((call) => ({ calls: [call], isSingle: true }));
const severalCalls = z
  .strictObject({ calls: z.array(toolCall).min(1).max(MOST_CALLS) })
  .transform(({ calls }) => ({ calls, isSingle: false }));

/** By what it looks like, so that an error is about what was meant. */
export const callRequest = (body: unknown) =>
  typeof body === 'object' && body !== null && 'calls' in body ? severalCalls : oneCall;

const tokens = z.int().min(0).max(1_000_000_000).default(0);

export const usageRequest = z.strictObject({
  input_tokens: tokens,
  cache_read_tokens: tokens,
  cache_write_tokens: tokens,
  output_tokens: tokens,
  cost_usd: z.number().min(0).max(100_000).optional(),
});

export type AskedCall = { id: string | undefined; name: string; arguments: JsonObject };

export type ReportedUsage = z.output<typeof usageRequest>;

export type CallAnswer = { id: string; content: string; is_error: boolean };

/** `remarks`: what the engine or a person says meanwhile; each is given once. */
export type CallAnswers = { results: CallAnswer[]; remarks: string[] };

/** Why calls have no results. */
export type Refusal = { status: 409 | 410 | 429 | 503; message: string };
