/** How the many servers of Chat Completions really write, as a table: the chunks of each quirk, and what is read of them. */
import assert from 'node:assert/strict';
import { endChat, readChunk, startChat } from '../../../src/host/llm/openai/chat-read.ts';
import type { CompletionResponse, ContentBlock, LlmError, LlmEvent, Usage } from '../../../src/host/llm/types.ts';
import { requestOf, user } from './requests.ts';

type Quirk = {
  name: string;
  /** Deltas of the first choice, or whole chunks where they have a member of one. */
  chunks: object[];
  /** Default: 'stop'. Null where the chunks say it themselves. */
  finish?: string | null;
  content?: ContentBlock[];
  stop?: CompletionResponse['stopReason']['kind'];
  usage?: Usage;
  error?: Partial<LlmError> & { [member: string]: unknown };
};

const MODEL = 'server/model-of-the-test';
const call = (id: string, name: string, input: object): ContentBlock =>
  ({ type: 'tool_use', id, name, input }) as ContentBlock;
const text = (words: string): ContentBlock => ({ type: 'text', text: words });
const thought = (words: string): ContentBlock => ({ type: 'thinking', text: words, model: MODEL });
const piece = (members: object, name?: string, json?: string) => ({
  ...members,
  function: { ...(name === undefined ? {} : { name }), ...(json === undefined ? {} : { arguments: json }) },
});
const calls = (...pieces: object[]) => ({ tool_calls: pieces });

const TWO = [call('a', 'read', { path: 'x' }), call('b', 'list', { depth: 2 })];
const USAGE: Usage = { input: 7, cacheRead: 0, cacheWrite: 0, output: 3, reasoning: 0 };
const REPORT = { prompt_tokens: 7, completion_tokens: 3 };

