/** What every client over HTTP and server-sent events does; what is particular to a format is in its `Wire`. */
import { hideKey, mapStrings } from './clean-text.ts';
import { type Clock, createSleep, type Sleep, systemClock } from './clock.ts';
import { fingerprint } from './credentials.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import { type ExchangeSettings, exchange, readAddress, readBody } from './exchange.ts';
import { listModels } from './list-models.ts';
import { type AttemptEvent, DEFAULT_RETRIES, type RetryAdvice, withRetries } from './retry.ts';
import { DEFAULT_IDLE_TIMEOUT_MS, readServerSentEvents } from './sse.ts';
import { changeBlocks } from './thinking.ts';
import type { CompletionRequest, JsonValue, LlmClient, LlmError, LlmEvent } from './types.ts';

/** The longest a whole answer may take, in milliseconds: longer than any model needs for its most tokens. */
const DEFAULT_TOTAL_TIMEOUT_MS = 60 * 60_000;
const DEFAULT_HEADERS_TIMEOUT_MS = 120_000;
/** The most of an error answer that is read, in bytes. */
const MAX_ERROR_BYTES = 64 * 1024;

/** Where `done` or `failed` is among the events it is the last, and the state is of no more use. */
export type ReadStep<State> = { state: State; events: LlmEvent[] };
export type ReadError = { error: LlmError; advice: RetryAdvice };

/** A format of requests and answers. All of it is pure but `reconsider`, which may remember. */
export type Wire<State> = {
  /** What is posted to, below the base URL. */
  path: string;
  buildBody(request: CompletionRequest): JsonValue;
  startReading(request: CompletionRequest): State;
  /** Reads the data of one server-sent event. */
  readEvent(state: State, data: string): ReadStep<State>;
  /** What the end of the stream completes: the answer, where it needs no closing event, or nothing. */
  endReading(state: State): LlmEvent[];
  /** Reads an answer whose status is not 200. `nowMs` (since the epoch) turns a Retry-After date into a wait. */
  readError(status: number, headers: Headers, body: string, nowMs: number): ReadError;
  /**
   * Called with the error of a request that was refused. Builds such requests otherwise from now on, where that may help, so
   * that this one is sent again at once; `undo` is called where it did not help. Undefined changes nothing.
   */
  reconsider?(request: CompletionRequest, error: LlmError): { undo(): void } | undefined;
};

