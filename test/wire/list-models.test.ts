/** Which models a provider has: whatever it answers, the list is data, bounded, and without the key. */
import assert from 'node:assert/strict';
import { createAnthropicClient } from '../../src/host/llm/anthropic/client.ts';
import { readList } from '../../src/host/llm/list-models.ts';
import type { ModelListing } from '../../src/host/llm/types.ts';
import { startModelServer } from '../support/model-server.ts';
import { createCountingClock } from '../support/model-server-clock.ts';
import { KEY, TALK } from './anthropic-setup.ts';
import { CHAT, RESPONSES } from './openai-setup.ts';

const FOREVER = new AbortController().signal;
const LIST = { object: 'list', data: [{ id: 'model-a', object: 'model', created: 1, owned_by: 'me' }] };

const CLIENTS = [
  CHAT,
  RESPONSES,
  {
    name: 'Anthropic',
    createClient: (options: { baseUrl: string; fetch?: typeof fetch }) =>
      createAnthropicClient({ credential: () => ({ value: KEY }), ...options }),
  },
];

describe('the list of models', () => {
  for (const { name, createClient } of CLIENTS) {
    it(`is asked for where ${name} has it`, async () => {
      const server = await startModelServer({ formats: [], script: TALK, lists: { '/v1/models': LIST } });
      try {
        const listing = await createClient({ baseUrl: server.url }).listModels?.(FOREVER);
        assert.deepEqual(listing, { kind: 'listed', models: [{ name: 'model-a' }], isComplete: true });
        await server.idle();
      } finally {
        await server.close();
      }
    });

    it(`is data also where ${name} fails, and shows no key`, async () => {
      const rows: [string, () => Promise<Response>, string][] = [
        ['refuses', async () => new Response(`You sent ${KEY}.`, { status: 401 }), 'auth'],
        ['is broken', async () => new Response('', { status: 500 }), 'api'],
        [
          'redirects',
          async () => new Response('', { status: 302, headers: { location: 'http://127.0.0.1:1' } }),
          'api',
        ],
        ['is gone', async () => Promise.reject(new TypeError('fetch failed')), 'http'],
        ['sends a page', async () => new Response('<html>'), 'malformed'],
        ['sends a list of nothing', async () => new Response('{"models":[]}'), 'malformed'],
        ['never ends', async () => new Response(endless()), 'stream_cut'],
      ];
      for (const [what, fetch, kind] of rows) {
        const listing = await createClient({ baseUrl: 'http://127.0.0.1:1', fetch }).listModels?.(FOREVER);
        assert.equal(listing?.kind === 'failed' && listing.error.kind, kind, what);
        assert.ok(!JSON.stringify(listing).includes(KEY), what);
      }
    });
  }

  it('is not waited for any longer once nobody wants it', async () => {
    const clock = createCountingClock();
    const controller = new AbortController();
    const client = CHAT.createClient({
      baseUrl: 'http://127.0.0.1:1',
      clock,
      fetch: () => new Promise(() => undefined),
    });
    const listing = client.listModels?.(controller.signal);
    controller.abort();
    assert.equal(errorOf(await listing), 'cancelled');
    assert.equal(clock.running(), 0, 'a timer was left running');
  });

  it('is not asked for without a key where one is needed', async () => {
    const fetch = () => assert.fail('it was asked');
    const client = CHAT.createClient({ baseUrl: 'http://127.0.0.1:1', fetch, credential: () => undefined });
    assert.equal(errorOf(await client.listModels?.(FOREVER)), 'auth');
  });

  it('has what each server says of its models, and leaves out what has no name', () => {
    const data = [
      { id: 'a', display_name: 'Model A', max_input_tokens: 1000 },
      { id: 'b', name: 'Model B', context_length: 2000 },
      { id: 'c', context_window: 3000 },
      { id: 'd', max_model_len: 4000 },
      { id: 'e', context_length: 'many', display_name: 7 },
      ...[{ id: '' }, { id: 7 }, { name: 'nameless' }, 'f', null, { id: 'two words' }, { id: 'x'.repeat(201) }],
    ];
    assert.deepEqual(readList(JSON.stringify({ data, has_more: true }), 'A server'), {
      kind: 'listed',
      models: [
        { name: 'a', title: 'Model A', contextTokens: 1000 },
        { name: 'b', title: 'Model B', contextTokens: 2000 },
        { name: 'c', contextTokens: 3000 },
        { name: 'd', contextTokens: 4000 },
        { name: 'e' },
      ],
      isComplete: false,
    });
    assert.deepEqual(readList('{"data":null}', 'A server'), { kind: 'listed', models: [], isComplete: true });
  });

  it('has a bound', () => {
    const data = Array.from({ length: 6000 }, (_, index) => ({ id: `m${index}` }));
    const listing = readList(JSON.stringify({ data }), 'A server');
    assert.equal(listing.kind === 'listed' && listing.models.length, 5000);
    assert.equal(listing.kind === 'listed' && listing.isComplete, false);
  });
});

function errorOf(listing: ModelListing | undefined): string | undefined {
  return listing?.kind === 'failed' ? listing.error.kind : undefined;
}

function endless(): ReadableStream<Uint8Array> {
  const piece = Buffer.from(' '.repeat(1024 * 1024));
  return new ReadableStream({ pull: (controller) => controller.enqueue(piece) });
}
