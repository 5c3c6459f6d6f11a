/** The table of faults for Anthropic's format, and those that only this format has. */
import assert from 'node:assert/strict';
import { createAnthropicClient } from '../../src/host/llm/anthropic/client.ts';
import type { LlmError, LlmEvent } from '../../src/host/llm/types.ts';
import { anthropicFormat, frame } from '../support/model-server-anthropic.ts';
import type { Fault } from '../support/model-server-faults.ts';
import { answerWith, errorBody, failureOf, START, STOP, stream, textBlock, withServer } from './anthropic-setup.ts';
import { describeFaults } from './fault-run.ts';

describeFaults({
  name: 'Anthropic',
  wire: anthropicFormat,
  createClient: createAnthropicClient,
  says: {
    rate_limited: { status: 429, type: 'rate_limit_error' },
    overloaded: { status: 529, type: 'overloaded_error' },
    broken: { status: 500, type: 'api_error' },
    invalid: { status: 400, type: 'invalid_request_error' },
    auth: { status: 401, type: 'authentication_error' },
    no_money: { status: 402, type: 'billing_error' },
    too_long: { status: 400, type: 'invalid_request_error' },
  },
  idleFrame: (padding) => frame({ type: 'ping', padding }),
});

type Row = {
  name: string;
  fault: Fault;
  /** Requests that reach the server. */
  requests: number;
  /** Members the error must have; undefined where an answer comes. */
  error?: Partial<LlmError> | { [member: string]: unknown };
  /** The text of the answer, where one comes. */
  text?: string;
};

const ROWS: Row[] = [
  {
    name: '[llm-9] a 400 that says that the money is gone',
    fault: {
      status: 400,
      body: errorBody('invalid_request_error', 'Your credit balance is too low to access the API.'),
    },
    ...{ requests: 1, error: { kind: 'insufficient_quota' } },
  },
  {
    name: '[llm-9] a key without the right',
    fault: { status: 403, body: errorBody('permission_error', 'not yours') },
    ...{ requests: 1, error: { kind: 'auth' } },
  },
  {
    name: '[llm-9] an invalid request with type and id',
    fault: { status: 400, headers: { 'request-id': 'req_2' }, body: errorBody('invalid_request_error', 'No.') },
    ...{ requests: 1, error: { kind: 'api', status: 400, type: 'invalid_request_error', requestId: 'req_2' } },
  },
  {
    name: '[llm-8] a 503 that asks for an hour says when to come back',
    fault: { status: 503, headers: { 'retry-after': '3600' } },
    ...{ requests: 1, error: { kind: 'rate_limited', retryAfterMs: 3_600_000 } },
  },
  {
    name: '[F16] events in no order',
    fault: { raw: STOP + START },
    ...{ requests: 5, error: { kind: 'malformed' } },
  },
  {
    name: '[F16] an answer without its last event',
    fault: { raw: START },
    ...{ requests: 5, error: { kind: 'stream_cut' } },
  },
  {
    name: '[F16] events, blocks and deltas of tomorrow',
    fault: {
      raw: answerWith(
        frame({ type: 'event_of_tomorrow', index: 'odd' }),
        textBlock(''),
        frame({ type: 'content_block_delta', index: 0, delta: { type: 'delta_of_tomorrow', text: 'not text' } }),
        frame({ type: 'content_block_delta', index: 0, delta: { type: 'citations_delta', citation: { a: 1 } } }),
        frame({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'As ever.' } }),
        frame({ type: 'content_block_start', index: 1, content_block: { type: 'block_of_tomorrow', data: [] } }),
        frame({ type: 'content_block_stop', index: 1 }),
      ),
    },
    ...{ requests: 1, text: 'As ever.' },
  },
  {
    name: '[F16] a character whose halves come in two events',
    fault: {
      raw: answerWith(
        textBlock('data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\ud83d"}}\n\n'),
        'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\ude42"}}\n\n',
      ),
    },
    ...{ requests: 1, text: '🙂' },
  },
];

describe('faults of Anthropic alone', () => {
  for (const row of ROWS) {
    it(row.name, async () => {
      await withServer({ faultOf: () => row.fault }, async ({ server, client }) => {
        const events = await stream(client);
        assert.equal(server.requests.length, row.requests);
        if (row.error === undefined) assertAnswered(events, row.text);
        else assertMembers(failureOf(events), row.error);
      });
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
