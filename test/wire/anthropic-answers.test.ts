/** Whole answers: how they are cut does not matter, and Anthropic's own SDK reads them as we do. */
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import { createAnthropicClient } from '../../src/host/llm/anthropic/client.ts';
import { buildRequestBody } from '../../src/host/llm/anthropic/request.ts';
import type { Script } from '../../src/host/llm/scripted/script.ts';
import type {
  CompletionRequest,
  CompletionResponse,
  ContentBlock,
  LlmEvent,
  ThinkingBlock,
} from '../../src/host/llm/types.ts';
import { frame } from '../support/model-server-anthropic.ts';
import { cutBytes } from '../support/model-server-faults.ts';
import { collect, result } from '../unit/llm/requests.ts';
import { KEY, REQUEST, STOP, scriptOf, stream, TALK, withServer } from './anthropic-setup.ts';

describe('answers of Anthropic', () => {
  it('[llm-3] reads text and tool_use from an Anthropic answer', async () => {
    await withServer({}, async ({ client }) => {
      const response = responseOf(await stream(client));
      assert.deepEqual(response.content, [
        { type: 'text', text: TALK.turns[0]?.text },
        { type: 'tool_use', id: 'call_1_1', name: 'read_file', input: TALK.turns[0]?.tool_calls[0]?.input },
        { type: 'tool_use', id: 'call_1_2', name: 'list_files', input: {} },
      ]);
      assert.deepEqual(response.stopReason, { kind: 'tool_use' });
      assert.equal(response.model, REQUEST.model);
    });
  });

  it('[llm-6] gives equal events wherever a stream is split', async () => {
    const bytes = Buffer.from(`\uFEFF: begun\r\n${RICH.replaceAll('\n', '\r\n')}`);
    const whole = await streamPieces([bytes]);
    assert.deepEqual(responseOf(whole).content, RICH_CONTENT);
    for (let position = 1; position < bytes.length; position += 1) {
      const events = await streamPieces([bytes.subarray(0, position), bytes.subarray(position)]);
      assert.deepEqual(events, whole, `split at byte ${position}`);
    }
  }).timeout(30_000);

  it('[llm-6] gives equal events for pieces of any sizes, line ends and comments', async () => {
    const whole = await streamPieces([Buffer.from(RICH)]);
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
    const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
    await fc.assert(
      fc.asyncProperty(sizes, lineEnd, fc.boolean(), async (pieceSizes, end, withComments) => {
        const commented = withComments ? `: hello\n\n${RICH.replaceAll('\n\n', '\n\n: still here\n\n')}` : RICH;
        const bytes = Buffer.from(`\uFEFF${commented.replaceAll('\n', end)}`);
        assert.deepEqual(await streamPieces(cutBytes(bytes, pieceSizes)), whole);
      }),
      { numRuns: 100 },
    );
  });

  it('[llm-6] gives equal events over a socket, one byte at a time', async () => {
    let whole: LlmEvent[] = [];
    await withServer({}, async ({ client }) => {
      whole = await stream(client);
      responseOf(whole);
    });
    await withServer({ faultOf: () => ({ pieceBytes: [1] }) }, async ({ client }) => {
      assert.deepEqual(await stream(client), whole);
    });
  });

  const wellFormed: { name: string; script: Script }[] = [
    { name: 'text and calls', script: TALK },
    { name: 'text alone', script: scriptOf({ name: 'text', turns: [{ text: 'A short answer.', chunk: 3 }] }) },
    {
      name: 'a call alone',
      script: scriptOf({ name: 'call', turns: [{ tool_calls: [{ name: 'ask', input: { a: [{}] } }] }] }),
    },
    {
      name: 'an answer cut by its limit',
      script: scriptOf({ name: 'cut', turns: [{ text: 'And then', stop: 'max_tokens' }] }),
    },
    { name: 'a refusal', script: scriptOf({ name: 'no', turns: [{ text: 'I will not.', stop: 'refusal' }] }) },
    {
      name: 'thinking before a call',
      script: scriptOf({
        name: 'thinking',
        turns: [{ thinking: 'Which Größe? 🙂', text: 'Look.', tool_calls: [{ name: 'ask' }], chunk: 2 }],
      }),
    },
    { name: 'nothing', script: scriptOf({ name: 'empty', turns: [{}] }) },
  ];
  for (const { name, script } of wellFormed) {
    it(`[llm-3] reads ${name} as Anthropic's SDK does`, async () => {
      await withServer({ script }, async ({ server, client }) => {
        const ours = responseOf(await stream(client));
        assert.deepEqual(inTheirTerms(ours), await askTheSdk(server.url));
      });
    });
  }

  it('[llm-1] goes on without thinking where its provider no longer takes the conversation for the same', async () => {
    const script = scriptOf({
      name: 'changed',
      turns: [
        { thinking: 'Hm.', tool_calls: [{ name: 'read_file' }] },
        { thinking: 'So.', text: 'Done.' },
      ],
    });
    await withServer({ script }, async ({ server, client, slept }) => {
      const never = new AbortController().signal;
      const ask = async (request: CompletionRequest) => responseOf(await collect(client.stream(request, never)));
      const { content } = await ask(REQUEST);
      const task = { role: 'user', content: [{ type: 'text', text: 'Another task.' }] } as const;
      const [call] = content.flatMap((part) => (part.type === 'tool_use' ? [part] : []));
      const results = { role: 'user', content: [result(call?.id ?? '', 'text')] } as const;
      const messages = [task, { role: 'assistant', content } as const, results].map(({ role, content }) => ({
        role,
        content: [...content],
      }));
      const answer = await ask({ ...REQUEST, messages });
      assert.deepEqual(answer.content.at(-1), { type: 'text', text: 'Done.' });
      assert.deepEqual(
        server.requests.map(({ text }) => text.includes('"thinking"')),
        [false, true, false],
      );
      assert.deepEqual(slept, []);
    });
  });

  it("[llm-3] reads thinking, redacted thinking and citations as Anthropic's SDK does", async () => {
    const raw = RICH_FRAMES.filter((part) => !part.includes('of_tomorrow') && part !== end(5)).join('');
    await withServer({ faultOf: () => ({ raw }) }, async ({ server, client }) => {
      const ours = responseOf(await stream(client));
      const theirs = await askTheSdk(server.url);
      assert.deepEqual(inTheirTerms(ours), theirs);
      assert.deepEqual(
        theirs.content.map(({ type }) => type),
        ['thinking', 'redacted_thinking', 'thinking', 'text', 'tool_use'],
      );
    });
  });

  it('[llm-1] gives thinking back so that its signature holds, all through a loop of calls', async () => {
    const script = scriptOf({
      name: 'loop',
      turns: [
        { thinking: 'First a\nlook: 東京.', tool_calls: [{ name: 'read_file' }] },
        { thinking: 'Then another. 🙂', tool_calls: [{ name: 'read_file' }] },
        { text: 'Done.' },
      ],
    });
    await withServer({ script }, async ({ server, client }) => {
      const signatures: unknown[] = [];
      const request: CompletionRequest = { ...REQUEST, thinking: 'medium', messages: [...REQUEST.messages] };
      for (const _ of script.turns) {
        const { content } = responseOf(await collect(client.stream(request, new AbortController().signal)));
        signatures.push(...content.flatMap((part) => (part.type === 'thinking' ? [part.opaque] : [])));
        const results = content.flatMap((block) => (block.type === 'tool_use' ? [result(block.id, 'text')] : []));
        request.messages.push({ role: 'assistant', content }, { role: 'user', content: results });
      }
      const last = server.requests.at(-1)?.body as { messages: { content: object[] }[] };
      const sent = [last.messages[1]?.content[0], last.messages[3]?.content[0]];
      const thoughts = ['First a\nlook: 東京.', 'Then another. 🙂'];
      assert.deepEqual(
        sent,
        thoughts.map((thinking, at) => ({ type: 'thinking', thinking, ...(signatures[at] as object) })),
      );
      assert.deepEqual([server.requests.length, signatures.length], [3, 2]);
    });
  });
});