const CALLS: Quirk[] = [
  {
    name: 'different calls under one index: a new id starts a new call',
    chunks: [
      calls(piece({ index: 0, id: 'a' }, 'read', '{"path"')),
      calls(piece({ index: 0 }, undefined, ':"x"}')),
      calls(piece({ index: 0, id: 'b' }, 'list', '{"depth":')),
      calls(piece({ index: 0 }, undefined, '2}')),
    ],
    content: TWO,
  },
  {
    name: 'whole calls under one index in one chunk',
    chunks: [
      calls(piece({ index: 0, id: 'a' }, 'read', '{"path":"x"}'), piece({ index: 0, id: 'b' }, 'list', '{"depth":2}')),
    ],
    content: TWO,
  },
  {
    name: 'an id in every piece',
    chunks: [
      calls(piece({ index: 0, id: 'a' }, 'read', '{"path":')),
      calls(piece({ index: 1, id: 'b' }, 'list', '')),
      calls(piece({ index: 0, id: 'a' }, undefined, '"x"}')),
      calls(piece({ index: 1, id: 'b' }, undefined, '{"depth":2}')),
    ],
    content: TWO,
  },
  {
    name: 'no index',
    chunks: [
      calls(piece({ id: 'a' }, 'read', '{"path":')),
      calls(piece({}, undefined, '"x"}')),
      calls(piece({ id: 'b' }, 'list', '{"depth":2}')),
    ],
    content: TWO,
  },
  {
    name: 'neither index nor id, one call after the other',
    chunks: [
      calls(piece({}, 'read', '{"path":')),
      calls(piece({}, undefined, '"x"}')),
      calls(piece({}, 'list', '{"depth":2}')),
    ],
    content: [call('call_0', 'read', { path: 'x' }), call('call_1', 'list', { depth: 2 })],
  },
  {
    name: 'neither index nor id, both calls in one chunk',
    chunks: [calls(piece({}, 'read', ''), piece({}, 'list', '{"depth":2}'))],
    content: [call('call_0', 'read', {}), call('call_1', 'list', { depth: 2 })],
  },
  {
    name: 'neither index nor id, more calls in a later chunk, one of them without arguments',
    chunks: [calls(piece({}, 'read', '{"path":"x"}')), calls(piece({}, 'list', ''), piece({}, 'list', '{"depth":2}'))],
    content: [call('call_0', 'read', { path: 'x' }), call('call_1', 'list', {}), call('call_2', 'list', { depth: 2 })],
  },
  {
    name: 'one index and no id for all',
    chunks: [calls(piece({ index: 0 }, 'read', '{"path":"x"}')), calls(piece({ index: 0 }, 'list', '{"depth":2}'))],
    content: [call('call_0', 'read', { path: 'x' }), call('call_1', 'list', { depth: 2 })],
  },
  {
    name: 'no type and no role',
    chunks: [{ content: 'So' }, calls(piece({ index: 0, id: 'a' }, 'read', '{"path":"x"}'))],
    content: [text('So'), call('a', 'read', { path: 'x' })],
  },
  {
    name: 'indexes from 1',
    chunks: [
      calls(piece({ index: 1, id: 'a' }, 'read', '{"path":')),
      calls(piece({ index: 2, id: 'b' }, 'list', '{"depth":')),
      calls(piece({ index: 1 }, undefined, '"x"}')),
      calls(piece({ index: 2 }, undefined, '2}')),
    ],
    content: TWO,
  },
  {
    name: 'the whole call in one chunk, with the reason to stop',
    chunks: [
      {
        choices: [
          { index: 0, delta: calls(piece({ index: 0, id: 'a' }, 'read', '{"path":"x"}')), finish_reason: 'tool_calls' },
        ],
      },
    ],
    finish: null,
    content: [call('a', 'read', { path: 'x' })],
  },
  {
    name: 'the name late',
    chunks: [calls(piece({ index: 0, id: 'a' }, undefined, '{"pa')), calls(piece({ index: 0 }, 'read', 'th":"x"}'))],
    content: [call('a', 'read', { path: 'x' })],
  },
  {
    name: 'the name later ""',
    chunks: [
      calls(piece({ index: 0, id: 'a' }, 'read', '')),
      calls(piece({ index: 0, id: '' }, '', '{"path"')),
      calls(piece({ index: 0, id: '' }, '', ':"x"}')),
    ],
    content: [call('a', 'read', { path: 'x' })],
  },
  {
    name: 'the name in every piece',
    chunks: [
      calls(piece({ index: 0, id: 'a' }, 'read', '{"path"')),
      calls(piece({ index: 0, id: 'a' }, 'read', ':"x"}')),
    ],
    content: [call('a', 'read', { path: 'x' })],
  },
  {
    name: 'the id late',
    chunks: [calls(piece({ index: 0 }, undefined, '')), calls(piece({ index: 0, id: 'a' }, 'read', '{"path":"x"}'))],
    content: [call('a', 'read', { path: 'x' })],
  },
  {
    name: 'one id for different calls',
    chunks: [
      calls(piece({ index: 0, id: 'a' }, 'read', '{"path":"x"}')),
      calls(piece({ index: 1, id: 'a' }, 'list', '{"depth":2}')),
    ],
    content: [call('a', 'read', { path: 'x' }), call('a_1', 'list', { depth: 2 })],
  },
  {
    name: 'an id that is a number',
    chunks: [calls(piece({ index: 0, id: 17 }, 'read', '{"path":"x"}'))],
    content: [call('17', 'read', { path: 'x' })],
  },
  {
    name: 'the whole call once more at the end',
    chunks: [
      calls(piece({ index: 0, id: 'a' }, 'read', '{"path"')),
      calls(piece({ index: 0 }, undefined, ':"x"}')),
      calls(piece({ index: 0, id: 'a' }, 'read', '{"path":"x"}')),
    ],
    content: [call('a', 'read', { path: 'x' })],
  },
  {
    name: 'arguments that are parsed already',
    chunks: [calls({ index: 0, id: 'a', function: { name: 'read', arguments: { path: 'x' } } })],
    content: [call('a', 'read', { path: 'x' })],
  },
  {
    name: 'arguments that are null',
    chunks: [calls({ index: 0, id: 'a', function: { name: 'read', arguments: null } })],
    content: [call('a', 'read', {})],
  },
  {
    name: 'arguments that look whole before they are, final only at the end',
    chunks: [calls(piece({ index: 0, id: 'a' }, 'read', '{"path":"x"}')), calls(piece({ index: 0 }, undefined, ' \n'))],
    content: [call('a', 'read', { path: 'x' })],
  },
  {
    name: 'a name that never comes, which no tool has',
    chunks: [calls(piece({ index: 0, id: 'a' }, undefined, '{"path":"x"}'))],
    content: [call('a', 'unnamed', { path: 'x' })],
  },
  {
    name: 'the older way of a call',
    chunks: [{ function_call: { name: 'read', arguments: '{"path"' } }, { function_call: { arguments: ':"x"}' } }],
    finish: 'function_call',
    content: [call('call_0', 'read', { path: 'x' })],
  },
  {
    name: 'text after a call has begun',
    chunks: [
      { content: 'First' },
      calls(piece({ index: 0, id: 'a' }, 'read', '{"path":')),
      { content: 'second' },
      calls(piece({ index: 0 }, undefined, '"x"}')),
    ],
    content: [text('First'), call('a', 'read', { path: 'x' }), text('second')],
  },
  {
    name: 'text as a list of parts',
    chunks: [{ content: [{ type: 'text', text: 'So be' }] }, { content: [{ type: 'text', text: ' it.' }] }],
    content: [text('So be it.')],
  },
];

