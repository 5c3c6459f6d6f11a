/** How a request reaches Anthropic: version, authentication, the address behind a proxy; and the counting of tokens. */
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { buildCountBody, buildRequestBody } from '../../src/host/llm/anthropic/request.ts';
import type { CompletionRequest, LlmClient, TokenCount } from '../../src/host/llm/types.ts';
import type { Fault } from '../support/model-server-faults.ts';
import { collect } from '../unit/llm/requests.ts';
import { errorBody, failureOf, KEY, REQUEST, stream, withServer } from './anthropic-setup.ts';

const VERSIONS = ['2023-06-01', '2026-10-21'] as const;
const SCHEMES = ['x-api-key', 'bearer'] as const;
const NEVER = new AbortController().signal;

describe('a request to Anthropic', () => {
  for (const apiVersion of VERSIONS) {
    for (const authScheme of SCHEMES) {
      it(`[llm-1] of version ${apiVersion} carries its key as ${authScheme}, and nowhere else`, async () => {
        await withServer({ client: { apiVersion, authScheme } }, async ({ server, client }) => {
          assert.equal((await stream(client)).at(-1)?.type, 'done');
          assert.equal((await countWith(client)).kind, 'counted');
          assert.equal(server.requests.length, 2);
          for (const { headers, text, path } of server.requests) {
            assert.equal(headers['anthropic-version'], apiVersion);
            assert.equal(headers.authorization, authScheme === 'bearer' ? `Bearer ${KEY}` : undefined);
            assert.equal(headers['x-api-key'], authScheme === 'bearer' ? undefined : KEY);
            assert.ok(!text.includes(KEY) && !path.includes(KEY));
          }
          assert.deepEqual(server.requests[0]?.body, buildRequestBody(REQUEST, 'anthropic'));
        });
      });
    }
  }

  it('[llm-1] of neither kind says how it is authenticated: older version, x-api-key', async () => {
    await withServer({}, async ({ server, client }) => {
      await stream(client);
      const headers = server.requests[0]?.headers;
      assert.deepEqual([headers?.['anthropic-version'], headers?.['x-api-key']], ['2023-06-01', KEY]);
    });
  });

  it('[llm-9] of the newer version is refused a temperature, and says so', async () => {
    const warm: CompletionRequest = { ...REQUEST, temperature: 0.5 };
    for (const apiVersion of VERSIONS) {
      await withServer({ client: { apiVersion } }, async ({ client }) => {
        const events = await collect(client.stream(warm, NEVER));
        if (apiVersion === '2023-06-01') {
          assert.equal(events.at(-1)?.type, 'done');
          return;
        }
        const error = failureOf(events);
        assert.deepEqual([error.kind, error.kind === 'api' && error.status], ['api', 400]);
        assert.match(error.message, /temperature/);
      });
    }
  });

  for (const basePath of ['/anthropic', '/gateway/team-7/anthropic/']) {
    it(`[llm-1] goes through a proxy at ${basePath}`, async () => {
      const bare = basePath.replace(/\/$/, '');
      await withServer({ basePath: bare }, async ({ server, client }) => {
        assert.equal((await stream(client)).at(-1)?.type, 'done');
        await countWith(client);
        assert.deepEqual(
          server.requests.map(({ path }) => path),
          [`${bare}/v1/messages`, `${bare}/v1/messages/count_tokens`],
        );
      });
      await withServer({ basePath: bare }, async ({ server, createClient }) => {
        const client = createClient({ baseUrl: `${server.url}${basePath}` });
        assert.equal((await stream(client)).at(-1)?.type, 'done');
      });
    });
  }
});

describe('the counting of tokens', () => {
  it("counts what Anthropic's SDK counts", async () => {
    await withServer({}, async ({ server, client }) => {
      const ours = await countWith(client);
      const sdk = new Anthropic({ baseURL: server.url, apiKey: KEY, maxRetries: 0 });
      const body = buildCountBody(REQUEST, 'anthropic');
      const theirs = await sdk.messages.countTokens(body as unknown as Anthropic.MessageCountTokensParams);
      assert.deepEqual(ours, { kind: 'counted', input: theirs.input_tokens });
      assert.deepEqual(server.requests[0]?.body, server.requests[1]?.body);
    });
  });

  const json = { 'content-type': 'application/json' };
  const faults: { name: string; fault: Fault; error: string; says: RegExp }[] = [
    {
      name: 'a refused key',
      fault: { status: 401, body: errorBody('authentication_error', KEY) },
      error: 'auth',
      says: /refused the key.*redacted/,
    },
    { name: 'an overload', fault: { status: 529, headers: { 'retry-after': '9' } }, error: 'overloaded', says: /529/ },
    { name: 'a reset', fault: { resetAtOnce: true }, error: 'http', says: /The connection to .* failed/ },
    { name: 'silence', fault: { silentAfterBytes: -1 }, error: 'stream_cut', says: /took over 0.1 s/ },
    { name: 'a page', fault: { headers: json, raw: '<html>' }, error: 'malformed', says: /holds no count/ },
    {
      name: 'a count that is none',
      fault: { headers: json, raw: '{"input_tokens":-1}' },
      error: 'malformed',
      says: /holds no count/,
    },
    {
      name: 'an endless answer',
      fault: { headers: json, raw: ' '.repeat(70_000) },
      error: 'malformed',
      says: /holds no count/,
    },
  ];
  for (const { name, fault, error, says } of faults) {
    it(`[llm-9] gives ${name} as a typed error, at once`, async () => {
      await withServer(
        { faultOf: () => fault, client: { headersTimeoutMs: 140 } },
        async ({ server, client, slept }) => {
          const counted = await countWith(client);
          if (counted.kind !== 'failed') throw new Error(JSON.stringify(counted));
          assert.equal(counted.error.kind, error);
          assert.match(counted.error.message, says);
          assert.ok(!JSON.stringify(counted).includes(KEY));
          assert.deepEqual([server.requests.length, slept], [1, []]);
        },
      );
    });
  }

  it('[llm-9] sends nothing without a key, and ends when it is aborted', async () => {
    await withServer({ client: { credential: () => undefined } }, async ({ server, client }) => {
      const counted = await countWith(client);
      assert.deepEqual([counted.kind === 'failed' && counted.error.kind, server.requests.length], ['auth', 0]);
    });
    await withServer({ faultOf: () => ({ silentAfterBytes: -1 }) }, async ({ server, client }) => {
      const controller = new AbortController();
      const counting = countWith(client, controller.signal);
      while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
      controller.abort();
      const counted = await counting;
      assert.equal(counted.kind === 'failed' && counted.error.kind, 'cancelled');
    });
  });
});

async function countWith(client: LlmClient, signal = NEVER): Promise<TokenCount> {
  if (client.countTokens === undefined) throw new Error('The client counts no tokens.');
  return client.countTokens(REQUEST, signal);
}
