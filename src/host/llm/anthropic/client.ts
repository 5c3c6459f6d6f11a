/** Anthropic's Messages API over plain fetch. */
import { hideKey, mapStrings } from '../clean-text.ts';
import { type Clock, createSleep, type Sleep, systemClock } from '../clock.ts';
import { fingerprint } from '../credentials.ts';
import { createDeadline, type Deadline } from '../deadline.ts';
import { type ExchangeSettings, exchange, readAddress, readBody } from '../exchange.ts';
import { listModels } from '../list-models.ts';
import { type AttemptEvent, DEFAULT_RETRIES, type RetryAdvice, withRetries } from '../retry.ts';
import { DEFAULT_IDLE_TIMEOUT_MS, readServerSentEvents } from '../sse.ts';
import { changeBlocks, withoutThinking } from '../thinking.ts';
import type { CompletionRequest, JsonValue, LlmClient, LlmError, Message, TokenCount } from '../types.ts';
import { concernsKey, isUnprovenThinking, readErrorAnswer } from './errors.ts';
import { readEvent, startReading } from './read.ts';
import { buildCountBody, buildRequestBody } from './request.ts';
import { parseTokenCount } from './wire.ts';

export const ANTHROPIC_BASE_URL = 'https://api.anthropic.com';
/** The longest a whole answer may take, in milliseconds: longer than any model needs for its most tokens. */
export const DEFAULT_TOTAL_TIMEOUT_MS = 60 * 60_000;
const DEFAULT_HEADERS_TIMEOUT_MS = 120_000;
const MESSAGES = '/v1/messages';
/** As many as one page has: more than there are. */
const MODELS = '/v1/models?limit=1000';
/** The most of an answer that is no stream which is read, in bytes. */
const MAX_BODY_BYTES = 64 * 1024;

export type AnthropicOptions = {
  /** What it is called; default `anthropic`. */
  provider?: string;
  /** Without `/v1/messages`; default api.anthropic.com. */
  baseUrl?: string;
  /** Proxies know the older, the default. The newer refuses a temperature. */
  apiVersion?: '2023-06-01' | '2026-10-21';
  /** Default `x-api-key`. */
  authScheme?: 'x-api-key' | 'bearer';
  /** Asked for each request, so that a key that was just given is used; undefined while there is none. */
  credential: () => { value: string } | undefined;
  fetch?: typeof fetch;
  clock?: Clock;
  sleep?: Sleep;
  random?: () => number;
  /** The longest silence within an answer, in milliseconds; default 120,000. */
  idleTimeoutMs?: number;
  /** The longest wait for an answer to begin, in milliseconds; default 120,000. */
  headersTimeoutMs?: number;
  /** The longest one attempt may take, in milliseconds; default an hour. */
  totalTimeoutMs?: number;
  /** Further attempts after the first; default 4. */
  retries?: number;
};

type Settings = ExchangeSettings &
  Required<Pick<AnthropicOptions, 'provider' | 'baseUrl' | 'apiVersion' | 'authScheme' | 'totalTimeoutMs'>>;

export function createAnthropicClient(options: AnthropicOptions): LlmClient {
  const clock = options.clock ?? systemClock;
  const settings: Settings = {
    provider: options.provider ?? 'anthropic',
    baseUrl: options.baseUrl ?? ANTHROPIC_BASE_URL,
    apiVersion: options.apiVersion ?? '2023-06-01',
    authScheme: options.authScheme ?? 'x-api-key',
    fetch: options.fetch ?? fetch,
    clock,
    idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
    headersTimeoutMs: options.headersTimeoutMs ?? DEFAULT_HEADERS_TIMEOUT_MS,
    totalTimeoutMs: options.totalTimeoutMs ?? DEFAULT_TOTAL_TIMEOUT_MS,
  };
  const retrying = {
    retries: options.retries ?? DEFAULT_RETRIES,
    sleep: options.sleep ?? createSleep(clock),
    random: options.random ?? Math.random,
  };
  const findKey = () => checkKey(options.credential()?.value.trim());
  return {
    provider: settings.provider,
    stream(request, signal) {
      return withRetries(() => attemptWithKey(settings, findKey(), request, signal), retrying, signal);
    },
    async listModels(signal) {
      const key = findKey();
      if (key.kind === 'unfit') return { kind: 'failed', error: key.error };
      const headers = buildHeaders(settings, key.value);
      return listModels({ ...settings, title: 'Anthropic', path: MODELS, headers, key: key.value }, signal);
    },
    countTokens: (request, signal) => countWithKey(settings, findKey(), request, signal),
  };
}