const cut = (json: string, reason: RegExp | string): ContentBlock => ({
  ...{ type: 'tool_use', id: 'a', name: 'read', input: {} },
  invalid: { raw: json, reason: String(reason) },
});

const ENDS: Quirk[] = [
  {
    name: 'calls after which it says stop',
    chunks: [calls(piece({ index: 0, id: 'a' }, 'read', '{"path":"x"}'))],
    content: [call('a', 'read', { path: 'x' })],
    stop: 'tool_use',
  },
  { name: 'tool_calls without a call', chunks: [{ content: 'Hm.' }], finish: 'tool_calls', stop: 'end_turn' },
  {
    name: 'tool_calls for a call that was cut by length',
    chunks: [calls(piece({ index: 0, id: 'a' }, 'read', '{"path":"x'))],
    finish: 'tool_calls',
    content: [cut('{"path":"x', 'The arguments are not valid JSON')],
    stop: 'tool_use',
  },
  {
    name: 'length for a call that is whole',
    chunks: [calls(piece({ index: 0, id: 'a' }, 'read', '{"path":"x"}'))],
    finish: 'length',
    content: [call('a', 'read', { path: 'x' })],
    stop: 'max_tokens',
  },
  {
    name: 'length before the arguments began',
    chunks: [calls(piece({ index: 0, id: 'a' }, 'read', ''))],
    finish: 'length',
    content: [cut('', 'The answer reached its token limit before the arguments began.')],
    stop: 'max_tokens',
  },
  { name: 'a content filter', chunks: [{ content: 'I' }], finish: 'content_filter', stop: 'refusal' },
  {
    name: 'a refusal in a member of its own',
    chunks: [{ refusal: 'I will ' }, { refusal: 'not.' }],
    content: [text('I will not.')],
    stop: 'refusal',
  },
  { name: 'a reason of tomorrow', chunks: [{ content: 'So' }], finish: 'tomorrow', stop: 'other' },
];

const THOUGHTS: Quirk[] = [
  {
    name: 'thoughts as reasoning_content',
    chunks: [{ reasoning_content: 'Let me ' }, { reasoning_content: 'see.', content: null }, { content: 'Yes.' }],
    content: [thought('Let me see.'), text('Yes.')],
  },
  {
    name: 'thoughts as reasoning',
    chunks: [{ reasoning: 'Let me see.', content: '' }, { content: 'Yes.' }],
    content: [thought('Let me see.'), text('Yes.')],
  },
  {
    name: 'thoughts in both members at once',
    chunks: [{ reasoning: 'Hm.', reasoning_content: 'Hm.' }],
    content: [thought('Hm.')],
  },
];