const block = (index: number, content_block: object) => frame({ type: 'content_block_start', index, content_block });
const delta = (index: number, given: object) => frame({ type: 'content_block_delta', index, delta: given });
const end = (index: number) => frame({ type: 'content_block_stop', index });
const CITATION = {
  ...{ type: 'char_location', cited_text: 'größer', document_index: 0, document_title: null, file_id: null },
  ...{ start_char_index: 0, end_char_index: 6 },
};

/** An answer with all that Anthropic streams, and things that it does not stream yet. */
const RICH_FRAMES = [
  frame({
    type: 'message_start',
    message: {
      ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-rich', content: [] },
      ...{ stop_reason: null, stop_sequence: null, usage: { input_tokens: 3, output_tokens: 1 } },
    },
  }),
  frame({ type: 'ping' }),
  frame({ type: 'event_of_tomorrow', index: 'odd' }),
  block(0, { type: 'thinking', thinking: '', signature: '' }),
  delta(0, { type: 'thinking_delta', thinking: 'Wie groß' }),
  delta(0, { type: 'thinking_delta', thinking: ' ist 東京? 🙂' }),
  delta(0, { type: 'signature_delta', signature: 'c2lnbmF0dXJl' }),
  end(0),
  block(1, { type: 'redacted_thinking', data: 'cmVkYWN0ZWQ=' }),
  end(1),
  block(2, { type: 'thinking', thinking: '', signature: '' }),
  delta(2, { type: 'signature_delta', signature: 'b21pdHRlZA==' }),
  end(2),
  block(3, { type: 'text', text: '', citations: [] }),
  delta(3, { type: 'text_delta', text: 'Es ist ' }),
  delta(3, { type: 'citations_delta', citation: CITATION }),
  delta(3, { type: 'delta_of_tomorrow', text: 'not text' }),
  delta(3, { type: 'text_delta', text: 'größer.' }),
  end(3),
  block(4, { type: 'tool_use', id: 'toolu_1', name: 'read_file', input: {} }),
  delta(4, { type: 'input_json_delta', partial_json: '' }),
  delta(4, { type: 'input_json_delta', partial_json: '{"path": "naïve/' }),
  delta(4, { type: 'input_json_delta', partial_json: '👩\u200D🚀.md"}' }),
  end(4),
  block(5, { type: 'block_of_tomorrow', data: [1] }),
  end(5),
  frame({
    type: 'message_delta',
    delta: { stop_reason: 'tool_use', stop_sequence: null },
    usage: { output_tokens: 40, output_tokens_details: { thinking_tokens: 12 } },
  }),
  STOP,
];
const RICH = RICH_FRAMES.join('');
const RICH_CONTENT = [
  thought('Wie groß ist 東京? 🙂', { signature: 'c2lnbmF0dXJl' }),
  thought('', { redacted: 'cmVkYWN0ZWQ=' }),
  thought('', { signature: 'b21pdHRlZA==' }),
  { type: 'text', text: 'Es ist größer.' },
  { type: 'tool_use', id: 'toolu_1', name: 'read_file', input: { path: 'naïve/👩\u200D🚀.md' } },
];

