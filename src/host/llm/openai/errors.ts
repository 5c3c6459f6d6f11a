/** The errors of OpenAI, and of everybody who says that he is like it, in our terms. */
import * as z from 'zod';
import { cleanText } from '../clean-text.ts';
import { readRetryAdvice } from '../retry.ts';
import type { LlmError } from '../types.ts';
import type { ReadError } from '../wire-client.ts';

/** The most characters of an answer that was no proper error which go into ours. */
const LONGEST_EXCERPT = 300;

const word = z.union([z.string(), z.number()]).nullish().catch(null);
/** `code` is a word, or a status; what a server adds to these is ignored. */
const detail = z.looseObject({ message: z.string().nullish().catch(null), type: word, code: word });
const nested = z.looseObject({ error: z.union([detail, z.string()]) });
/** vLLM's older way, which has no `error` around it. */
const flat = detail.extend({ object: z.literal('error') });

export type WireError = { message: string | undefined; type: string; code: string };

/** Reads what may be an error, whichever way it is written; undefined where it is none. */
export function parseError(value: unknown): WireError | undefined {
  const inside = nested.safeParse(value);
  if (inside.success) {
    const { error } = inside.data;
    return typeof error === 'string' ? { message: error, type: '', code: '' } : toWireError(error);
  }
  const bare = flat.safeParse(value);
  return bare.success ? toWireError(bare.data) : undefined;
}

export function toWireError({ message, type, code }: z.output<typeof detail>): WireError {
  return { message: message || undefined, type: String(type ?? ''), code: String(code ?? '') };
}

/** Reads an answer whose status is not 200. `nowMs` (since the epoch) turns a Retry-After date into a wait. */
export function readErrorAnswer(status: number, headers: Headers, body: string, nowMs: number): ReadError {
  const advice = readRetryAdvice(headers, nowMs);
  const parsed = parseError(parseJson(body));
  const requestId = headers.get('x-request-id');
  const error = classify({
    status,
    type: parsed?.type || parsed?.code || 'unknown',
    code: parsed?.code ?? '',
    message: parsed?.message ?? excerpt(body, status),
    ...(requestId === null ? {} : { requestId }),
    ...(advice.retryAfterMs === undefined ? {} : { retryAfterMs: advice.retryAfterMs }),
  });
  return { error, advice };
}

/** Reads an error that came where the rest of an answer should have. */
export function readErrorEvent({ message, type, code }: WireError): LlmError {
  return classify({
    status: statusOf(type, code),
    type: type || code || 'unknown',
    code,
    message: message ?? 'The provider reported an error and no reason.',
  });
}

/** The statuses that come with what is said, for errors that arrive inside a stream and have none. */
const STATUS_BY_WORD: readonly (readonly [RegExp, number])[] = [
  [/insufficient_quota|billing/, 402],
  [/overloaded/, 529],
  [/rate_limit|slow_down/, 429],
  [/authentication|invalid_api_key/, 401],
  [/permission/, 403],
  [/invalid|not_found|unsupported|content_filter|policy/, 400],
];

/** What nobody explains may be over by the next attempt. */
function statusOf(type: string, code: string): number {
  const status = Number(code);
  if (Number.isInteger(status) && status >= 400 && status <= 599) return status;
  const said = `${type} ${code}`.toLowerCase();
  return STATUS_BY_WORD.find(([words]) => words.test(said))?.[1] ?? 500;
}

const NO_MONEY = /insufficient_quota|insufficient balance|billing_hard_limit|credit balance is too low/i;
const TOO_LONG =
  /context_length_exceeded|exceed_context_size|maximum context length|available context size|prompt is too long|exceeds? (the )?(model's )?context (limit|window|length)/i;
const BUSY = /overloaded/i;

type ErrorFacts = {
  status: number;
  type: string;
  code: string;
  message: string;
  requestId?: string;
  retryAfterMs?: number;
};

function classify({ status, type, code, message: given, requestId, retryAfterMs }: ErrorFacts): LlmError {
  const message = cleanText(given);
  const said = `${type} ${code} ${message}`;
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (status === 402 || (status === 429 && NO_MONEY.test(said))) return { kind: 'insufficient_quota', message };
  if (status === 401 || status === 403) {
    return { kind: 'auth', message: `The provider refused the key (${status}): ${message}` };
  }
  if (status === 529 || status === 498 || (status === 503 && BUSY.test(said))) {
    return { kind: 'overloaded', message, ...wait };
  }
  if (status === 429) return { kind: 'rate_limited', message, ...wait };
  // A body over the provider's limit is, like a long prompt, helped by sending less of the conversation.
  if (status === 413 || (status < 500 && TOO_LONG.test(said))) return { kind: 'context_exceeded', message };
  return { kind: 'api', status, type, message, ...(requestId === undefined ? {} : { requestId }) };
}

function excerpt(body: string, status: number): string {
  const text = body.replace(/\s+/g, ' ').trim().slice(0, LONGEST_EXCERPT);
  return text === '' ? `The provider answered with status ${status} and no reason.` : text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