const CHUNKS: Quirk[] = [
  { name: 'a first chunk with choices []', chunks: [{ choices: [] }, { content: 'Yes.' }], content: [text('Yes.')] },
  {
    name: 'a chunk with nothing at all',
    chunks: [{ object: 'x', choices: null }, { content: 'Yes.' }],
    content: [text('Yes.')],
  },
  {
    name: 'a delta that is null',
    chunks: [{ choices: [{ index: 0, delta: null }] }, { content: 'Yes.' }],
    content: [text('Yes.')],
  },
  {
    name: 'a second choice that nobody asked for',
    chunks: [{ choices: [{ index: 1, delta: { content: 'No.' } }] }, { content: 'Yes.' }],
    content: [text('Yes.')],
  },
  {
    name: 'usage on the last chunk of content',
    chunks: [{ choices: [{ index: 0, delta: { content: 'Yes.' }, finish_reason: 'stop' }], usage: REPORT }],
    finish: null,
    usage: USAGE,
  },
  {
    name: 'usage in every chunk, of which the last counts',
    chunks: [
      { choices: [{ index: 0, delta: { content: 'Yes.' } }], usage: { prompt_tokens: 7, completion_tokens: 1 } },
      { choices: [], usage: REPORT },
    ],
    usage: USAGE,
  },
  { name: "usage in Groq's own member", chunks: [{ choices: [], x_groq: { usage: REPORT } }], usage: USAGE },
  { name: 'usage inside of the choice', chunks: [{ choices: [{ index: 0, delta: {}, usage: REPORT }] }], usage: USAGE },
  {
    name: 'usage with what came from the cache and what was thought',
    chunks: [
      {
        choices: [],
        usage: {
          ...REPORT,
          prompt_tokens_details: { cached_tokens: 4 },
          completion_tokens_details: { reasoning_tokens: 2 },
        },
      },
    ],
    usage: { ...USAGE, cacheRead: 4, reasoning: 2 },
  },
  {
    name: "usage with DeepSeek's word for its cache",
    chunks: [{ choices: [], usage: { ...REPORT, prompt_cache_hit_tokens: 5 } }],
    usage: { ...USAGE, cacheRead: 5 },
  },
  {
    name: 'usage never, so that it is estimated',
    chunks: [{ content: 'Four' }, { content: 'teen..' }],
    usage: { input: 24, cacheRead: 0, cacheWrite: 0, output: 3, reasoning: 0, estimated: true },
  },
  {
    name: 'usage that is all zeros, so that it is estimated',
    chunks: [{ content: 'Fourteen..' }, { choices: [], usage: { prompt_tokens: 0, completion_tokens: 0 } }],
    usage: { input: 24, cacheRead: 0, cacheWrite: 0, output: 3, reasoning: 0, estimated: true },
  },
  {
    name: 'an error within the stream as {"error"}',
    chunks: [{ content: 'I' }, { error: { message: 'It broke.', type: 'server_error', code: null } }],
    error: { kind: 'api', status: 500, message: 'It broke.' },
  },
  {
    name: 'an error within the stream with a status for its code',
    chunks: [
      { error: { message: 'Slow down.', code: 429 }, choices: [{ index: 0, delta: {}, finish_reason: 'error' }] },
    ],
    error: { kind: 'rate_limited', message: 'Slow down.' },
  },
  {
    name: 'an error within the stream as {"object":"error"}',
    chunks: [{ object: 'error', message: 'It broke.', type: 'InternalServerError', code: 500 }],
    error: { kind: 'api', status: 500, message: 'It broke.' },
  },
  {
    name: 'an error within the stream as a line of text',
    chunks: [{ error: 'the model ran out of memory' }],
    error: { kind: 'api', status: 500, message: 'the model ran out of memory' },
  },
];