type Key = { kind: 'key'; value: string } | { kind: 'unfit'; error: LlmError };

function checkKey(value: string | undefined): Key {
  if (!value) return { kind: 'unfit', error: { kind: 'auth', message: 'There is no key for Anthropic.' } };
  if (/^[\x21-\x7e]+$/.test(value)) return { kind: 'key', value };
  const message = 'The key for Anthropic has characters that cannot be sent in a header.';
  return { kind: 'unfit', error: { kind: 'auth', message, key: fingerprint(value) } };
}

/** One attempt, with the key taken out of everything it yields: a server may echo what it was sent. */
async function* attemptWithKey(
  settings: Settings,
  key: Key,
  request: CompletionRequest,
  signal: AbortSignal,
): AsyncGenerator<AttemptEvent, void, undefined> {
  if (key.kind === 'unfit') {
    yield failed(key.error);
    return;
  }
  for await (const event of attemptRequest(settings, key.value, request, signal)) yield withoutKey(event, key.value);
}

function withoutKey(event: AttemptEvent, key: string): AttemptEvent {
  const hide = (text: string) => hideKey(text, key, 'anthropic');
  const clean = mapStrings(event as JsonValue, hide) as AttemptEvent;
  if (clean.type === 'failed') nameKey(clean.error, key);
  if (event.type !== 'done' || clean.type !== 'done') return clean;
  return { ...clean, response: { ...clean.response, content: changeBlocks(event.response.content, hide) } };
}

/** Another key may be at hand by the time that this refusal is acted on. */
function nameKey(error: LlmError, key: string): void {
  if (concernsKey(error)) error.key = fingerprint(key);
}

async function* attemptRequest(
  settings: Settings,
  key: string,
  request: CompletionRequest,
  signal: AbortSignal,
): AsyncGenerator<AttemptEvent, void, undefined> {
  const deadline = createDeadline(signal, settings.clock, settings.totalTimeoutMs);
  const connection = new AbortController();
  try {
    const open = (messages: Message[]) => {
      const body = buildRequestBody({ ...request, messages }, settings.provider);
      return post(settings, key, MESSAGES, body, deadline, connection.signal);
    };
    const first = await open(request.messages);
    // Better without than not at all: a history that the provider takes for another one would be refused for ever.
    const isUnproven = first.kind === 'failed' && isUnprovenThinking(first.error);
    const opened = isUnproven ? await open(withoutThinking(request.messages)) : first;
    if (opened.kind === 'failed') yield { type: 'failed', error: opened.error, advice: opened.advice };
    else yield* readStream(settings, opened.response, request, deadline);
  } finally {
    // Closes the connection where the answer was not read to its end.
    connection.abort();
  }
}

async function countWithKey(
  settings: Settings,
  key: Key,
  request: CompletionRequest,
  signal: AbortSignal,
): Promise<TokenCount> {
  if (key.kind === 'unfit') return { kind: 'failed', error: key.error };
  const counted = await countTokens(settings, key.value, request, signal);
  if (counted.kind === 'counted') return counted;
  const hide = (text: string) => hideKey(text, key.value, 'anthropic');
  const error = mapStrings(counted.error as JsonValue, hide) as LlmError;
  nameKey(error, key.value);
  return { kind: 'failed', error };
}

