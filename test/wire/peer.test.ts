/** A mock of the providers that others wrote, as a peer: what it takes for their formats, all our clients speak alike. */
import assert from 'node:assert/strict';
import { LLMock } from '@copilotkit/aimock';
import { createAnthropicClient } from '../../src/host/llm/anthropic/client.ts';
import type { CompletionRequest, CompletionResponse, LlmClient, LlmEvent } from '../../src/host/llm/types.ts';
import { createRecordedSleep } from '../support/model-server-clock.ts';
import { assistant, collect, requestOf, result, user } from '../unit/llm/requests.ts';
import { failureOf, KEY } from './anthropic-setup.ts';
import { CHAT, RESPONSES } from './openai-setup.ts';

const FOREVER = new AbortController().signal;
const TOOLS = [
  {
    name: 'read_file',
    description: 'Reads.',
    inputSchema: { type: 'object', properties: { path: { type: 'string' } } } as const,
  },
];
const MODEL = 'model-of-the-test';

const CLIENTS = [
  CHAT,
  RESPONSES,
  {
    name: 'Anthropic',
    createClient: (options: { baseUrl: string }): LlmClient =>
      createAnthropicClient({ credential: () => ({ value: KEY }), ...options }),
  },
];

for (const { name, createClient } of CLIENTS) {
  describe(`a peer that speaks as ${name}`, () => {
    const { sleep } = createRecordedSleep();
    let peer: LLMock;
    let client: LlmClient;

    before(async () => {
      peer = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 4 });
      peer.on({ userMessage: 'greet' }, { content: 'Grüße aus 東京, 👩‍🚀!' });
      peer.on({ userMessage: 'think' }, { content: 'So be it.', reasoning: 'Let me see.' });
      peer.on(
        { userMessage: 'read it', predicate: ({ messages }) => !messages.some(({ role }) => role === 'tool') },
        {
          content: 'I look.',
          toolCalls: [
            { id: 'call_a', name: 'read_file', arguments: '{"path":"naïve/ü.md"}' },
            { id: 'call_b', name: 'read_file', arguments: '{}' },
          ],
        },
      );
      const isResult = ({ role }: { role: string }) => role === 'tool';
      const isAnswered = (messages: { role: string }[]) => messages.filter(isResult).length === 2;
      peer.on(
        { userMessage: 'read on', predicate: ({ messages }) => isAnswered(messages) },
        { content: 'It says: herons.' },
      );
      peer.on({ userMessage: 'be cut' }, { content: 'This is never whole. '.repeat(20) }, { truncateAfterChunks: 5 });
      peer.on({ userMessage: 'stop' }, { content: 'And then', finishReason: 'length' });
      await peer.start();
      client = createClient({ baseUrl: peer.url, sleep, random: () => 0, retries: 2 } as { baseUrl: string });
    });
    after(() => peer.stop());

    const ask = (words: string, rest: Partial<CompletionRequest> = {}): Promise<LlmEvent[]> =>
      collect(client.stream({ ...requestOf([user(words)], rest), model: MODEL }, FOREVER));

    it('[llm-5] answers with text, in pieces', async () => {
      const events = await ask('greet me');
      assert.deepEqual(said(responseOf(events)), ['Grüße aus 東京, 👩‍🚀!']);
      assert.deepEqual(responseOf(events).stopReason, { kind: 'end_turn' });
      assert.ok(events.filter(({ type }) => type === 'text_delta').length > 1);
    });

    it('[llm-5] calls tools, and takes back the calls with their results and a text beside them', async () => {
      const called = responseOf(await ask('read it', { tools: [...TOOLS] }));
      const calls = called.content.filter((block) => block.type === 'tool_use');
      assert.deepEqual(
        calls.map(({ name: tool, input }) => [tool, input]),
        [
          ['read_file', { path: 'naïve/ü.md' }],
          ['read_file', {}],
        ],
      );
      assert.deepEqual(called.stopReason, { kind: 'tool_use' });
      const messages = [
        user('read it'),
        assistant(...called.content),
        user(...calls.map(({ id }) => result(id, 'herons')), 'read on'),
      ];
      const request = { ...requestOf(messages, { tools: [...TOOLS] }), model: MODEL };
      const answer = responseOf(await collect(client.stream(request, FOREVER)));
      assert.deepEqual(said(answer), ['It says: herons.']);
    });

    it('thinks before it answers', async () => {
      const { content } = responseOf(await ask('think well'));
      assert.deepEqual(
        content.map((block) => (block.type === 'thinking' || block.type === 'text' ? block.text : block)),
        ['Let me see.', 'So be it.'],
      );
      assert.equal(content[0]?.type, 'thinking');
    });

    it('[llm-4] says that the answer was cut by its limit', async () => {
      // For Responses the peer says that it is incomplete, and not why.
      const expected = name === RESPONSES.name ? { kind: 'other', raw: '' } : { kind: 'max_tokens' };
      assert.deepEqual(responseOf(await ask('stop early')).stopReason, expected);
    });

    it('[llm-8] refuses for a while, and is asked again', async () => {
      peer.nextRequestError(429, { message: 'Slow down.', type: 'rate_limit_error' });
      const events = await ask('greet me');
      assert.deepEqual(
        events.flatMap((event) => (event.type === 'retry' ? [event.error.kind] : [])),
        ['rate_limited'],
      );
      assert.equal(said(responseOf(events)).length, 1);
    });

    it('[llm-9] refuses for good', async () => {
      peer.nextRequestError(400, { message: 'tools.0: bad', type: 'invalid_request_error' });
      const error = failureOf(await ask('greet me'));
      assert.ok(error.kind === 'api' && error.status === 400, JSON.stringify(error));
      assert.match(error.message, /tools\.0: bad/);
    });

    it('[F15] breaks off in the middle of every answer', async () => {
      const events = await ask('be cut');
      assert.equal(events.filter(({ type }) => type === 'retry').length, 2);
      assert.ok(['stream_cut', 'http'].includes(failureOf(events).kind));
    });
  });
}

const said = ({ content }: CompletionResponse) =>
  content.flatMap((block) => (block.type === 'text' ? [block.text] : []));

function responseOf(events: LlmEvent[]): CompletionResponse {
  const last = events.at(-1);
  if (last?.type !== 'done') throw new Error(`no answer: ${JSON.stringify(last)}`);
  return last.response;
}
