/** Anthropic's error types and statuses in our terms. */
import { type RetryAdvice, readRetryAdvice } from '../retry.ts';
import type { LlmError } from '../types.ts';
import { parseErrorBody, type WireError } from './wire.ts';

/** The most characters of an answer that was no proper error which go into ours. */
const LONGEST_EXCERPT = 300;

/** The status each documented type comes with, for errors that arrive inside a stream and have none. */
const STATUS_BY_TYPE: { readonly [type: string]: number } = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

/** An account without money answers with a 402, or as if the request were wrong. */
const NO_CREDIT = /credit balance is too low/i;

const TOO_LONG = /prompt is too long|exceeds? (the )?context (limit|window)/i;

export type ReadError = { error: LlmError; advice: RetryAdvice };

/** Reads an answer whose status is not 200. `nowMs` (since the epoch) turns a Retry-After date into a wait. */
export function readErrorAnswer(status: number, headers: Headers, body: string, nowMs: number): ReadError {
  const advice = readRetryAdvice(headers, nowMs);
  const parsed = parseErrorBody(body);
  const requestId = headers.get('request-id') ?? parsed?.request_id ?? undefined;
  const error = classify({
    status,
    type: parsed?.error.type ?? typeForStatus(status),
    message: parsed?.error.message ?? excerpt(body, status),
    ...(requestId === undefined ? {} : { requestId }),
    ...(advice.retryAfterMs === undefined ? {} : { retryAfterMs: advice.retryAfterMs }),
  });
  return { error, advice };
}

/** Reads an `error` event that came where the rest of an answer should have. */
export function readErrorEvent(event: WireError): LlmError {
  const type = event.error.type ?? 'api_error';
  return classify({
    status: STATUS_BY_TYPE[type] ?? 200,
    type,
    message: event.error.message ?? 'The provider reported an error and no reason.',
    ...(event.request_id == null ? {} : { requestId: event.request_id }),
  });
}

type ErrorFacts = { status: number; type: string; message: string; requestId?: string; retryAfterMs?: number };

function classify({ status, type, message, requestId, retryAfterMs }: ErrorFacts): LlmError {
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (status === 401 || status === 403) {
    return { kind: 'auth', message: `The provider refused the key (${status}): ${message}` };
  }
  if (status === 402 || (status === 400 && NO_CREDIT.test(message))) return { kind: 'insufficient_quota', message };
  if (type === 'overloaded_error' || status === 529) return { kind: 'overloaded', message, ...wait };
  if (status === 429) return { kind: 'rate_limited', message, ...wait };
  // A body over the provider's limit is, like a long prompt, helped by sending less of the conversation.
  if (status === 413 || (status === 400 && TOO_LONG.test(message))) return { kind: 'context_exceeded', message };
  return { kind: 'api', status, type, message, ...(requestId === undefined ? {} : { requestId }) };
}

function typeForStatus(status: number): string {
  return Object.keys(STATUS_BY_TYPE).find((type) => STATUS_BY_TYPE[type] === status) ?? 'unknown';
}

function excerpt(body: string, status: number): string {
  const text = body.replace(/\s+/g, ' ').trim().slice(0, LONGEST_EXCERPT);
  return text === '' ? `The provider answered with status ${status} and no reason.` : text;
}

const THINKING = /\bthinking\b/i;

/**
 * Whether thinking that was given back is the reason for a refusal: it is bound to its model and to all that was said before it,
 * and newer models look whether that is unchanged.
 */
export function isUnprovenThinking(error: LlmError): boolean {
  if (error.kind !== 'api' || error.status !== 400) return false;
  const { message } = error;
  const at = message.search(THINKING);
  const isOfThinking = at >= 0 && (/signature/i.test(message) || /cannot be modified/i.test(message.slice(at)));
  return isOfThinking || /found `tool_use`/i.test(message);
}

/** Whether the error is about the key, or the account behind it: another key may help then. */
export function concernsKey(error: LlmError): error is Extract<LlmError, { kind: 'auth' | 'insufficient_quota' }> {
  return error.kind === 'auth' || error.kind === 'insufficient_quota';
}
