/** Whole answers: how they are cut does not matter, and OpenAI's own SDK reads them as we do. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import OpenAI from 'openai';
import { buildChatBody } from '../../src/host/llm/openai/chat-request.ts';
import { buildResponsesBody } from '../../src/host/llm/openai/responses-request.ts';
import { planTurn } from '../../src/host/llm/scripted/plan.ts';
import type { Script } from '../../src/host/llm/scripted/script.ts';
import type { CompletionResponse, LlmEvent } from '../../src/host/llm/types.ts';
import { cutBytes } from '../support/model-server-faults.ts';
import { KEY, REQUEST, scriptOf, stream, TALK } from './anthropic-setup.ts';
import { CHAT, OPENAI_QUIRKS, type OpenAiFormat, RESPONSES, withOpenAi } from './openai-setup.ts';

const THOUGHT = scriptOf({
  name: 'thought',
  turns: [
    {
      thinking: 'Let me see: 東京.',
      text: 'So be it.',
      tool_calls: [{ name: 'read_file', input: { path: 'a' } }],
      chunk: 3,
    },
  ],
});

type Asking = (url: string) => Promise<Comparable>;
type Comparable = {
  id: string | undefined;
  model: string;
  stop: string;
  input: number;
  output: number;
  text: string;
  calls: unknown[];
};

const FORMATS: (OpenAiFormat & { askTheSdk: Asking; stopOf(response: CompletionResponse): string })[] = [
  { ...CHAT, askTheSdk: askForChat, stopOf: chatStop },
  { ...RESPONSES, askTheSdk: askForResponse, stopOf: responseStop },
];

for (const format of FORMATS) {
  describe(`answers of ${format.name}`, () => {
    const bytesOf = (script: Script) => Buffer.from(format.wire.writeAnswer(planTurn(script, REQUEST), 'm').join(''));

    it('[llm-5] reads text and tool calls', async () => {
      await withOpenAi(format, {}, async ({ client }) => {
        const response = responseOf(await stream(client));
        assert.deepEqual(response.content, [
          { type: 'text', text: TALK.turns[0]?.text },
          { type: 'tool_use', id: 'call_1_1', name: 'read_file', input: TALK.turns[0]?.tool_calls[0]?.input },
          { type: 'tool_use', id: 'call_1_2', name: 'list_files', input: {} },
        ]);
        assert.deepEqual(response.stopReason, { kind: 'tool_use' });
        assert.equal(response.model, REQUEST.model);
        assert.ok(response.usage.input > 0 && response.usage.output > 0 && !response.usage.estimated);
      });
    });

    it('[llm-6] gives equal events wherever a stream is split', async () => {
      const bytes = bytesOf(THOUGHT);
      const whole = await streamPieces(format, [bytes]);
      assert.equal(whole.at(-1)?.type, 'done');
      for (let position = 1; position < bytes.length; position += 1) {
        const events = await streamPieces(format, [bytes.subarray(0, position), bytes.subarray(position)]);
        assert.deepEqual(events, whole, `split at byte ${position}`);
      }
    }).timeout(20_000);

    it('[llm-6] gives equal events for pieces of any sizes, line ends and comments', async () => {
      const text = bytesOf(TALK).toString();
      const whole = await streamPieces(format, [Buffer.from(text)]);
      const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
      const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
      await fc.assert(
        fc.asyncProperty(sizes, lineEnd, fc.boolean(), async (pieceSizes, end, withComments) => {
          const commented = withComments ? `: PROCESSING\n\n${text.replaceAll('\n\n', '\n\n: still here\n\n')}` : text;
          const bytes = Buffer.from(`\uFEFF${commented.replaceAll('\n', end)}`);
          assert.deepEqual(await streamPieces(format, cutBytes(bytes, pieceSizes)), whole);
        }),
        { numRuns: 100 },
      );
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
      { name: 'nothing', script: scriptOf({ name: 'empty', turns: [{}] }) },
      { name: 'thoughts', script: THOUGHT },
    ];
    for (const { name, script } of wellFormed) {
      it(`[llm-5] reads ${name} as OpenAI's SDK does`, async () => {
        await withOpenAi(format, { script }, async ({ server, client }) => {
          const ours = responseOf(await stream(client));
          assert.deepEqual(inTheirTerms(ours, format.stopOf(ours)), await format.askTheSdk(server.url));
        });
      });
    }

    it('tells of a call as it is streamed, and of nothing twice', async () => {
      const events = await streamPieces(format, [bytesOf(THOUGHT)]);
      const told = events.reduce<{ [index: number]: string }>((all, event) => {
        if (event.type === 'tool_call_delta') all[event.index] = (all[event.index] ?? '') + event.json;
        if (event.type === 'text_delta' || event.type === 'thinking_delta') {
          all[event.index] = (all[event.index] ?? '') + event.text;
        }
        return all;
      }, {});
      assert.deepEqual(told, { 0: 'Let me see: 東京.', 1: 'So be it.', 2: '{"path":"a"}' });
      const starts = events.flatMap((event) => (/_(start|end)$/.test(event.type) ? [event.type] : []));
      assert.deepEqual(starts, [
        ...['thinking_start', 'thinking_end', 'text_start', 'text_end', 'tool_call_start', 'tool_call_end'],
      ]);
    });
  });
}

describe("requests in OpenAI's formats", () => {
  it('[llm-2] carry the key and the body to where the API has them', async () => {
    for (const [format, path, body] of [
      [
        CHAT,
        '/v1/chat/completions',
        buildChatBody(REQUEST, { quirks: OPENAI_QUIRKS, modelName: 'openai/x', withoutReasoning: false }),
      ],
      [
        RESPONSES,
        '/v1/responses',
        buildResponsesBody(REQUEST, { modelName: 'openai-responses/x', withThoughts: true, withSummary: true }),
      ],
    ] as const) {
      await withOpenAi(format, {}, async ({ server, client }) => {
        await stream(client);
        const [request] = server.requests;
        assert.equal(request?.path, path);
        assert.equal(request?.headers.authorization, `Bearer ${KEY}`);
        assert.deepEqual(request?.body, body);
      });
    }
  });

  it('carry no key to a server that needs none', async () => {
    await withOpenAi(CHAT, { client: { credential: null } }, async ({ server, client }) => {
      assert.equal((await stream(client)).at(-1)?.type, 'done');
      assert.equal(server.requests[0]?.headers.authorization, undefined);
    });
  });
});

function responseOf(events: LlmEvent[]): CompletionResponse {
  const last = events.at(-1);
  if (last?.type !== 'done') throw new Error(`no answer: ${JSON.stringify(last)}`);
  return last.response;
}

/** Streams an answer whose body arrives in just these pieces. */
async function streamPieces(format: OpenAiFormat, pieces: Uint8Array[]): Promise<LlmEvent[]> {
  const client = format.createClient({
    baseUrl: 'http://127.0.0.1:1',
    retries: 0,
    fetch: async () => new Response(ReadableStream.from(pieces), { headers: { 'content-type': 'text/event-stream' } }),
  });
  return stream(client);
}

