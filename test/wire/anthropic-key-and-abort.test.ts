/** That the key stays out of everything a client says, and that an abort ends it at any moment. */
import assert from 'node:assert/strict';
import { createAnthropicClient } from '../../src/host/llm/anthropic/client.ts';
import type { LlmEvent } from '../../src/host/llm/types.ts';
import type { Fault } from '../support/model-server-faults.ts';
import { answerWith, errorBody, failureOf, KEY, REQUEST, stream, textBlock, withServer } from './anthropic-setup.ts';

describe('the key', () => {
  const echo = `You sent ${KEY}, or Bearer ${KEY}.`;
  const rows: { name: string; fault: Fault }[] = [
    { name: 'an error that echoes it', fault: { status: 400, body: errorBody('invalid_request_error', echo) } },
    { name: 'a page that echoes it', fault: { status: 401, body: echo } },
    { name: 'a request id of it', fault: { status: 400, headers: { 'request-id': KEY }, body: '{}' } },
    { name: 'an error within the answer', fault: { errorEvent: { afterFrames: 2, type: KEY, message: echo } } },
    { name: 'events of it', fault: { raw: `data: ${KEY}\n\n` } },
    {
      name: 'an answer that says it',
      fault: {
        raw: answerWith(
          textBlock(
            `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${echo}"}}\n\n`,
          ),
        ),
      },
    },
  ];
  for (const { name, fault } of rows) {
    it(`[llm-9] never shows in ${name}`, async () => {
      await withServer({ faultOf: () => fault, client: { retries: 1 } }, async ({ client }) => {
        const events = await stream(client);
        assert.ok(events.length > 0);
        assert.ok(!JSON.stringify(events).includes(KEY));
      });
    });
  }

  it('[llm-9] stays out of errors about the address, as its password does', async () => {
    const client = createAnthropicClient({
      ...{
        baseUrl: `http://someone:secret-word@127.0.0.1`,
        credential: () => ({ value: KEY }),
        retries: 0,
      },
    });
    const error = failureOf(await stream(client));
    assert.equal(error.kind, 'api');
    assert.ok(!JSON.stringify(error).includes(KEY) && !JSON.stringify(error).includes('secret-word'));
  });

  it('[llm-9] is missing, or cannot be a header: nothing is sent', async () => {
    for (const credential of [() => undefined, () => ({ value: ' ' }), () => ({ value: 'sk-with\nline-break' })]) {
      await withServer({ client: { credential } }, async ({ server, client }) => {
        const error = failureOf(await stream(client));
        assert.equal(error.kind, 'auth');
        assert.ok(!error.message.includes('line-break'));
        assert.equal(server.requests.length, 0);
      });
    }
  });
});

describe('an abort', () => {
  const phases: { name: string; fault: Fault; abortAt: (event: LlmEvent) => boolean }[] = [
    { name: 'within the text', fault: { silentAfterBytes: 900 }, abortAt: (event) => event.type === 'text_delta' },
    { name: 'before a retry', fault: { status: 500 }, abortAt: (event) => event.type === 'retry' },
  ];
  for (const { name, fault, abortAt } of phases) {
    it(`${name} ends the stream as cancelled`, async () => {
      await withServer({ faultOf: () => fault }, async ({ server, client }) => {
        const controller = new AbortController();
        const events: LlmEvent[] = [];
        for await (const event of client.stream(REQUEST, controller.signal)) {
          events.push(event);
          if (abortAt(event)) controller.abort();
        }
        assert.equal(failureOf(events).kind, 'cancelled');
        assert.equal(server.requests.length, 1);
      });
    });
  }

  it('before the answer began closes the connection', async () => {
    await withServer({ faultOf: () => ({ silentAfterBytes: -1 }) }, async ({ server, client }) => {
      const controller = new AbortController();
      const streaming = stream(client, controller.signal);
      while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
      controller.abort();
      assert.equal(failureOf(await streaming).kind, 'cancelled');
      await server.idle();
    });
  });

  it('ends a stream that has all come already', async () => {
    await withServer({}, async ({ client }) => {
      const controller = new AbortController();
      const events: LlmEvent[] = [];
      for await (const event of client.stream(REQUEST, controller.signal)) {
        events.push(event);
        if (event.type === 'usage') controller.abort();
      }
      assert.equal(failureOf(events).kind, 'cancelled');
    });
  });

  it('before the start sends nothing', async () => {
    await withServer({}, async ({ server, client }) => {
      assert.equal(failureOf(await stream(client, AbortSignal.abort())).kind, 'cancelled');
      assert.equal(server.requests.length, 0);
    });
  });

  it('is not needed where the reader stops early: the connection closes', async () => {
    await withServer({ faultOf: () => ({ silentAfterBytes: 900 }) }, async ({ server, client }) => {
      for await (const event of client.stream(REQUEST, new AbortController().signal)) {
        if (event.type === 'text_delta') break;
      }
      await server.idle();
    });
  });
});
