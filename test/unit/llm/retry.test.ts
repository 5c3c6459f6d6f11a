import assert from 'node:assert/strict';
import { createSleep } from '../../../src/host/llm/clock.ts';
import {
  type AttemptEvent,
  decideRetry,
  type RetryAdvice,
  readRetryAdvice,
  withRetries,
} from '../../../src/host/llm/retry.ts';
import type { CompletionResponse, LlmError, LlmEvent } from '../../../src/host/llm/types.ts';
import { createManualClock, createRecordedSleep } from '../../support/model-server-clock.ts';
import { collect } from './requests.ts';

const LIMITED: LlmError = { kind: 'rate_limited', message: 'Slow down.' };
const RESPONSE: CompletionResponse = {
  model: 'm',
  content: [],
  stopReason: { kind: 'end_turn' },
  usage: { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 },
};

describe('retries', () => {
  const headers: { name: string; given: Record<string, string>; advice: RetryAdvice }[] = [
    { name: 'nothing', given: {}, advice: {} },
    { name: 'seconds', given: { 'retry-after': '2' }, advice: { retryAfterMs: 2000 } },
    { name: 'parts of a second', given: { 'retry-after': '0.25' }, advice: { retryAfterMs: 250 } },
    { name: 'milliseconds', given: { 'retry-after-ms': '30', 'retry-after': '2' }, advice: { retryAfterMs: 30 } },
    { name: 'a date', given: { 'retry-after': 'Thu, 01 Jan 1970 00:01:00 GMT' }, advice: { retryAfterMs: 59_000 } },
    { name: 'a date that is past', given: { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }, advice: {} },
    { name: 'zero', given: { 'retry-after': '0' }, advice: {} },
    { name: 'a negative number', given: { 'retry-after': '-3' }, advice: {} },
    { name: 'what is neither', given: { 'retry-after': 'soon', 'retry-after-ms': 'x' }, advice: {} },
    { name: 'yes', given: { 'x-should-retry': 'true' }, advice: { shouldRetry: true } },
    { name: 'no', given: { 'x-should-retry': 'false' }, advice: { shouldRetry: false } },
  ];
  for (const { name, given, advice } of headers) {
    it(`[llm-8] reads ${name} from the headers`, () => {
      assert.deepEqual(readRetryAdvice(new Headers(given), 1000), advice);
    });
  }

  it('[llm-8] waits half a second and twice as long each time, up to eight, and less by chance', () => {
    const waits = (random: number) =>
      [0, 1, 2, 3, 4, 5, 6].map((retry) => {
        const decision = decideRetry(LIMITED, {}, retry, { retries: 9, random: () => random });
        return decision.kind === 'retry' ? decision.delayMs : undefined;
      });
    assert.deepEqual(waits(0), [500, 1000, 2000, 4000, 8000, 8000, 8000]);
    assert.deepEqual(waits(1), [375, 750, 1500, 3000, 6000, 6000, 6000]);
  });

  const decisions: { error: LlmError; advice?: RetryAdvice; retries: boolean }[] = [
    { error: { kind: 'http', message: '' }, retries: true },
    { error: { kind: 'stream_cut', message: '' }, retries: true },
    { error: { kind: 'malformed', message: '' }, retries: true },
    { error: { kind: 'overloaded', message: '' }, retries: true },
    { error: { kind: 'overloaded', message: '' }, advice: { shouldRetry: false }, retries: false },
    { error: LIMITED, advice: { retryAfterMs: 300_000 }, retries: true },
    { error: LIMITED, advice: { retryAfterMs: 300_001 }, retries: false },
    { error: { kind: 'auth', message: '' }, advice: { shouldRetry: true }, retries: false },
    { error: { kind: 'insufficient_quota', message: '' }, advice: { shouldRetry: true }, retries: false },
    { error: { kind: 'context_exceeded', message: '' }, advice: { shouldRetry: true }, retries: false },
    { error: { kind: 'refused', message: '' }, retries: false },
    { error: { kind: 'cancelled', message: '' }, retries: false },
    ...[408, 409, 500, 502, 503, 504].map((status) => ({ error: apiError(status), retries: true })),
    ...[400, 402, 404, 422].map((status) => ({ error: apiError(status), retries: false })),
    { error: apiError(400), advice: { shouldRetry: true }, retries: true },
    { error: apiError(500), advice: { shouldRetry: false }, retries: false },
  ];
  for (const { error, advice = {}, retries } of decisions) {
    it(`[llm-9] ${retries ? 'repeats' : 'does not repeat'} ${JSON.stringify({ ...error, message: undefined, ...advice })}`, () => {
      const decision = decideRetry(error, advice, 0, { retries: 4, random: () => 0 });
      assert.equal(decision.kind, retries ? 'retry' : 'give_up');
    });
  }

  it('[llm-8] passes on what each attempt says, and tells watchers to discard it', async () => {
    const { sleep, slept } = createRecordedSleep();
    const attempts: AttemptEvent[][] = [
      [
        { type: 'text_start', index: 0 },
        { type: 'failed', error: LIMITED, advice: { retryAfterMs: 70 } },
      ],
      [{ type: 'done', response: RESPONSE }],
    ];
    assert.deepEqual(await run(attempts, sleep), [
      { type: 'text_start', index: 0 },
      { type: 'retry', attempt: 1, delayMs: 70, error: LIMITED },
      { type: 'done', response: RESPONSE },
    ]);
    assert.deepEqual(slept, [70]);
  });

  it('fails with the last error when the attempts are used up', async () => {
    const { sleep } = createRecordedSleep();
    const events = await run(
      [[{ type: 'failed', error: LIMITED }], [{ type: 'failed', error: apiError(500) }]],
      sleep,
      1,
    );
    assert.deepEqual(events.at(-1), { type: 'failed', error: apiError(500) });
  });

  it('counts an attempt that just ends as cut', async () => {
    const { sleep } = createRecordedSleep();
    const [event] = await run([[]], sleep, 0);
    assert.equal(event?.type === 'failed' && event.error.kind, 'stream_cut');
  });

  it('ends a wait at once when it is aborted, and leaves no timer', async () => {
    const clock = createManualClock();
    const controller = new AbortController();
    const options = { retries: 4, sleep: createSleep(clock), random: () => 0 };
    const events: LlmEvent[] = [];
    for await (const event of withRetries(
      () => replay([{ type: 'failed', error: LIMITED }]),
      options,
      controller.signal,
    )) {
      events.push(event);
      setImmediate(() => controller.abort());
    }
    assert.deepEqual(
      events.map((event) => event.type),
      ['retry', 'failed'],
    );
    assert.equal(clock.running(), 0);
  });
});

function apiError(status: number): LlmError {
  return { kind: 'api', status, type: 'some_error', message: '' };
}

function run(attempts: AttemptEvent[][], sleep: (ms: number, signal: AbortSignal) => Promise<void>, retries = 4) {
  const left = [...attempts];
  return collect(
    withRetries(() => replay(left.shift() ?? []), { retries, sleep, random: () => 0 }, new AbortController().signal),
  );
}

async function* replay(events: AttemptEvent[]): AsyncGenerator<AttemptEvent> {
  yield* events;
}
