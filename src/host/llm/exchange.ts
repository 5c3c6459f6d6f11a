/** One HTTP exchange with a provider: bounded in time and in size, redirects refused, and never an exception. */
import type { Clock } from './clock.ts';
import type { Deadline } from './deadline.ts';
import { describeFailure } from './sse.ts';
import type { LlmError } from './types.ts';

export type ExchangeSettings = {
  fetch: typeof fetch;
  clock: Clock;
  /** The longest silence within an answer, in milliseconds. */
  idleTimeoutMs: number;
  /** The longest wait for an answer to begin, in milliseconds. */
  headersTimeoutMs: number;
};

export type ExchangeRequest = { url: URL; headers: Record<string, string>; body?: string };

export type Exchanged = { kind: 'answer'; response: Response } | { kind: 'failed'; error: LlmError };

/** Posts where there is a body, else gets. `connection` closes it, also while the answer is read. */
export async function exchange(
  settings: ExchangeSettings,
  { url, headers, body }: ExchangeRequest,
  deadline: Deadline,
  connection: AbortSignal,
): Promise<Exchanged> {
  const work = settings.fetch(url, {
    ...(body === undefined ? { method: 'GET' } : { method: 'POST', body }),
    headers,
    signal: connection,
    // Following one would send the key to an address nobody configured.
    redirect: 'manual',
  });
  const waited = await deadline.wait(work, settings.headersTimeoutMs, 'the beginning of the answer');
  switch (waited.kind) {
    case 'value':
      return { kind: 'answer', response: waited.value };
    case 'cancelled':
      return { kind: 'failed', error: { kind: 'cancelled', message: 'The request was cancelled.' } };
    case 'late':
      return { kind: 'failed', error: { kind: 'stream_cut', message: `No answer: ${waited.message}.` } };
    case 'broke': {
      const message = `The connection to ${url.origin} failed: ${describeFailure(waited.reason)}.`;
      return { kind: 'failed', error: { kind: 'http', message } };
    }
  }
}

export type BodyText = {
  text: string;
  /** False where it broke off, or was longer than the bound. */
  isWhole: boolean;
};

/** As much of a body as is bounded in size and time: one that breaks off still tells something. */
export async function readBody(
  settings: ExchangeSettings,
  { body }: Response,
  deadline: Deadline,
  mostBytes: number,
): Promise<BodyText> {
  if (body === null) return { text: '', isWhole: true };
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let bytes = 0; bytes <= mostBytes; ) {
    const waited = await deadline.wait(reader.read(), settings.idleTimeoutMs, 'the rest of the answer');
    if (waited.kind !== 'value') return { text, isWhole: false };
    if (waited.value.done) return { text: text + decoder.decode(), isWhole: true };
    bytes += waited.value.value.byteLength;
    text += decoder.decode(waited.value.value, { stream: true });
  }
  return { text: text.slice(0, mostBytes), isWhole: false };
}

/** The address of an endpoint; undefined where fetch would refuse it. `path` begins with a slash. */
export function readAddress(baseUrl: string, path: string): URL | undefined {
  const text = `${baseUrl.replace(/\/+$/, '')}${path}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isFit = url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  return isFit ? url : undefined;
}