describe('quirks of Chat Completions', () => {
  for (const quirk of [...CALLS, ...ENDS, ...THOUGHTS, ...CHUNKS]) {
    it(`[llm-5] ${quirk.name}`, () => check(quirk));
  }

  it('[llm-5] comes to an end without [DONE] where it has said why it stopped, and not before', () => {
    const { state } = read([{ content: 'So' }], null);
    assert.deepEqual(endChat(state), []);
    const whole = endChat(read([{ content: 'So' }], 'stop').state);
    assert.equal(whole.at(-1)?.type, 'done');
  });

  it('[F16] calls a chunk malformed that is none', () => {
    for (const data of ['nothing', '7', '[]', '{"choices":7}', '{"choices":[{"delta":{"content":7}}]}']) {
      const { events } = readChunk(startChat(REQUEST, MODEL), data);
      assert.equal(events[0]?.type === 'failed' && events[0].error.kind, 'malformed', data);
    }
  });
});

const REQUEST = requestOf([user('What is the capital of France?')]);

function read(chunks: object[], finish: string | null) {
  const last = finish === null ? [] : [{ choices: [{ index: 0, delta: {}, finish_reason: finish }] }];
  let state = startChat(REQUEST, MODEL);
  const events: LlmEvent[] = [];
  for (const chunk of [...chunks.map(toChunk), ...last]) {
    const step = readChunk(state, JSON.stringify(chunk));
    state = step.state;
    events.push(...step.events);
    if (events.at(-1)?.type === 'failed') break;
  }
  return { state, events };
}

function toChunk(entry: object): object {
  const isChunk = ['choices', 'error', 'object'].some((member) => member in entry);
  return isChunk ? entry : { choices: [{ index: 0, delta: entry, finish_reason: null }] };
}

function check({ chunks, finish = 'stop', content, stop, usage, error }: Quirk): void {
  const { state, events } = read(chunks, finish);
  if (error !== undefined) {
    const failure = events.at(-1);
    assert.equal(failure?.type, 'failed');
    const given: { [member: string]: unknown } = failure?.type === 'failed' ? failure.error : {};
    for (const [member, value] of Object.entries(error)) assert.deepEqual(given[member], value, member);
    return;
  }
  const ended = [...events, ...readChunk(state, '[DONE]').events];
  const done = ended.at(-1);
  if (done?.type !== 'done') throw new Error(JSON.stringify(done));
  const { response } = done;
  if (content !== undefined) assert.deepEqual(response.content.map(shorten), content);
  if (stop !== undefined) assert.equal(response.stopReason.kind, stop);
  if (usage !== undefined) assert.deepEqual(response.usage, usage);
  assertTold(ended, response);
}

/** The reason that a JSON parser gives is its own. */
function shorten(block: ContentBlock): ContentBlock {
  if (block.type !== 'tool_use' || block.invalid === undefined) return block;
  const { raw, reason } = block.invalid;
  return { ...block, invalid: { raw, reason: reason.replace(/^(The arguments are not valid JSON).*$/s, '$1') } };
}

/** What was told while it streamed is what came of it: each block begun and ended once, under its own index and id. */
function assertTold(events: LlmEvent[], { content }: CompletionResponse): void {
  for (const [index, block] of content.entries()) {
    const own = events.filter((event) => 'index' in event && event.index === index);
    const kind = block.type === 'tool_use' ? 'tool_call' : block.type;
    assert.equal(own[0]?.type, `${kind}_start`);
    assert.equal(own.at(-1)?.type, `${kind}_end`);
    assert.equal(own.filter((event) => event.type.endsWith('_start')).length, 1);
    if (own[0]?.type === 'tool_call_start' && block.type === 'tool_use') {
      assert.deepEqual([own[0].id, own[0].name], [block.id, block.name]);
    }
  }
}