async function countTokens(
  settings: Settings,
  key: string,
  request: CompletionRequest,
  signal: AbortSignal,
): Promise<TokenCount> {
  const deadline = createDeadline(signal, settings.clock, settings.headersTimeoutMs);
  const connection = new AbortController();
  try {
    const body = buildCountBody(request, settings.provider);
    const opened = await post(settings, key, `${MESSAGES}/count_tokens`, body, deadline, connection.signal);
    if (opened.kind === 'failed') return { kind: 'failed', error: opened.error };
    const { text, isWhole } = await readBody(settings, opened.response, deadline, MAX_BODY_BYTES);
    if (signal.aborted) return { kind: 'failed', error: { kind: 'cancelled', message: 'The request was cancelled.' } };
    const input = isWhole ? parseTokenCount(text) : undefined;
    if (input !== undefined) return { kind: 'counted', input };
    return { kind: 'failed', error: { kind: 'malformed', message: 'The answer is malformed: it holds no count.' } };
  } finally {
    connection.abort();
  }
}

type Opened = { kind: 'answer'; response: Response } | { kind: 'failed'; error: LlmError; advice: RetryAdvice };

async function post(
  settings: Settings,
  key: string,
  path: string,
  body: JsonValue,
  deadline: Deadline,
  connection: AbortSignal,
): Promise<Opened> {
  const url = readAddress(settings.baseUrl, path);
  if (url === undefined) {
    const message = 'The base URL for Anthropic is not an http(s) address, or holds a user name or password.';
    return { kind: 'failed', error: { kind: 'api', status: 400, type: 'invalid_base_url', message }, advice: {} };
  }
  const headers = buildHeaders(settings, key);
  const exchanged = await exchange(settings, { url, headers, body: JSON.stringify(body) }, deadline, connection);
  if (exchanged.kind === 'failed') return { ...exchanged, advice: {} };
  const { response } = exchanged;
  if (response.status === 200) return { kind: 'answer', response };
  const { text } = await readBody(settings, response, deadline, MAX_BODY_BYTES);
  return { kind: 'failed', ...readErrorAnswer(response.status, response.headers, text, settings.clock.wall()) };
}

async function* readStream(
  settings: Settings,
  { body, headers }: Response,
  request: CompletionRequest,
  deadline: Deadline,
): AsyncGenerator<AttemptEvent, void, undefined> {
  const contentType = headers.get('content-type') ?? '';
  if (body === null || /json|html/.test(contentType)) {
    const message = `The answer is not a stream of events (${contentType || 'empty'}).`;
    yield failed({ kind: 'malformed', message });
    return;
  }
  yield* readAnswer(settings, body, request, deadline);
}

async function* readAnswer(
  settings: Settings,
  body: ReadableStream<Uint8Array>,
  request: CompletionRequest,
  deadline: Deadline,
): AsyncGenerator<AttemptEvent, void, undefined> {
  let state = startReading(`${settings.provider}/${request.model}`, request.model);
  for await (const item of readServerSentEvents(body, { deadline, idleTimeoutMs: settings.idleTimeoutMs })) {
    if (item.kind === 'failed') {
      yield failed(item.error);
      return;
    }
    const step = readEvent(state, item.data);
    state = step.state;
    for (const event of step.events) {
      if (event.type !== 'retry') yield event;
      if (event.type === 'done' || event.type === 'failed') return;
    }
  }
  yield failed({ kind: 'stream_cut', message: 'The answer ended before it was complete.' });
}

function buildHeaders(settings: Settings, key: string): Record<string, string> {
  return {
    'content-type': 'application/json',
    accept: 'text/event-stream',
    'anthropic-version': settings.apiVersion,
    ...(settings.authScheme === 'bearer' ? { authorization: `Bearer ${key}` } : { 'x-api-key': key }),
  };
}

function failed(error: LlmError): AttemptEvent {
  return { type: 'failed', error };
}
