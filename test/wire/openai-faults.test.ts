/** The table of faults for OpenAI's formats, and those that only they have. */
import assert from 'node:assert/strict';
import type { CompletionRequest, LlmError } from '../../src/host/llm/types.ts';
import type { Fault } from '../support/model-server-faults.ts';
import { chatFrame } from '../support/model-server-openai-chat.ts';
import { responsesFrame } from '../support/model-server-openai-responses.ts';
import { collect } from '../unit/llm/requests.ts';
import { failureOf, REQUEST, stream } from './anthropic-setup.ts';
import { describeFaults, type FaultFormat } from './fault-run.ts';
import { CHAT, type OpenAiFormat, RESPONSES, withOpenAi } from './openai-setup.ts';

const SAYS: FaultFormat['says'] = {
  rate_limited: { status: 429, type: 'rate_limit_exceeded' },
  overloaded: { status: 503, type: 'server_overloaded' },
  broken: { status: 500, type: 'server_error' },
  invalid: { status: 400, type: 'invalid_request_error' },
  auth: { status: 401, type: 'invalid_api_key' },
  no_money: { status: 429, type: 'insufficient_quota' },
  too_long: { status: 400, type: 'context_length_exceeded' },
};

describeFaults({
  ...CHAT,
  says: SAYS,
  idleFrame: (padding) => chatFrame({ choices: [], padding }),
});
describeFaults({
  ...RESPONSES,
  says: SAYS,
  idleFrame: (padding) => responsesFrame({ type: 'response.in_progress', padding }),
});

const errorBody = (message: string, members: object = {}) =>
  JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code: null, ...members } });

type Row = { name: string; format: OpenAiFormat; fault: Fault; requests: number; error: { [member: string]: unknown } };

const response = (members: object) => ({ id: 'resp_1', model: 'm', output: [], ...members });

const ROWS: Row[] = [
  {
    name: '[llm-9] an invalid request with type and id',
    format: CHAT,
    fault: { status: 400, headers: { 'x-request-id': 'req_2' }, body: errorBody('No.') },
    ...{ requests: 1, error: { kind: 'api', status: 400, type: 'invalid_request_error', requestId: 'req_2' } },
  },
  {
    name: '[llm-9] a prompt too long for the model',
    format: CHAT,
    fault: { status: 400, body: errorBody('Too many tokens.', { code: 'context_length_exceeded' }) },
    ...{ requests: 1, error: { kind: 'context_exceeded' } },
  },
  {
    name: '[llm-9] an account without balance',
    format: CHAT,
    fault: { status: 402, body: errorBody('Insufficient Balance', { type: 'unknown_error' }) },
    ...{ requests: 1, error: { kind: 'insufficient_quota' } },
  },
  {
    name: '[llm-9] a key without the right',
    format: CHAT,
    fault: { status: 403, body: errorBody('not yours') },
    ...{ requests: 1, error: { kind: 'auth' } },
  },
  {
    name: '[llm-9] an error that is a line of text',
    format: CHAT,
    fault: { status: 404, body: '{"error":"model \\"x\\" not found"}' },
    ...{ requests: 1, error: { kind: 'api', status: 404, message: 'model "x" not found' } },
  },
  {
    name: '[llm-9] an error without an error around it',
    format: CHAT,
    fault: { status: 400, body: '{"object":"error","message":"No.","type":"BadRequestError","code":400}' },
    ...{ requests: 1, error: { kind: 'api', status: 400, type: 'BadRequestError', message: 'No.' } },
  },
  {
    name: '[F16] a stream that says it is done and not why',
    format: CHAT,
    fault: { raw: `${chatFrame({ choices: [{ index: 0, delta: { content: 'Hal' } }] })}data: [DONE]\n\n` },
    ...{ requests: 5, error: { kind: 'stream_cut' } },
  },
  {
    name: '[llm-9] a response that fails',
    format: RESPONSES,
    fault: {
      raw: responsesFrame({
        type: 'response.failed',
        response: response({ error: { code: 'server_error', message: 'It broke.' } }),
      }),
    },
    ...{ requests: 5, error: { kind: 'api', status: 500, message: 'It broke.' } },
  },
  {
    name: '[llm-9] a response that fails for want of patience',
    format: RESPONSES,
    fault: {
      raw: responsesFrame({
        type: 'response.failed',
        response: response({ error: { code: 'rate_limit_exceeded', message: 'Slow down.' } }),
      }),
    },
    ...{ requests: 5, error: { kind: 'rate_limited', message: 'Slow down.' } },
  },
  {
    name: '[llm-9] an error event with the error inside',
    format: RESPONSES,
    fault: {
      raw: responsesFrame({ type: 'error', error: { type: 'invalid_request_error', code: null, message: 'No.' } }),
    },
    ...{ requests: 1, error: { kind: 'api', status: 400, message: 'No.' } },
  },
  {
    name: '[F16] arguments for a call that never began',
    format: RESPONSES,
    fault: { raw: responsesFrame({ type: 'response.function_call_arguments.delta', output_index: 0, delta: '{' }) },
    ...{ requests: 5, error: { kind: 'malformed' } },
  },
];

