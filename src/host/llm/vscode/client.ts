/** The models that VS Code has, each behind a window: an answer of one window, and of another where that one went away. */
import { type Clock, createSleep, type Sleep, systemClock } from '../clock.ts';
import { createDeadline, type Waited } from '../deadline.ts';
import { type AttemptEvent, DEFAULT_RETRIES, withRetries } from '../retry.ts';
import { DEFAULT_IDLE_TIMEOUT_MS, describeFailure } from '../sse.ts';
import type { CompletionRequest, LlmClient, LlmError } from '../types.ts';
import type { AskWindow, WindowEnd, WindowPart } from './ask.ts';
import { AnswerReader } from './read.ts';

/** The longest a whole answer may take, in milliseconds. */
const TOTAL_TIMEOUT_MS = 60 * 60_000;

export type VscodeOptions = {
  ask: AskWindow;
  clock?: Clock;
  sleep?: Sleep;
  random?: () => number;
  /** The longest silence of a window, in milliseconds; default 120,000. */
  idleTimeoutMs?: number;
  /** Further attempts after the first; default 4. */
  retries?: number;
};

export function createVscodeClient(options: VscodeOptions): LlmClient {
  const clock = options.clock ?? systemClock;
  const idleTimeoutMs = options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS;
  const retrying = {
    retries: options.retries ?? DEFAULT_RETRIES,
    sleep: options.sleep ?? createSleep(clock),
    random: options.random ?? Math.random,
  };
  return {
    provider: 'vscode',
    stream(request, signal) {
      return withRetries(() => askOnce({ ask: options.ask, clock, idleTimeoutMs }, request, signal), retrying, signal);
    },
  };
}

type Settings = { ask: AskWindow; clock: Clock; idleTimeoutMs: number };

async function* askOnce(
  { ask, clock, idleTimeoutMs }: Settings,
  request: CompletionRequest,
  signal: AbortSignal,
): AsyncGenerator<AttemptEvent, void, undefined> {
  const deadline = createDeadline(signal, clock, TOTAL_TIMEOUT_MS);
  const stop = new AbortController();
  const parts = new Arrivals();
  const reader = new AnswerReader(request);
  let end: WindowEnd | undefined;
  const ended = ask(request, (part) => parts.push(part), stop.signal).then((result) => {
    end = result;
  });
  try {
    for (;;) {
      // What ended it is looked at before the parts: none follows.
      const isOver = end !== undefined;
      for (const event of parts.takeAll().flatMap((part) => reader.take(part))) {
        yield event;
        if (event.type === 'failed') return;
      }
      if (isOver) break;
      const waited = await deadline.wait(Promise.race([parts.next(), ended]), idleTimeoutMs, 'more of the answer');
      if (waited.kind !== 'value') {
        yield { type: 'failed', error: failureOf(waited) };
        return;
      }
    }
    if (end?.kind === 'failed') yield { type: 'failed', error: end.error };
    else yield* reader.end();
  } finally {
    // Ends the question where the answer was not heard to its end.
    stop.abort();
  }
}

function failureOf(waited: Exclude<Waited<unknown>, { kind: 'value' }>): LlmError {
  if (waited.kind === 'cancelled') return { kind: 'cancelled', message: 'The request was cancelled.' };
  const why = waited.kind === 'late' ? waited.message : describeFailure(waited.reason);
  return { kind: 'stream_cut', message: `The answer was cut: ${why}.` };
}

/** What has come and was not looked at yet. */
class Arrivals {
  #parts: WindowPart[] = [];
  #arrived: () => void = () => undefined;

  push(part: WindowPart): void {
    this.#parts.push(part);
    this.#arrived();
  }

  takeAll(): WindowPart[] {
    return this.#parts.splice(0);
  }

  /** Resolves when there is something. */
  next(): Promise<void> {
    if (this.#parts.length > 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }
}
