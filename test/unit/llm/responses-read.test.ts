import assert from 'node:assert/strict';
import { readResponsesEvent, startResponse } from '../../../src/host/llm/openai/responses-read.ts';
import type { CompletionResponse, LlmEvent } from '../../../src/host/llm/types.ts';
import { requestOf, user } from './requests.ts';

const MODEL = 'openai-responses/model-of-the-test';

function read(...wire: object[]): LlmEvent[] {
  let state = startResponse(requestOf([user('x')]), MODEL);
  const events: LlmEvent[] = [];
  for (const event of wire) {
    const step = readResponsesEvent(state, JSON.stringify(event));
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

const REASONING = {
  ...{ type: 'reasoning', id: 'rs_1', encrypted_content: 'xyz', status: 'completed', unheard_of: [1] },
  summary: [
    { type: 'summary_text', text: 'First.' },
    { type: 'summary_text', text: 'Second.' },
  ],
};
const MESSAGE = {
  ...{ type: 'message', id: 'msg_1', role: 'assistant', status: 'completed' },
  content: [{ type: 'output_text', text: 'So be it.', annotations: [] }],
};
const CALL = {
  type: 'function_call',
  id: 'fc_1',
  call_id: 'c1',
  name: 'ask',
  arguments: '{"a":1}',
  status: 'completed',
};

const added = (output_index: number, item: object) => ({ type: 'response.output_item.added', output_index, item });
const doneItem = (output_index: number, item: object) => ({ type: 'response.output_item.done', output_index, item });
const delta = (kind: string, output_index: number, words: string) => ({
  ...{ type: `response.${kind}.delta`, output_index, delta: words },
});
const ended = (members: object = {}, type = 'completed') => ({
  type: `response.${type}`,
  response: { id: 'resp_1', model: 'm', output: [], usage: { input_tokens: 5, output_tokens: 2 }, ...members },
});

describe('reading a Responses stream', () => {
  it('keeps what was thought as it came, with the model that thought it', () => {
    const events = read(
      added(0, { ...REASONING, summary: [], encrypted_content: 'x' }),
      { type: 'response.reasoning_summary_part.added', output_index: 0, summary_index: 0 },
      delta('reasoning_summary_text', 0, 'First.'),
      { type: 'response.reasoning_summary_part.added', output_index: 0, summary_index: 1 },
      delta('reasoning_summary_text', 0, 'Second.'),
      doneItem(0, REASONING),
      ended({ output: [REASONING] }),
    );
    assert.deepEqual(responseOf(events).content, [
      { type: 'thinking', text: 'First.\n\nSecond.', model: MODEL, opaque: REASONING },
    ]);
    const told = events.flatMap((event) => (event.type === 'thinking_delta' ? [event.text] : []));
    assert.equal(told.join(''), 'First.\n\nSecond.');
  });

  it('keeps thoughts that nobody can read apart from their text', () => {
    const hidden = { ...REASONING, summary: [] };
    const open = {
      ...{ type: 'reasoning', id: 'rs_2', summary: [] },
      content: [{ type: 'reasoning_text', text: 'Plainly.' }],
    };
    const events = read(
      doneItem(0, hidden),
      added(1, { ...open, content: [] }),
      delta('reasoning_text', 1, 'Plainly.'),
      doneItem(1, open),
      ended(),
    );
    assert.deepEqual(responseOf(events).content, [
      { type: 'thinking', text: '', model: MODEL, opaque: hidden },
      { type: 'thinking', text: 'Plainly.', model: MODEL },
    ]);
  });

  it('takes what is said at the end for what counts, and tells of what was not streamed', () => {
    const events = read(
      added(0, { ...MESSAGE, content: [] }),
      delta('output_text', 0, 'So be'),
      doneItem(0, MESSAGE),
      added(1, { ...CALL, arguments: '' }),
      { type: 'response.function_call_arguments.done', output_index: 1, arguments: '{"a":1}' },
      doneItem(1, CALL),
      ended(),
    );
    assert.deepEqual(
      events.filter(({ type }) => type.endsWith('_delta')),
      [
        { type: 'text_delta', index: 0, text: 'So be' },
        { type: 'text_delta', index: 0, text: ' it.' },
        { type: 'tool_call_delta', index: 1, json: '{"a":1}' },
      ],
    );
    assert.deepEqual(responseOf(events).content, [
      { type: 'text', text: 'So be it.' },
      { type: 'tool_use', id: 'c1', name: 'ask', input: { a: 1 } },
    ]);
  });

  it('reads a response of which nothing was streamed but its end', () => {
    const events = read(ended({ output: [REASONING, MESSAGE, CALL] }));
    const response = responseOf(events);
    assert.deepEqual(
      response.content.map(({ type }) => type),
      ['thinking', 'text', 'tool_use'],
    );
    assert.deepEqual(response.stopReason, { kind: 'tool_use' });
    assert.equal(events.filter(({ type }) => /_start$/.test(type)).length, 3);
    assert.equal(events.filter(({ type }) => /_end$/.test(type)).length, 3);
  });

  it('ignores items and events of tomorrow, whose indexes count', () => {
    const events = read(
      { type: 'response.event_of_tomorrow', output_index: 'odd' },
      added(0, { type: 'item_of_tomorrow', content: null }),
      added(1, { ...MESSAGE, content: [] }),
      delta('output_text', 1, 'So be it.'),
      doneItem(0, { type: 'item_of_tomorrow' }),
      doneItem(1, MESSAGE),
      ended({ output: [{ type: 'item_of_tomorrow' }, MESSAGE] }),
    );
    assert.deepEqual(responseOf(events).content, [{ type: 'text', text: 'So be it.' }]);
    assert.deepEqual(events[0], { type: 'text_start', index: 0 });
  });

  it('[llm-4] says why it stopped', () => {
    const stop = (...wire: object[]) => responseOf(read(...wire)).stopReason;
    const incomplete = (reason?: string) => ended({ incomplete_details: { reason } }, 'incomplete');
    assert.deepEqual(stop(ended()), { kind: 'end_turn' });
    assert.deepEqual(stop(doneItem(0, CALL), ended()), { kind: 'tool_use' });
    assert.deepEqual(stop(incomplete('max_output_tokens')), { kind: 'max_tokens' });
    assert.deepEqual(stop(incomplete('content_filter')), { kind: 'refusal' });
    assert.deepEqual(stop(incomplete('tomorrow')), { kind: 'other', raw: 'tomorrow' });
    assert.deepEqual(stop(incomplete()), { kind: 'other', raw: '' });
    assert.deepEqual(stop(ended({ status: 'incomplete' })), { kind: 'other', raw: '' }, 'which some call completed');
    const refused = { ...MESSAGE, content: [{ type: 'refusal', refusal: 'I will not.' }] };
    assert.deepEqual(stop(doneItem(0, refused), ended()), { kind: 'refusal' });
    assert.deepEqual(stop(delta('refusal', 0, 'I will'), ended()), { kind: 'refusal' });
  });

  it('[F15] refuses a call that was cut, before its arguments or within', () => {
    const cut = (json: string) =>
      responseOf(
        read(
          added(0, { ...CALL, arguments: '' }),
          ...(json === '' ? [] : [delta('function_call_arguments', 0, json)]),
          ended({ incomplete_details: { reason: 'max_output_tokens' } }, 'incomplete'),
        ),
      ).content[0];
    for (const json of ['', '{"a":']) {
      const call = cut(json);
      assert.ok(call?.type === 'tool_use' && call.invalid !== undefined, json);
      assert.equal(call.invalid.raw, json);
    }
  });

  it('counts tokens, or says that they are estimated', () => {
    const usage = {
      ...{ input_tokens: 9, output_tokens: 4 },
      ...{ input_tokens_details: { cached_tokens: 6 }, output_tokens_details: { reasoning_tokens: 3 } },
    };
    assert.deepEqual(responseOf(read(ended({ usage }))).usage, {
      ...{ input: 9, cacheRead: 6, cacheWrite: 0, output: 4, reasoning: 3 },
    });
    for (const none of [null, { input_tokens: 0, output_tokens: 0 }]) {
      assert.equal(responseOf(read(doneItem(0, MESSAGE), ended({ usage: none }))).usage.estimated, true);
    }
  });

  it('gives calls with one id ids of their own', () => {
    const { content } = responseOf(
      read(doneItem(0, CALL), doneItem(1, CALL), doneItem(2, { ...CALL, call_id: '' }), ended()),
    );
    assert.deepEqual(
      content.map((block) => block.type === 'tool_use' && block.id),
      ['c1', 'c1_1', 'call_2'],
    );
  });

  it('[F16] calls malformed what is out of order', () => {
    for (const wire of [
      [added(0, MESSAGE), added(0, MESSAGE)],
      [added(0, CALL), delta('output_text', 0, 'x')],
      [{ type: 'response.output_text.delta', output_index: 'odd', delta: 'x' }],
      [{ no: 'type' }],
    ]) {
      const last = read(...wire).at(-1);
      assert.equal(last?.type === 'failed' && last.error.kind, 'malformed', JSON.stringify(wire));
    }
  });
});