/** The SDK's view of the answer, reduced to what ours has too. */
async function askForChat(url: string): Promise<Comparable> {
  const sdk = new OpenAI({ baseURL: `${url}/v1`, apiKey: KEY, maxRetries: 0 });
  const completion = await sdk.chat.completions
    .stream({
      model: REQUEST.model,
      max_completion_tokens: REQUEST.maxTokens,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Go on.' },
      ],
      stream_options: { include_usage: true },
    })
    .finalChatCompletion();
  const [choice] = completion.choices;
  return {
    id: completion.id,
    model: completion.model,
    stop: choice?.finish_reason ?? '',
    input: completion.usage?.prompt_tokens ?? -1,
    output: completion.usage?.completion_tokens ?? -1,
    text: choice?.message.content ?? '',
    calls: (choice?.message.tool_calls ?? []).map((call) =>
      call.type === 'function' ? [call.id, call.function.name, JSON.parse(call.function.arguments)] : call,
    ),
  };
}

async function askForResponse(url: string): Promise<Comparable> {
  const sdk = new OpenAI({ baseURL: `${url}/v1`, apiKey: KEY, maxRetries: 0 });
  const response = await sdk.responses
    .stream({
      model: REQUEST.model,
      max_output_tokens: REQUEST.maxTokens,
      store: false,
      instructions: 'Be brief.',
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Go on.' }] }],
    })
    .finalResponse();
  return {
    id: response.id,
    model: response.model,
    stop: response.incomplete_details?.reason ?? response.status ?? '',
    input: response.usage?.input_tokens ?? -1,
    output: response.usage?.output_tokens ?? -1,
    text: response.output_text,
    calls: response.output.flatMap((item) =>
      item.type === 'function_call' ? [[item.call_id, item.name, JSON.parse(item.arguments)]] : [],
    ),
  };
}

function inTheirTerms({ id, model, usage, content }: CompletionResponse, stop: string): Comparable {
  return {
    ...{ id, model, stop, input: usage.input, output: usage.output },
    text: content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join(''),
    calls: content.flatMap((block) => (block.type === 'tool_use' ? [[block.id, block.name, block.input]] : [])),
  };
}

function chatStop({ stopReason: { kind } }: CompletionResponse): string {
  const names: { [kind: string]: string } = { end_turn: 'stop', tool_use: 'tool_calls', max_tokens: 'length' };
  return names[kind] ?? (kind === 'refusal' ? 'content_filter' : kind);
}

function responseStop({ stopReason: { kind } }: CompletionResponse): string {
  const names: { [kind: string]: string } = { max_tokens: 'max_output_tokens', refusal: 'content_filter' };
  return names[kind] ?? (kind === 'end_turn' || kind === 'tool_use' ? 'completed' : kind);
}
