/** Whole answers: how they are cut does not matter, and Anthropic's own SDK reads them as we do. */
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import { createAnthropicClient } from '../../src/host/llm/anthropic/client.ts';
import { buildRequestBody } from '../../src/host/llm/anthropic/request.ts';
import { planTurn } from '../../src/host/llm/scripted/plan.ts';
import type { Script } from '../../src/host/llm/scripted/script.ts';
import type { CompletionResponse, LlmEvent } from '../../src/host/llm/types.ts';
import { writeAnthropicAnswer } from '../support/model-server-anthropic.ts';
import { cutBytes } from '../support/model-server-faults.ts';
import { KEY, REQUEST, scriptOf, stream, TALK, withServer } from './anthropic-setup.ts';

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
    const bytes = Buffer.from(writeAnthropicAnswer(planTurn(TALK, REQUEST), REQUEST.model).join(''));
    const whole = await streamPieces([bytes]);
    assert.equal(whole.at(-1)?.type, 'done');
    for (let position = 1; position < bytes.length; position += 1) {
      const events = await streamPieces([bytes.subarray(0, position), bytes.subarray(position)]);
      assert.deepEqual(events, whole, `split at byte ${position}`);
    }
  });

  it('[llm-6] gives equal events for pieces of any sizes, line ends and comments', async () => {
    const text = writeAnthropicAnswer(planTurn(TALK, REQUEST), REQUEST.model).join('');
    const whole = await streamPieces([Buffer.from(text)]);
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
    const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
    await fc.assert(
      fc.asyncProperty(sizes, lineEnd, fc.boolean(), async (pieceSizes, end, withComments) => {
        const commented = withComments ? `: hello\n\n${text.replaceAll('\n\n', '\n\n: still here\n\n')}` : text;
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

  it('[llm-1] sends the key, the version and the body as the API has them', async () => {
    await withServer({ client: { apiVersion: '2026-10-21', authScheme: 'bearer' } }, async ({ server, client }) => {
      await stream(client);
      const [request] = server.requests;
      assert.equal(request?.path, '/v1/messages');
      assert.equal(request?.headers['anthropic-version'], '2026-10-21');
      assert.equal(request?.headers.authorization, `Bearer ${KEY}`);
      assert.equal(request?.headers['x-api-key'], undefined);
      assert.deepEqual(request?.body, buildRequestBody(REQUEST));
    });
    await withServer({}, async ({ server, client }) => {
      await stream(client);
      const headers = server.requests[0]?.headers;
      assert.equal(headers?.['anthropic-version'], '2023-06-01');
      assert.equal(headers?.['x-api-key'], KEY);
      assert.equal(headers?.authorization, undefined);
    });
  });
});

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
  const message = await sdk.messages
    .stream({ model: REQUEST.model, max_tokens: REQUEST.maxTokens, messages: [{ role: 'user', content: 'Go on.' }] })
    .finalMessage();
  return {
    id: message.id,
    model: message.model,
    stop: message.stop_reason,
    output: message.usage.output_tokens,
    content: message.content.map((block) => {
      if (block.type === 'text') return { type: 'text', text: block.text };
      return block.type === 'tool_use'
        ? { type: 'tool_use', id: block.id, name: block.name, input: block.input }
        : block;
    }),
  };
}

function inTheirTerms({ id, model, stopReason, usage, content }: CompletionResponse) {
  return { id, model, stop: stopReason.kind, output: usage.output, content };
}
