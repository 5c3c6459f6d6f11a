/** That the key stays out of everything a client of OpenAI's formats says, and that an abort ends it at any moment. */
import assert from 'node:assert/strict';
import { fingerprint } from '../../src/host/llm/credentials.ts';
import type { LlmEvent } from '../../src/host/llm/types.ts';
import type { Fault } from '../support/model-server-faults.ts';
import { chatFrame } from '../support/model-server-openai-chat.ts';
import { responsesFrame } from '../support/model-server-openai-responses.ts';
import { failureOf, KEY, REQUEST, stream } from './anthropic-setup.ts';
import { CHAT, RESPONSES, withOpenAi } from './openai-setup.ts';

const ECHO = `You sent ${KEY}, or Bearer ${KEY}.`;
const errorBody = (message: string, code: string | null = null) =>
  JSON.stringify({ error: { message, type: code, param: null, code } });

const SAYS = {
  [CHAT.name]: chatFrame({ id: KEY, choices: [{ index: 0, delta: { content: ECHO }, finish_reason: 'stop' }] }),
  [RESPONSES.name]: responsesFrame({
    type: 'response.completed',
    response: { id: KEY, output: [{ type: 'message', content: [{ type: 'output_text', text: ECHO }] }] },
  }),
};

for (const format of [CHAT, RESPONSES]) {
  describe(`the key for ${format.name}`, () => {
    const rows: { name: string; fault: Fault }[] = [
      { name: 'an error that echoes it', fault: { status: 400, body: errorBody(ECHO) } },
      { name: 'an error whose type it is', fault: { status: 400, body: errorBody('No.', KEY) } },
      { name: 'a page that echoes it', fault: { status: 401, body: ECHO } },
      { name: 'a request id of it', fault: { status: 400, headers: { 'x-request-id': KEY }, body: '{}' } },
      { name: 'an error within the answer', fault: { errorEvent: { afterFrames: 2, type: KEY, message: ECHO } } },
      { name: 'events of it', fault: { raw: `data: ${KEY}\n\n` } },
      { name: 'an answer that says it', fault: { raw: SAYS[format.name] ?? '' } },
    ];
    for (const { name, fault } of rows) {
      it(`[llm-9] never shows in ${name}`, async () => {
        await withOpenAi(format, { faultOf: () => fault, client: { retries: 1 } }, async ({ client }) => {
          const events = await stream(client);
          assert.ok(events.length > 0);
          assert.ok(!JSON.stringify(events).includes(KEY));
        });
      });
    }

    it('[llm-9] is named by its fingerprint where it was refused', async () => {
      for (const fault of [
        { status: 401, body: errorBody('No.') },
        { status: 429, body: errorBody('No.', 'insufficient_quota') },
      ]) {
        await withOpenAi(format, { faultOf: () => fault }, async ({ client }) => {
          const error = failureOf(await stream(client));
          assert.equal('key' in error && error.key, fingerprint(KEY));
        });
      }
    });

    it('[llm-9] is missing, or cannot be a header: nothing is sent', async () => {
      for (const credential of [() => undefined, () => ({ value: ' ' }), () => ({ value: 'sk-with\nline-break' })]) {
        await withOpenAi(format, { client: { credential } }, async ({ server, client }) => {
          const error = failureOf(await stream(client));
          assert.equal(error.kind, 'auth');
          assert.ok(!error.message.includes('line-break'));
          assert.equal(server.requests.length, 0);
        });
      }
    });

    it('[llm-9] stays out of errors about the address, as its password does', async () => {
      const client = format.createClient({ baseUrl: 'http://someone:secret-word@127.0.0.1', retries: 0 });
      const error = failureOf(await stream(client));
      assert.equal(error.kind, 'api');
      assert.ok(!JSON.stringify(error).includes(KEY) && !JSON.stringify(error).includes('secret-word'));
    });
  });

  describe(`an abort of ${format.name}`, () => {
    const silent: Fault = { silentAfterBytes: format === CHAT ? 900 : 2600 };
    const phases: { name: string; fault: Fault; abortAt: (event: LlmEvent) => boolean }[] = [
      { name: 'within the text', fault: silent, abortAt: (event) => event.type === 'text_delta' },
      { name: 'before a retry', fault: { status: 500 }, abortAt: (event) => event.type === 'retry' },
    ];
    for (const { name, fault, abortAt } of phases) {
      it(`${name} ends the stream as cancelled`, async () => {
        await withOpenAi(format, { faultOf: () => fault }, async ({ server, client }) => {
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
      await withOpenAi(format, { faultOf: () => ({ silentAfterBytes: -1 }) }, async ({ server, client }) => {
        const controller = new AbortController();
        const streaming = stream(client, controller.signal);
        while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
        controller.abort();
        assert.equal(failureOf(await streaming).kind, 'cancelled');
        await server.idle();
      });
    });

    it('before the start sends nothing', async () => {
      await withOpenAi(format, {}, async ({ server, client }) => {
        assert.equal(failureOf(await stream(client, AbortSignal.abort())).kind, 'cancelled');
        assert.equal(server.requests.length, 0);
      });
    });

    it('is not needed where the reader stops early: the connection closes', async () => {
      await withOpenAi(format, { faultOf: () => silent }, async ({ server, client }) => {
        for await (const event of client.stream(REQUEST, new AbortController().signal)) {
          if (event.type === 'text_delta') break;
        }
        await server.idle();
      });
    });
  });
}
