/**
 * Server-sent events out of a response body, however its bytes are cut. Bounded in size and in time; what goes wrong is
 * the last item of the sequence and never an exception.
 */
import { createParser } from 'eventsource-parser';
import type { Deadline, Waited } from './deadline.ts';
import type { LlmError } from './types.ts';

/** Silence after which a stream counts as cut, in milliseconds. */
export const DEFAULT_IDLE_TIMEOUT_MS = 120_000;
/** The most bytes one event may have. */
export const MAX_EVENT_BYTES = 8 * 1024 * 1024;
/** The most bytes one answer may have; far above what any model writes, and what an endless stream ends at. */
export const MAX_STREAM_BYTES = 64 * 1024 * 1024;

export type SseItem =
  | { kind: 'event'; name: string | undefined; data: string }
  /** Always the last item: `stream_cut`, `malformed` or `cancelled`. */
  | { kind: 'failed'; error: LlmError };

export type SseOptions = {
  deadline: Deadline;
  /** The longest silence, in milliseconds. */
  idleTimeoutMs: number;
  /** The most bytes one event may have; default 8 MiB. */
  maxEventBytes?: number;
  /** The most bytes the whole stream may have; default 64 MiB. */
  maxStreamBytes?: number;
};

/** Ends without a `failed` where the body ended properly. The body is released however the reading ends. */
export async function* readServerSentEvents(
  body: ReadableStream<Uint8Array>,
  options: SseOptions,
): AsyncGenerator<SseItem, void, undefined> {
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  const decoding = createEventDecoder(
    options.maxEventBytes ?? MAX_EVENT_BYTES,
    options.maxStreamBytes ?? MAX_STREAM_BYTES,
  );
  try {
    while (true) {
      const waited = await options.deadline.wait(reader.read(), options.idleTimeoutMs, 'more of the answer');
      if (waited.kind !== 'value') {
        yield { kind: 'failed', error: toLlmError(waited) };
        return;
      }
      yield* waited.value.done ? decoding.finish() : decoding.push(waited.value.value);
      if (waited.value.done || decoding.failed()) return;
    }
  } finally {
    // The body may already be broken, and then there is nothing left to cancel.
    void reader.cancel().catch(() => undefined);
  }
}

function toLlmError(waited: Exclude<Waited<unknown>, { kind: 'value' }>): LlmError {
  if (waited.kind === 'cancelled') return { kind: 'cancelled', message: 'The request was cancelled.' };
  const why = waited.kind === 'late' ? waited.message : describeFailure(waited.reason);
  return { kind: 'stream_cut', message: `The answer was cut: ${why}.` };
}

type EventDecoder = {
  push(bytes: Uint8Array): SseItem[];
  /** What the end of the stream completes: a last event need not be followed by a blank line, but half a one is none. */
  finish(): SseItem[];
  failed(): boolean;
};

function createEventDecoder(maxEventBytes: number, maxStreamBytes: number): EventDecoder {
  // The parser takes a byte order mark off itself, also where it comes in pieces; bytes that are not UTF-8 turn into
  // U+FFFD instead of ending the stream.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let items: SseItem[] = [];
  let streamBytes = 0;
  let bytesSinceEvent = 0;
  let failed = false;
  const parser = createParser({
    onEvent(event) {
      bytesSinceEvent = 0;
      if (event.data.length > maxEventBytes) fail(`one event has over ${maxEventBytes} bytes`);
      else if (!failed) items.push({ kind: 'event', name: event.event, data: event.data });
    },
  });
  function fail(why: string): void {
    if (!failed)
      items.push({ kind: 'failed', error: { kind: 'malformed', message: `The answer is malformed: ${why}.` } });
    failed = true;
  }
  function take(): SseItem[] {
    const taken = items;
    items = [];
    return taken;
  }
  return {
    push(bytes) {
      streamBytes += bytes.byteLength;
      // Counted by bytes and not by what the parser keeps, so that endless comments and junk lines are bounded too.
      bytesSinceEvent += bytes.byteLength;
      parser.feed(decoder.decode(bytes, { stream: true }));
      if (bytesSinceEvent > maxEventBytes) fail(`one event has over ${maxEventBytes} bytes`);
      if (streamBytes > maxStreamBytes) fail(`it has over ${maxStreamBytes} bytes`);
      return take();
    },
    finish() {
      parser.feed(`${decoder.decode()}\n\n`);
      return take().filter((item) => item.kind === 'failed' || !isCutJson(item.data));
    },
    failed: () => failed,
  };
}

/** An object that begins and does not end. */
function isCutJson(data: string): boolean {
  if (!data.startsWith('{')) return false;
  try {
    JSON.parse(data);
    return false;
  } catch {
    return true;
  }
}

/** What broke, in a few words. Fetch puts that into the cause; its own message can hold the whole address. */
export function describeFailure(reason: unknown): string {
  const cause = reason instanceof Error ? reason.cause : undefined;
  if (!(cause instanceof Error)) return 'it broke off';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message || cause.name;
}