function thought(text: string, opaque: { [member: string]: string }): ThinkingBlock {
  return { type: 'thinking', text, model: `anthropic/${REQUEST.model}`, opaque };
}

function responseOf(events: LlmEvent[]): CompletionResponse {
  const last = events.at(-1);
  if (last?.type !== 'done') throw new Error(`no answer: ${JSON.stringify(last)}`);
  return last.response;
}

/** Streams an answer whose body arrives in just these pieces. */
async function streamPieces(pieces: Uint8Array[]): Promise<LlmEvent[]> {
  const client = createAnthropicClient({
    credential: () => ({ value: KEY }),
    retries: 0,
    fetch: async () => new Response(ReadableStream.from(pieces), { headers: { 'content-type': 'text/event-stream' } }),
  });
  return stream(client);
}

/** The SDK's view of the answer, reduced to what ours has too. */
async function askTheSdk(url: string) {
  const sdk = new Anthropic({ baseURL: url, apiKey: KEY, maxRetries: 0 });
  const { stream: _, ...body } = buildRequestBody(REQUEST, 'anthropic');
  const message = await sdk.messages.stream(body as unknown as Anthropic.MessageStreamParams).finalMessage();
  return {
    id: message.id,
    model: message.model,
    stop: message.stop_reason,
    output: message.usage.output_tokens,
    content: message.content.map((part) => {
      switch (part.type) {
        case 'text':
          return { type: 'text', text: part.text };
        case 'tool_use':
          return { type: 'tool_use', id: part.id, name: part.name, input: part.input };
        default:
          return part;
      }
    }),
  };
}

function inTheirTerms({ id, model, stopReason, usage, content }: CompletionResponse) {
  return { id, model, stop: stopReason.kind, output: usage.output, content: content.map(thinkingInTheirTerms) };
}

function thinkingInTheirTerms(part: ContentBlock) {
  if (part.type !== 'thinking') return part;
  const { signature, redacted } = part.opaque as { signature?: string; redacted?: string };
  return redacted === undefined
    ? { type: 'thinking', thinking: part.text, signature }
    : { type: 'redacted_thinking', data: redacted };
}
