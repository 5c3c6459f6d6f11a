/** Anthropic's Messages API over plain fetch. */
import { hideKey, mapStrings } from '../clean-text.ts';
import { type Clock, createSleep, type Sleep, systemClock } from '../clock.ts';
import { fingerprint } from '../credentials.ts';
import { createDeadline, type Deadline } from '../deadline.ts';
import { listModels } from '../list-models.ts';
import { type AttemptEvent, DEFAULT_RETRIES, withRetries } from '../retry.ts';
import { DEFAULT_IDLE_TIMEOUT_MS, describeFailure, readServerSentEvents } from '../sse.ts';
import type { CompletionRequest, JsonValue, LlmClient, LlmError } from '../types.ts';
import { concernsKey, readErrorAnswer } from './errors.ts';
import { readEvent, startReading } from './read.ts';
import { buildRequestBody } from './request.ts';

export const ANTHROPIC_BASE_URL = 'https://api.anthropic.com';
/** The longest a whole answer may take, in milliseconds: longer than any model needs for its most tokens. */
export const DEFAULT_TOTAL_TIMEOUT_MS = 60 * 60_000;
const DEFAULT_HEADERS_TIMEOUT_MS = 120_000;
/** As many as one page has: more than there are. */
const MODELS_PATH = '/v1/models?limit=1000';
/** The most of an error answer that is read, in bytes. */
const MAX_ERROR_BYTES = 64 * 1024;

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

type Settings = Required<Omit<AnthropicOptions, 'provider' | 'credential' | 'sleep' | 'random' | 'retries'>>;

export function createAnthropicClient(options: AnthropicOptions): LlmClient {
  const clock = options.clock ?? systemClock;
  const settings: Settings = {
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
  return {
    provider: options.provider ?? 'anthropic',
    stream(request, signal) {
      const attempt = () => attemptWithKey(settings, options.credential()?.value.trim(), request, signal);
      return withRetries(attempt, retrying, signal);
    },
    async listModels(signal) {
      const key = options.credential()?.value.trim();
      if (!key) return { kind: 'failed', error: { kind: 'auth', message: 'There is no key for Anthropic.' } };
      const facts = { provider: options.provider ?? 'anthropic', title: 'Anthropic', path: MODELS_PATH, key };
      return listModels({ ...settings, ...facts, headers: buildHeaders(settings, key) }, signal);
    },
  };
}

/** One attempt, with the key taken out of everything it yields: a server may echo what it was sent. */
async function* attemptWithKey(
  settings: Settings,
  key: string | undefined,
  request: CompletionRequest,
  signal: AbortSignal,
): AsyncGenerator<AttemptEvent, void, undefined> {
  if (!key) {
    yield failed({ kind: 'auth', message: 'There is no key for Anthropic.' });
    return;
  }
  if (!/^[\x21-\x7e]+$/.test(key)) {
    const message = 'The key for Anthropic has characters that cannot be sent in a header.';
    yield failed({ kind: 'auth', message, key: fingerprint(key) });
    return;
  }
  for await (const event of attemptRequest(settings, key, request, signal)) {
    const clean = mapStrings(event as JsonValue, (text) => hideKey(text, key, 'anthropic')) as AttemptEvent;
    // Another key may be at hand by the time that this refusal is acted on.
    if (clean.type === 'failed' && concernsKey(clean.error)) clean.error.key = fingerprint(key);
    yield clean;
  }
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
    const opened = await openAnswer(settings, key, request, deadline, connection.signal);
    if (opened.kind === 'failed') yield opened.event;
    else yield* readAnswer(settings, opened.body, request, deadline);
  } finally {
    // Closes the connection where the answer was not read to its end.
    connection.abort();
  }
}

type Opened = { kind: 'body'; body: ReadableStream<Uint8Array> } | { kind: 'failed'; event: AttemptEvent };

async function openAnswer(
  settings: Settings,
  key: string,
  request: CompletionRequest,
  deadline: Deadline,
  connection: AbortSignal,
): Promise<Opened> {
  const url = readAddress(settings.baseUrl);
  if (url === undefined) {
    const message = 'The base URL for Anthropic is not an http(s) address, or holds a user name or password.';
    return failedToOpen({ kind: 'api', status: 400, type: 'invalid_base_url', message });
  }
  const work = settings.fetch(url, {
    method: 'POST',
    headers: buildHeaders(settings, key),
    body: JSON.stringify(buildRequestBody(request)),
    signal: connection,
    // Following one would send the key to an address nobody configured.
    redirect: 'manual',
  });
  const waited = await deadline.wait(work, settings.headersTimeoutMs, 'the beginning of the answer');
  if (waited.kind === 'cancelled') return failedToOpen({ kind: 'cancelled', message: 'The request was cancelled.' });
  if (waited.kind === 'late') return failedToOpen({ kind: 'stream_cut', message: `No answer: ${waited.message}.` });
  if (waited.kind === 'broke') {
    const why = describeFailure(waited.reason);
    return failedToOpen({ kind: 'http', message: `The connection to ${url.origin} failed: ${why}.` });
  }
  return checkAnswer(settings, waited.value, deadline);
}

async function checkAnswer(settings: Settings, response: Response, deadline: Deadline): Promise<Opened> {
  const contentType = response.headers.get('content-type') ?? '';
  if (response.status !== 200) {
    const body = response.body === null ? '' : await readErrorBody(settings, response.body, deadline);
    return {
      kind: 'failed',
      event: { type: 'failed', ...readErrorAnswer(response.status, response.headers, body, settings.clock.wall()) },
    };
  }
  if (response.body === null || /json|html/.test(contentType)) {
    return failedToOpen({
      kind: 'malformed',
      message: `The answer is not a stream of events (${contentType || 'empty'}).`,
    });
  }
  return { kind: 'body', body: response.body };
}

async function* readAnswer(
  settings: Settings,
  body: ReadableStream<Uint8Array>,
  request: CompletionRequest,
  deadline: Deadline,
): AsyncGenerator<AttemptEvent, void, undefined> {
  let state = startReading(request.model);
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

/** As much of an error answer as is bounded in size and time; a body that breaks off still tells something. */
async function readErrorBody(
  settings: Settings,
  body: ReadableStream<Uint8Array>,
  deadline: Deadline,
): Promise<string> {
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (text.length < MAX_ERROR_BYTES) {
    const waited = await deadline.wait(reader.read(), settings.idleTimeoutMs, 'the error');
    if (waited.kind !== 'value' || waited.value.done) break;
    text += decoder.decode(waited.value.value, { stream: true });
  }
  return text.slice(0, MAX_ERROR_BYTES);
}

/** Where to post to; undefined where fetch would refuse the address. */
function readAddress(baseUrl: string): URL | undefined {
  const text = `${baseUrl.replace(/\/+$/, '')}/v1/messages`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isFit = url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  return isFit ? url : undefined;
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

function failedToOpen(error: LlmError): Opened {
  return { kind: 'failed', event: failed(error) };
}
