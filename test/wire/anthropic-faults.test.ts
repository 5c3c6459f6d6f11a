/** What can go wrong on the way to an answer, as a table: each fault, and how the stream ends. */
import assert from 'node:assert/strict';
import type { AnthropicOptions } from '../../src/host/llm/anthropic/client.ts';
import type { LlmError, LlmEvent } from '../../src/host/llm/types.ts';
import { frame } from '../support/model-server-anthropic.ts';
import type { Fault } from '../support/model-server-faults.ts';
import { answerWith, errorBody, failureOf, START, STOP, stream, textBlock, withServer } from './anthropic-setup.ts';

const PING = frame({ type: 'ping' });

type Row = {
  name: string;
  /** What happens to every request; or to each, by its number from 0. */
  fault: Fault | ((request: number) => Fault | undefined);
  client?: Partial<AnthropicOptions>;
  /** Requests that reach the server. */
  requests: number;
  /** The waits between them, in milliseconds; without jitter. */
  slept: number[];
  /** Members the error must have; undefined where an answer comes. */
  error?: Partial<LlmError> | { [member: string]: unknown };
  /** The text of the answer, where one comes. */
  text?: string;
};

const WAITS = [500, 1000, 2000, 4000];
const until = (count: number, fault: Fault) => (request: number) => (request < count ? fault : undefined);
const HTTP_DATE_TEN_SECONDS_ON = 'Thu, 01 Jan 2026 00:00:10 GMT';
const HTTP_DATE_BASE = Date.parse('Thu, 01 Jan 2026 00:00:00 GMT');

