import assert from 'node:assert/strict';
import { readEvent, startReading, toStopReason } from '../../../src/host/llm/anthropic/read.ts';
import type {
  CompletionResponse,
  ContentBlock,
  LlmEvent,
  StopReason,
  ThinkingBlock,
} from '../../../src/host/llm/types.ts';

type Wire = { type: string; [member: string]: unknown };

const START: Wire = {
  type: 'message_start',
  message: {
    id: 'msg_1',
    model: 'claude-x',
    usage: { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1 },
  },
};
const STOP: Wire = { type: 'message_stop' };

describe('the reading of an Anthropic answer', () => {
  it('[llm-7] understands every event of a stream, and ignores those it does not know', () => {
    const events = read(
      START,
      { type: 'ping' },
      { type: 'something_new', index: 'odd' },
      start(0, { type: 'thinking', thinking: '' }),
      delta(0, { type: 'thinking_delta', thinking: 'Hm.' }),
      delta(0, { type: 'thinking_delta', thinking: ' So.' }),
      delta(0, { type: 'signature_delta', signature: 'ab' }),
      delta(0, { type: 'signature_delta', signature: 'abc' }),
      stop(0),
      start(1, { type: 'redacted_thinking', data: 'xyz' }),
      stop(1),
      start(2, { type: 'text', text: '' }),
      delta(2, { type: 'text_delta', text: 'Hel' }),
      delta(2, { type: 'citations_delta', citation: {} }),
      delta(2, { type: 'delta_of_tomorrow', text: 'not text' }),
      delta(2, { type: 'text_delta', text: 'lo.' }),
      stop(2),
      start(3, { type: 'block_of_tomorrow' }),
      stop(3),
      start(4, { type: 'tool_use', id: 'toolu_1', name: 'ask', input: {} }),
      delta(4, { type: 'input_json_delta', partial_json: '' }),
      delta(4, { type: 'input_json_delta', partial_json: '{"a":' }),
      delta(4, { type: 'input_json_delta', partial_json: '1}' }),
      stop(4),
      { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } },
      STOP,
    );
    const usage = { input: 15, cacheRead: 5, cacheWrite: 0, output: 1, reasoning: 0 };
    const total = { ...usage, output: 9 };
    const content: ContentBlock[] = [
      { type: 'thinking', text: 'Hm. So.', model: 'anthropic/asked', opaque: { signature: 'abc' } },
      { type: 'thinking', text: '', model: 'anthropic/asked', opaque: { redacted: 'xyz' } },
      { type: 'text', text: 'Hello.' },
      { type: 'tool_use', id: 'toolu_1', name: 'ask', input: { a: 1 } },
    ];
    assert.deepEqual(events, [
      { type: 'usage', usage },
      { type: 'thinking_start', index: 0 },
      { type: 'thinking_delta', index: 0, text: 'Hm.' },
      { type: 'thinking_delta', index: 0, text: ' So.' },
      { type: 'thinking_end', index: 0 },
      { type: 'thinking_start', index: 1 },
      { type: 'thinking_end', index: 1 },
      { type: 'text_start', index: 2 },
      { type: 'text_delta', index: 2, text: 'Hel' },
      { type: 'text_delta', index: 2, text: 'lo.' },
      { type: 'text_end', index: 2 },
      { type: 'tool_call_start', index: 3, id: 'toolu_1', name: 'ask' },
      { type: 'tool_call_delta', index: 3, json: '{"a":' },
      { type: 'tool_call_delta', index: 3, json: '1}' },
      { type: 'tool_call_end', index: 3 },
      { type: 'usage', usage: total },
      {
        type: 'done',
        response: { id: 'msg_1', model: 'claude-x', content, stopReason: { kind: 'tool_use' }, usage: total },
      },
    ]);
  });

  const thoughts: { name: string; wire: Wire[]; block: ThinkingBlock }[] = [
    {
      name: 'whose text is not shown',
      wire: [
        start(0, { type: 'thinking', thinking: '', signature: '' }),
        delta(0, { type: 'signature_delta', signature: 's' }),
      ],
      block: { type: 'thinking', text: '', model: 'anthropic/asked', opaque: { signature: 's' } },
    },
    {
      name: 'that comes whole at its start',
      wire: [start(0, { type: 'thinking', thinking: 'All.', signature: 's' })],
      block: { type: 'thinking', text: 'All.', model: 'anthropic/asked', opaque: { signature: 's' } },
    },
    {
      name: 'without a signature, which cannot go back',
      wire: [start(0, { type: 'thinking', thinking: 'All.' })],
      block: { type: 'thinking', text: 'All.', model: 'anthropic/asked' },
    },
    {
      name: 'with what no store takes, which its signature no longer fits',
      wire: [start(0, { type: 'thinking', thinking: 'a\0\ud83d', signature: 's' })],
      block: { type: 'thinking', text: 'a\uFFFD\uFFFD', model: 'anthropic/asked' },
    },
  ];
  for (const { name, wire, block } of thoughts) {
    it(`[llm-7] reads thinking ${name}`, () => {
      assert.deepEqual(responseOf(read(START, ...wire, stop(0), STOP)).content, [block]);
    });
  }

  const stops: [raw: string | undefined, StopReason][] = [
    ['end_turn', { kind: 'end_turn' }],
    ['tool_use', { kind: 'tool_use' }],
    ['max_tokens', { kind: 'max_tokens' }],
    ['stop_sequence', { kind: 'stop_sequence' }],
    ['pause_turn', { kind: 'pause_turn' }],
    ['refusal', { kind: 'refusal' }],
    ['model_context_window_exceeded', { kind: 'context_exceeded' }],
    ['reason_of_tomorrow', { kind: 'other', raw: 'reason_of_tomorrow' }],
    [undefined, { kind: 'other', raw: '' }],
  ];
  for (const [raw, reason] of stops) {
    it(`[llm-4] maps the stop reason ${raw}`, () => {
      assert.deepEqual(toStopReason(raw), reason);
      const { stopReason } = responseOf(read(START, { type: 'message_delta', delta: { stop_reason: raw } }, STOP));
      assert.deepEqual(stopReason, reason);
    });
  }

  it('[llm-7] takes each report of usage as the total so far, and null as no report', () => {
    const usage = (counts: object) => ({ type: 'message_delta', delta: {}, usage: counts });
    const response = responseOf(
      read(
        START,
        usage({ output_tokens: 4, input_tokens: null }),
        usage({ output_tokens: 7, input_tokens: 20, cache_creation_input_tokens: 3, cache_read_input_tokens: null }),
        usage({ output_tokens: 8, output_tokens_details: { thinking_tokens: 2 } }),
        STOP,
      ),
    );
    assert.deepEqual(response.usage, { input: 28, cacheRead: 5, cacheWrite: 3, output: 8, reasoning: 2 });
  });

  const calls: { name: string; deltas: string[]; input?: object; stop?: string; expected: object }[] = [
    { name: 'no arguments', deltas: [''], expected: { input: {} } },
    { name: 'no delta at all', deltas: [], expected: { input: {} } },
    { name: 'arguments at its start', deltas: [], input: { a: 1 }, expected: { input: { a: 1 } } },
    { name: 'arguments at its start and an empty delta', deltas: [''], input: { a: 1 }, expected: { input: { a: 1 } } },
    { name: 'cut arguments', deltas: ['{"a": "b'], expected: { input: {}, invalid: { raw: '{"a": "b' } } },
    { name: 'a list', deltas: ['[1]'], expected: { input: {}, invalid: { raw: '[1]' } } },
    { name: 'null', deltas: ['null'], expected: { input: {}, invalid: { raw: 'null' } } },
    {
      name: 'too deep a nest',
      deltas: [`{"a":${'['.repeat(300)}${']'.repeat(300)}}`],
      expected: { input: {}, invalid: {} },
    },
    {
      name: 'no arguments yet at the limit',
      deltas: [''],
      stop: 'max_tokens',
      expected: { input: {}, invalid: { raw: '' } },
    },
    { name: 'whole arguments at the limit', deltas: ['{"a":1}'], stop: 'max_tokens', expected: { input: { a: 1 } } },
    {
      name: 'a member __proto__',
      deltas: ['{"__proto__":{"a":1}}'],
      expected: { input: JSON.parse('{"__proto__":{"a":1}}') },
    },
    {
      name: 'NUL and half a character',
      deltas: ['{"a":"\\u0000\\ud83d"}'],
      expected: { input: { a: '\uFFFD\uFFFD' } },
    },
  ];
  for (const { name, deltas, input, stop: raw, expected } of calls) {
    it(`[llm-3] reads a call with ${name}`, () => {
      const [block] = responseOf(
        read(
          START,
          start(0, { type: 'tool_use', id: 'toolu_1', name: 'ask', input: input ?? {} }),
          ...deltas.map((partial_json) => delta(0, { type: 'input_json_delta', partial_json })),
          stop(0),
          { type: 'message_delta', delta: { stop_reason: raw ?? 'tool_use' } },
          STOP,
        ),
      ).content;
      assert.equal(block?.type, 'tool_use');
      assert.partialDeepStrictEqual(block, expected);
      assert.equal(block?.type === 'tool_use' && block.invalid !== undefined, 'invalid' in expected);
    });
  }

  it('[llm-3] gives calls ids of their own where a server repeats or forgets them', () => {
    const ids = ['same', 'same', '', undefined].flatMap((id, index) => [
      start(index, { type: 'tool_use', id, name: 'ask' }),
    ]);
    const { content } = responseOf(read(START, ...ids, STOP));
    assert.deepEqual(
      content.map((block) => block.type === 'tool_use' && block.id),
      ['same', 'same_1', 'call_2', 'call_3'],
    );
  });

  it('[llm-7] ends blocks that were left open with the message', () => {
    const events = read(START, start(0, { type: 'text', text: 'Hi' }), STOP);
    assert.deepEqual(
      events.map((event) => event.type),
      ['usage', 'text_start', 'text_delta', 'text_end', 'done'],
    );
  });

  const broken: { name: string; events: Wire[] }[] = [
    { name: 'a block before the message', events: [start(0, { type: 'text', text: '' })] },
    { name: 'two beginnings', events: [START, START] },
    { name: 'two blocks of one index', events: [START, start(0, { type: 'text' }), start(0, { type: 'text' })] },
    { name: 'a delta without its block', events: [START, delta(0, { type: 'text_delta', text: 'a' })] },
    { name: 'an end without its block', events: [START, stop(0)] },
    { name: 'a known event of another shape', events: [START, { type: 'content_block_delta', index: 'x' }] },
  ];
  for (const { name, events } of broken) {
    it(`[llm-7] calls ${name} malformed`, () => {
      const last = read(...events).at(-1);
      assert.equal(last?.type === 'failed' && last.error.kind, 'malformed');
    });
  }
  for (const data of ['', 'null', '3', '"text"', '[]', '{}', '{"type":7}']) {
    it(`[llm-7] calls the data ${data || 'of nothing'} malformed`, () => {
      const [event] = readEvent(startReading('anthropic/asked', 'asked'), data).events;
      assert.equal(event?.type === 'failed' && event.error.kind, 'malformed');
    });
  }

  const errors: [type: string, kind: string][] = [
    ['overloaded_error', 'overloaded'],
    ['rate_limit_error', 'rate_limited'],
    ['authentication_error', 'auth'],
    ['permission_error', 'auth'],
    ['request_too_large', 'context_exceeded'],
    ['api_error', 'api'],
    ['error_of_tomorrow', 'api'],
  ];
  for (const [type, kind] of errors) {
    it(`[llm-9] reads ${type} within an answer as ${kind}`, () => {
      const last = read(START, { type: 'error', error: { type, message: 'No.' } }).at(-1);
      assert.equal(last?.type === 'failed' && last.error.kind, kind);
    });
  }

  it('[llm-9] reads an error that lacks its type', () => {
    const [event] = readEvent(
      startReading('anthropic/asked', 'asked'),
      '{"error":{"type":"overloaded_error","message":"Later."}}',
    ).events;
    assert.deepEqual(event, { type: 'failed', error: { kind: 'overloaded', message: 'Later.' } });
  });
});

/** Reads the events in order, up to the one that ends the stream. */
function read(...wire: Wire[]): LlmEvent[] {
  let state = startReading('anthropic/asked', 'asked');
  const events: LlmEvent[] = [];
  for (const event of wire) {
    const step = readEvent(state, JSON.stringify(event));
    state = step.state;
    events.push(...step.events);
  }
  return events;
}

function responseOf(events: LlmEvent[]): CompletionResponse {
  const last = events.at(-1);
  if (last?.type !== 'done') throw new Error(`no answer: ${JSON.stringify(last)}`);
  return last.response;
}

function start(index: number, block: Wire): Wire {
  return { type: 'content_block_start', index, content_block: block };
}

function delta(index: number, change: Wire): Wire {
  return { type: 'content_block_delta', index, delta: change };
}

function stop(index: number): Wire {
  return { type: 'content_block_stop', index };
}