describe("faults of OpenAI's formats alone", () => {
  for (const { name, format, fault, requests, error } of ROWS) {
    it(`${name} (${format.name})`, async () => {
      await withOpenAi(format, { faultOf: () => fault }, async ({ server, client }) => {
        const failure: LlmError & { [member: string]: unknown } = failureOf(await stream(client));
        assert.equal(server.requests.length, requests);
        for (const [member, value] of Object.entries(error)) assert.deepEqual(failure[member], value, member);
      });
    });
  }
});

describe('a model that takes no tools while it thinks', () => {
  const said =
    "Function tools with reasoning_effort are not supported for m in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.";
  const refusal: Fault = { status: 400, body: errorBody(said, { param: 'reasoning_effort' }) };
  const effort = (body: unknown) => (body as { reasoning_effort?: string }).reasoning_effort;
  const ask = async (client: Parameters<typeof stream>[0], rest: Partial<CompletionRequest> = {}) =>
    collect(client.stream({ ...REQUEST, ...rest }, new AbortController().signal));

  it('is asked once more at once without thinking, and from then on', async () => {
    const faultOf = (request: number) => (request === 0 ? refusal : undefined);
    await withOpenAi(CHAT, { faultOf }, async ({ server, client, slept }) => {
      assert.equal((await ask(client, { thinking: 'high' })).at(-1)?.type, 'done');
      assert.equal((await ask(client, { thinking: 'high' })).at(-1)?.type, 'done');
      assert.deepEqual(
        server.requests.map(({ body }) => effort(body)),
        ['high', 'none', 'none'],
      );
      assert.deepEqual(slept, [], 'it is no retry');
      await ask(client, { tools: [], thinking: 'low' });
      await ask(client, { model: 'another', thinking: 'low' });
      assert.deepEqual(
        server.requests.slice(3).map(({ body }) => effort(body)),
        ['low', 'low'],
        'without tools, and of other models, nothing is remembered',
      );
    });
  });

  it('says what it said at first where that does not help either', async () => {
    const second: Fault = { status: 400, body: errorBody("'reasoning_effort' does not support 'none'") };
    const faultOf = (request: number) => (request % 2 === 0 ? refusal : second);
    await withOpenAi(CHAT, { faultOf }, async ({ server, client }) => {
      for (const requests of [2, 4]) {
        assert.equal(failureOf(await ask(client)).message, said);
        assert.equal(server.requests.length, requests);
      }
      assert.deepEqual(
        server.requests.map(({ body }) => effort(body)),
        [undefined, 'none', undefined, 'none'],
        'what did not help is not remembered',
      );
    });
  });
});

describe('a model of Responses that cannot do all that is asked', () => {
  for (const [name, message, member] of [
    ['thinks nothing', 'Encrypted content is not supported with this model.', 'include'],
    ['sums nothing up', 'Your organization must be verified to generate reasoning summaries.', 'reasoning.summary'],
  ] as const) {
    it(`${name}: it is asked without that, and from then on`, async () => {
      const faultOf = (request: number) => (request === 0 ? { status: 400, body: errorBody(message) } : undefined);
      await withOpenAi(RESPONSES, { faultOf }, async ({ server, client, slept }) => {
        const request = { ...REQUEST, thinking: 'low' } as const;
        for (let turn = 0; turn < 2; turn += 1) {
          const events = await collect(client.stream(request, new AbortController().signal));
          assert.equal(events.at(-1)?.type, 'done');
        }
        const has = server.requests.map(({ body }) => member in flat(body as { reasoning?: object }));
        assert.deepEqual(has, [true, false, false]);
        assert.deepEqual(slept, []);
      });
    });
  }

  function flat(body: { reasoning?: object }): object {
    const inside = Object.entries(body.reasoning ?? {}).map(([name, value]) => [`reasoning.${name}`, value]);
    return { ...body, ...Object.fromEntries(inside) };
  }
});