export type WireClientOptions = {
  /** The part of a model's name before the slash. */
  provider: string;
  /** For people. */
  title: string;
  /** With the version, as in `https://api.openai.com/v1`. */
  baseUrl: string;
  /** Asked for each request, so that a key that was just given is used; null where requests carry none. */
  credential: (() => { value: string } | undefined) | null;
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
  Pick<WireClientOptions, 'provider' | 'title' | 'baseUrl'> & { totalTimeoutMs: number };

export function createWireClient<State>(wire: Wire<State>, options: WireClientOptions): LlmClient {
  const { provider, title, baseUrl, credential } = options;
  const clock = options.clock ?? systemClock;
  const settings: Settings = {
    ...{ provider, title, baseUrl, clock },
    fetch: options.fetch ?? fetch,
    idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
    headersTimeoutMs: options.headersTimeoutMs ?? DEFAULT_HEADERS_TIMEOUT_MS,
    totalTimeoutMs: options.totalTimeoutMs ?? DEFAULT_TOTAL_TIMEOUT_MS,
  };
  const retrying = {
    retries: options.retries ?? DEFAULT_RETRIES,
    sleep: options.sleep ?? createSleep(clock),
    random: options.random ?? Math.random,
  };
  const readKey = () => findKey(title, credential);
  return {
    provider,
    stream(request, signal) {
      return withRetries(() => attemptWithKey(settings, wire, readKey(), request, signal), retrying, signal);
    },
    async listModels(signal) {
      const key = readKey();
      if (key.kind === 'unfit') return { kind: 'failed', error: key.error };
      return listModels({ ...settings, key: key.value, path: '/models', headers: keyHeaders(key.value) }, signal);
    },
  };
}

type Key = { kind: 'key'; value: string | undefined } | { kind: 'unfit'; error: LlmError };

function findKey(title: string, credential: WireClientOptions['credential']): Key {
  if (credential === null) return { kind: 'key', value: undefined };
  const value = credential()?.value.trim();
  if (!value) return { kind: 'unfit', error: { kind: 'auth', message: `There is no key for ${title}.` } };
  if (/^[\x21-\x7e]+$/.test(value)) return { kind: 'key', value };
  const message = `The key for ${title} has characters that cannot be sent in a header.`;
  return { kind: 'unfit', error: { kind: 'auth', message, key: fingerprint(value) } };
}

function keyHeaders(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` };
}

/** One attempt, with the key taken out of everything it yields: a server may echo what it was sent. */
async function* attemptWithKey<State>(
  settings: Settings,
  wire: Wire<State>,
  key: Key,
  request: CompletionRequest,
  signal: AbortSignal,
): AsyncGenerator<AttemptEvent, void, undefined> {
  if (key.kind === 'unfit') {
    yield { type: 'failed', error: key.error };
    return;
  }
  const { value } = key;
  for await (const event of attemptRequest(settings, wire, value, request, signal)) {
    yield value === undefined ? event : withoutKey(event, value, settings.provider);
  }
}

function withoutKey(event: AttemptEvent, key: string, provider: string): AttemptEvent {
  const hide = (text: string) => hideKey(text, key, provider);
  const clean = mapStrings(event as JsonValue, hide) as AttemptEvent;
  if (clean.type === 'failed') nameKey(clean.error, key);
  if (event.type !== 'done' || clean.type !== 'done') return clean;
  return { ...clean, response: { ...clean.response, content: changeBlocks(event.response.content, hide) } };
}

/** Another key may be at hand by the time that this refusal is acted on. */
function nameKey(error: LlmError, key: string): void {
  if (error.kind === 'auth' || error.kind === 'insufficient_quota') error.key = fingerprint(key);
}

async function* attemptRequest<State>(
  settings: Settings,
  wire: Wire<State>,
  key: string | undefined,
  request: CompletionRequest,
  signal: AbortSignal,
): AsyncGenerator<AttemptEvent, void, undefined> {
  const deadline = createDeadline(signal, settings.clock, settings.totalTimeoutMs);
  const connection = new AbortController();
  try {
    const open = () => openAnswer(settings, wire, key, request, deadline, connection.signal);
    const opened = await reopen(wire, request, await open(), open);
    if (opened.kind === 'failed') yield { type: 'failed', error: opened.error, advice: opened.advice };
    else yield* readAnswer(settings, wire, opened.body, request, deadline);
  } finally {
    // Closes the connection where the answer was not read to its end.
    connection.abort();
  }
}

type Opened = { kind: 'body'; body: ReadableStream<Uint8Array> } | ({ kind: 'failed' } & ReadError);

/** Where the same request built otherwise is refused as well, the first refusal is the one that tells something. */
async function reopen<State>(
  wire: Wire<State>,
  request: CompletionRequest,
  first: Opened,
  open: () => Promise<Opened>,
): Promise<Opened> {
  const change = first.kind === 'failed' ? wire.reconsider?.(request, first.error) : undefined;
  if (change === undefined) return first;
  const second = await open();
  if (second.kind === 'body' || second.error.kind !== 'api' || second.error.status !== 400) return second;
  change.undo();
  return first;
}

async function openAnswer<State>(
  settings: Settings,
  wire: Wire<State>,
  key: string | undefined,
  request: CompletionRequest,
  deadline: Deadline,
  connection: AbortSignal,
): Promise<Opened> {
  const url = readAddress(settings.baseUrl, wire.path);
  if (url === undefined) {
    const message = `The base URL for ${settings.title} is not an http(s) address, or holds a user name or password.`;
    return failedToOpen({ kind: 'api', status: 400, type: 'invalid_base_url', message });
  }
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream', ...keyHeaders(key) };
  const body = JSON.stringify(wire.buildBody(request));
  const exchanged = await exchange(settings, { url, headers, body }, deadline, connection);
  if (exchanged.kind === 'failed') return failedToOpen(exchanged.error);
  const { response } = exchanged;
  if (response.status !== 200) {
    const { text } = await readBody(settings, response, deadline, MAX_ERROR_BYTES);
    return { kind: 'failed', ...wire.readError(response.status, response.headers, text, settings.clock.wall()) };
  }
  const contentType = response.headers.get('content-type') ?? '';
  if (response.body === null || /json|html/.test(contentType)) {
    const message = `The answer is not a stream of events (${contentType || 'empty'}).`;
    return failedToOpen({ kind: 'malformed', message });
  }
  return { kind: 'body', body: response.body };
}

function failedToOpen(error: LlmError): Opened {
  return { kind: 'failed', error, advice: {} };
}

async function* readAnswer<State>(
  settings: Settings,
  wire: Wire<State>,
  body: ReadableStream<Uint8Array>,
  request: CompletionRequest,
  deadline: Deadline,
): AsyncGenerator<AttemptEvent, void, undefined> {
  let state = wire.startReading(request);
  for await (const item of readServerSentEvents(body, { deadline, idleTimeoutMs: settings.idleTimeoutMs })) {
    if (item.kind === 'failed') {
      // An answer that was whole before its connection broke is an answer.
      const whole = item.error.kind === 'stream_cut' ? forward(wire.endReading(state)) : [];
      yield* whole.length > 0 ? whole : [{ type: 'failed', error: item.error } as const];
      return;
    }
    const step = wire.readEvent(state, item.data);
    state = step.state;
    for (const event of forward(step.events)) {
      yield event;
      if (event.type === 'done' || event.type === 'failed') return;
    }
  }
  const whole = forward(wire.endReading(state));
  const message = 'The answer ended before it was complete.';
  yield* whole.length > 0 ? whole : [{ type: 'failed', error: { kind: 'stream_cut', message } } as const];
}

/** A reading step repeats nothing; that is for `withRetries`. */
function forward(events: LlmEvent[]): AttemptEvent[] {
  return events.filter((event) => event.type !== 'retry');
}