const STATUS_ROWS: Row[] = [
  {
    name: '[llm-8] a storm of 429',
    fault: { status: 429, body: errorBody('rate_limit_error', 'Slow down.') },
    ...{ requests: 5, slept: WAITS, error: { kind: 'rate_limited', message: 'Slow down.' } },
  },
  {
    name: '[llm-8] a 429 with seconds to wait',
    fault: until(1, {
      status: 429,
      headers: { 'retry-after': '7' },
      body: errorBody('rate_limit_error', 'Slow down.'),
    }),
    ...{ requests: 2, slept: [7000] },
  },
  {
    name: '[llm-8] a 429 with milliseconds to wait, which count before seconds',
    fault: until(1, { status: 429, headers: { 'retry-after-ms': '250', 'retry-after': '9' } }),
    ...{ requests: 2, slept: [250] },
  },
  {
    name: '[llm-8] a 429 with a date to wait for',
    fault: until(1, { status: 429, headers: { 'retry-after': HTTP_DATE_TEN_SECONDS_ON } }),
    ...{ requests: 2, slept: [10_000] },
  },
  {
    name: '[llm-8] a 429 whose wait cannot be read',
    fault: until(1, { status: 429, headers: { 'retry-after': 'soon' } }),
    ...{ requests: 2, slept: [500] },
  },
  {
    name: '[llm-8] a 429 that asks for an hour is not waited for',
    fault: { status: 429, headers: { 'retry-after': '3600' }, body: errorBody('rate_limit_error', 'Slow down.') },
    ...{ requests: 1, slept: [], error: { kind: 'rate_limited', retryAfterMs: 3_600_000 } },
  },
  {
    name: '[llm-8] a 503 that asks for an hour says when to come back',
    fault: { status: 503, headers: { 'retry-after': '3600' } },
    ...{ requests: 1, slept: [], error: { kind: 'rate_limited', retryAfterMs: 3_600_000 } },
  },
  {
    name: '[llm-9] a storm of 500',
    fault: { status: 500, body: errorBody('api_error', 'Broken.') },
    ...{ requests: 5, slept: WAITS },
    error: { kind: 'api', status: 500, type: 'api_error', message: 'Broken.', requestId: 'req_1' },
  },
  {
    name: '[llm-9] a storm of 529',
    fault: { status: 529, body: errorBody('overloaded_error', 'Too much to do.') },
    ...{ requests: 5, slept: WAITS, error: { kind: 'overloaded', message: 'Too much to do.' } },
  },
  {
    name: '[llm-9] two 529, then an answer',
    fault: until(2, { status: 529 }),
    ...{ requests: 3, slept: [500, 1000] },
  },
  {
    name: '[llm-9] a 408 and a 409, then an answer',
    fault: (request) => [{ status: 408 }, { status: 409 }][request],
    ...{ requests: 3, slept: [500, 1000] },
  },
  {
    name: '[llm-9] a 500 that says not to try again',
    fault: { status: 500, headers: { 'x-should-retry': 'false' } },
    ...{ requests: 1, slept: [], error: { kind: 'api', status: 500 } },
  },
  {
    name: '[llm-9] a 400 that says to try again',
    fault: until(1, { status: 400, headers: { 'x-should-retry': 'true' } }),
    ...{ requests: 2, slept: [500] },
  },
  {
    name: '[llm-9] an invalid request keeps status, type, message and id',
    fault: {
      status: 400,
      headers: { 'request-id': 'req_2' },
      body: errorBody('invalid_request_error', 'tools.0: bad'),
    },
    ...{ requests: 1, slept: [] },
    error: { kind: 'api', status: 400, type: 'invalid_request_error', message: 'tools.0: bad', requestId: 'req_2' },
  },
  {
    name: '[llm-9] a prompt that is too long',
    fault: {
      status: 400,
      body: errorBody('invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'),
    },
    ...{ requests: 1, slept: [], error: { kind: 'context_exceeded' } },
  },
  {
    name: '[llm-9] a refused key is not tried again, whatever the server says',
    fault: {
      status: 401,
      headers: { 'x-should-retry': 'true' },
      body: errorBody('authentication_error', 'invalid x-api-key'),
    },
    ...{ requests: 1, slept: [], error: { kind: 'auth' } },
  },
  {
    name: '[llm-9] a key without the right',
    fault: { status: 403, body: errorBody('permission_error', 'not yours') },
    ...{ requests: 1, slept: [], error: { kind: 'auth' } },
  },
  {
    name: '[llm-9] a page of a proxy in place of an error',
    fault: { status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>\n  Bad gateway</h1>' },
    ...{ requests: 5, slept: WAITS, error: { kind: 'api', status: 502, message: '<h1> Bad gateway</h1>' } },
  },
  {
    name: '[llm-9] a redirect, which the key must not follow',
    fault: { status: 307, headers: { location: 'http://127.0.0.1:1/v1/messages' } },
    ...{ requests: 1, slept: [], error: { kind: 'api', status: 307 } },
  },
];

const STREAM_ROWS: Row[] = [
  {
    name: 'a reset before the answer, then an answer',
    fault: until(1, { resetAtOnce: true }),
    ...{ requests: 2, slept: [500] },
  },
  {
    name: 'a reset before every answer',
    fault: { resetAtOnce: true },
    ...{ requests: 5, slept: WAITS, error: { kind: 'http' } },
  },
  {
    name: 'a reset within the answer, then an answer',
    fault: until(1, { resetAfterBytes: 900 }),
    ...{ requests: 2, slept: [500] },
  },
  {
    name: 'resets within every answer',
    fault: { resetAfterBytes: 900 },
    ...{ requests: 5, slept: WAITS, error: { kind: 'stream_cut' } },
  },
  {
    name: 'an answer that ends inside the JSON of a call',
    fault: { endAfterBytes: 2200 },
    ...{ requests: 5, slept: WAITS, error: { kind: 'stream_cut' } },
  },
  {
    name: 'an answer without its last event',
    fault: { raw: START },
    ...{ requests: 5, slept: WAITS, error: { kind: 'stream_cut' } },
  },
  {
    name: 'an empty answer',
    fault: { raw: '' },
    ...{ requests: 5, slept: WAITS, error: { kind: 'stream_cut' } },
  },
  {
    name: 'events that are not JSON',
    fault: { raw: 'event: message_start\ndata: {"type": garbage\n\n' },
    ...{ requests: 5, slept: WAITS, error: { kind: 'malformed' } },
  },
  {
    name: 'events in no order',
    fault: { raw: STOP + START },
    ...{ requests: 5, slept: WAITS, error: { kind: 'malformed' } },
  },
  {
    name: 'JSON in place of a stream',
    fault: { headers: { 'content-type': 'application/json' }, raw: '{}' },
    ...{ requests: 5, slept: WAITS, error: { kind: 'malformed' } },
  },
  {
    name: 'bytes of no text at all',
    fault: { raw: Uint8Array.from({ length: 4096 }, (_, index) => (index * 7) % 256) },
    ...{ requests: 5, slept: WAITS, error: { kind: 'stream_cut' } },
  },
  {
    name: '[llm-9] an overload within the answer',
    fault: { errorEvent: { afterFrames: 4, type: 'overloaded_error', message: 'Too much to do.' } },
    ...{ requests: 5, slept: WAITS, error: { kind: 'overloaded', message: 'Too much to do.' } },
  },
  {
    name: '[llm-9] an invalid request found within the answer',
    fault: { errorEvent: { afterFrames: 1, type: 'invalid_request_error', message: 'No.' } },
    ...{ requests: 1, slept: [], error: { kind: 'api', status: 400, type: 'invalid_request_error', message: 'No.' } },
  },
  {
    name: 'no answer at all',
    fault: { silentAfterBytes: -1 },
    client: { headersTimeoutMs: 40, retries: 1 },
    ...{ requests: 2, slept: [500], error: { kind: 'stream_cut' } },
  },
  {
    name: 'silence after the headers',
    fault: { silentAfterBytes: 0 },
    client: { idleTimeoutMs: 40, retries: 1 },
    ...{ requests: 2, slept: [500], error: { kind: 'stream_cut' } },
  },
  {
    name: 'silence within an event',
    fault: { silentAfterBytes: 700 },
    client: { idleTimeoutMs: 40, retries: 1 },
    ...{ requests: 2, slept: [500], error: { kind: 'stream_cut' } },
  },
  {
    name: 'an endless answer of pings',
    fault: { raw: START, endless: PING },
    client: { totalTimeoutMs: 120, retries: 0 },
    ...{ requests: 1, slept: [], error: { kind: 'stream_cut' } },
  },
  {
    name: 'an endless event',
    fault: { raw: `${START}data: `, endless: 'x'.repeat(65_536) },
    client: { retries: 0 },
    ...{ requests: 1, slept: [], error: { kind: 'malformed' } },
  },
  {
    name: 'an endless line that is no event',
    fault: { raw: START, endless: 'x'.repeat(65_536) },
    client: { retries: 0 },
    ...{ requests: 1, slept: [], error: { kind: 'malformed' } },
  },
  {
    name: 'bytes that are not UTF-8, which show in the text',
    fault: {
      raw: Buffer.concat([
        Buffer.from(
          START + textBlock('data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a'),
        ),
        Buffer.from([0xff, 0xc3]),
        Buffer.from(`b"}}\n\n${STOP}`),
      ]),
    },
    ...{ requests: 1, slept: [], text: 'a\uFFFD\uFFFDb' },
  },
  {
    name: 'NUL and half a character, which no store takes',
    fault: {
      raw: answerWith(
        textBlock(
          'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\\u0000b\\ud83d"}}\n\n',
        ),
      ),
    },
    ...{ requests: 1, slept: [], text: 'a\uFFFDb\uFFFD' },
  },
  {
    name: 'a character whose halves come in two events',
    fault: {
      raw: answerWith(
        textBlock('data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\ud83d"}}\n\n'),
        'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\ude42"}}\n\n',
      ),
    },
    ...{ requests: 1, slept: [], text: '🙂' },
  },
];

describe('faults on the way to an answer', () => {
  for (const row of [...STATUS_ROWS, ...STREAM_ROWS]) {
    it(row.name, async () => {
      const { fault } = row;
      const faultOf = typeof fault === 'function' ? fault : () => fault;
      await withServer(
        { faultOf, client: row.client ?? {}, wallMs: HTTP_DATE_BASE },
        async ({ server, client, slept }) => {
          const events = await stream(client);
          assert.equal(server.requests.length, row.requests);
          assert.deepEqual(slept, row.slept);
          assert.equal(events.filter((event) => event.type === 'retry').length, slept.length);
          if (row.error === undefined) assertAnswered(events, row.text);
          else assertMembers(failureOf(events), row.error);
        },
      );
    });
  }
});

function assertAnswered(events: LlmEvent[], text: string | undefined): void {
  const last = events.at(-1);
  assert.equal(last?.type, 'done', JSON.stringify(last));
  if (last?.type !== 'done' || text === undefined) return;
  assert.deepEqual(last.response.content, [{ type: 'text', text }]);
}

function assertMembers(error: LlmError, expected: object): void {
  const members = Object.entries(error).filter(([name]) => name in expected);
  assert.deepEqual(Object.fromEntries(members), expected, JSON.stringify(error));
}
