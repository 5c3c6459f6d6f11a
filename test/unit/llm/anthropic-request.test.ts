import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { buildRequestBody } from '../../../src/host/llm/anthropic/request.ts';
import type { Message, TextBlock } from '../../../src/host/llm/types.ts';
import { assistant, call, requestOf, result, user } from './requests.ts';

const BREAKPOINT = { cache_control: { type: 'ephemeral' } };

describe('the body of an Anthropic request', () => {
  it('[llm-1] has every part of a request, and breakpoints after the system and at the end', () => {
    const request = requestOf(
      [
        user('Read it.'),
        assistant('I will.', call('call_1', 'read_file', { path: 'a' })),
        user(result('call_1', 'text of a'), result('call_2', 'no such file', true)),
      ],
      {
        system: [
          { type: 'text', text: 'You are careful.' },
          { type: 'text', text: 'You are brief.' },
        ],
        tools: [{ name: 'read_file', description: 'Reads a file.', inputSchema: { type: 'object', properties: {} } }],
        toolChoice: { type: 'tool', name: 'read_file' },
        temperature: 0.5,
        turn: 3,
      },
    );
    assert.deepEqual(buildRequestBody(request, 'anthropic'), {
      model: 'model-of-the-test',
      max_tokens: 1024,
      stream: true,
      system: [
        { type: 'text', text: 'You are careful.' },
        { type: 'text', text: 'You are brief.', ...BREAKPOINT },
      ],
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Read it.' }] },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'I will.' },
            { type: 'tool_use', id: 'call_1', name: 'read_file', input: { path: 'a' } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'call_1', content: 'text of a' },
            { type: 'tool_result', tool_use_id: 'call_2', content: 'no such file', is_error: true, ...BREAKPOINT },
          ],
        },
      ],
      tools: [{ name: 'read_file', description: 'Reads a file.', input_schema: { type: 'object', properties: {} } }],
      tool_choice: { type: 'tool', name: 'read_file' },
      temperature: 0.5,
    });
  });

  it('[llm-1] leaves out what was not given', () => {
    const body = buildRequestBody(requestOf([user('Go on.')], { toolChoice: { type: 'any' } }), 'anthropic');
    assert.deepEqual(Object.keys(body), ['model', 'stream', 'max_tokens', 'messages']);
  });

  it('[llm-1] merges messages of one role, drops texts without a character, and puts results first', () => {
    const body = buildRequestBody(
      requestOf(
        [
          user('One.', ''),
          user('Two.'),
          assistant('  \n'),
          assistant(call('c1', 'ask')),
          user('Remark.'),
          user(result('c1', '')),
        ],
        { system: [{ type: 'text', text: ' ' }] },
      ),
      'anthropic',
    );
    assert.equal(body.system, undefined);
    assert.deepEqual(body.messages, [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'One.' },
          { type: 'text', text: 'Two.' },
        ],
      },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'ask', input: {} }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'c1', content: '' },
          { type: 'text', text: 'Remark.', ...BREAKPOINT },
        ],
      },
    ]);
  });

  const marked = (text: string) => ({ type: 'text', text, cacheBreakpoint: true }) as const;
  const system = [{ type: 'text', text: 'You are brief.' } as const];
  const breakpoints: { name: string; messages: Message[]; system?: TextBlock[]; kept: string[] }[] = [
    {
      name: 'the system and the end',
      messages: [user('a'), assistant('b'), user('c')],
      system,
      kept: ['You are brief.', 'c'],
    },
    { name: 'the end alone', messages: [user('a')], kept: ['a'] },
    {
      name: 'where it is asked for',
      messages: [user(marked('a'), 'b'), assistant('c'), user('d')],
      system,
      kept: ['You are brief.', 'a', 'd'],
    },
    {
      name: 'the last ones where too many are asked for',
      messages: [user(marked('a'), marked('b'), 'c'), assistant(marked('d')), user(marked('e'), 'f')],
      system,
      kept: ['You are brief.', 'd', 'e', 'f'],
    },
    {
      name: 'four without a system',
      messages: [user(marked('a'), marked('b'), marked('c'), marked('d'), 'e')],
      kept: ['b', 'c', 'd', 'e'],
    },
    {
      name: 'no place twice',
      messages: [user(marked('a'), marked('b'), marked('c'))],
      system: [marked('s')],
      kept: ['s', 'a', 'b', 'c'],
    },
  ];
  for (const { name, messages, system = [], kept } of breakpoints) {
    it(`[llm-1] sets breakpoints at ${name}`, () => {
      const body = buildRequestBody(requestOf(messages, { system }), 'anthropic');
      const content = (body.messages as { content: { text: string; cache_control?: object }[] }[]).flatMap(
        ({ content }) => content,
      );
      const all = [...((body.system ?? []) as typeof content), ...content];
      assert.deepEqual(
        all.filter((block) => block.cache_control).map(({ text }) => text),
        kept,
      );
      assert.ok(
        all.every((block) => !block.cache_control || isDeepStrictEqual(block.cache_control, { type: 'ephemeral' })),
      );
    });
  }

  it('[llm-1] makes lone surrogates well-formed, in names of members too', () => {
    const text = 'a\ud83d';
    const body = buildRequestBody(
      requestOf([user(text), assistant(call('c', 'ask', { [text]: [text] }))]),
      'anthropic',
    );
    assert.ok(JSON.stringify(body).isWellFormed());
    assert.ok(!JSON.stringify(body).includes('\\ud83d'));
  });

  it('[llm-1] gives a refused call back with empty input, and ids of other providers in its own characters', () => {
    const refused = {
      type: 'tool_use',
      id: 'chatcmpl:1.2',
      name: 'ask',
      input: {},
      invalid: { raw: '{"a', reason: 'cut' },
    } as const;
    const body = buildRequestBody(
      requestOf([user('Go.'), assistant(refused), user(result('chatcmpl:1.2', 'no', true))]),
      'anthropic',
    );
    assert.deepEqual(body.messages, [
      { role: 'user', content: [{ type: 'text', text: 'Go.' }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'chatcmpl_1_2', name: 'ask', input: {} }] },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 'chatcmpl_1_2', content: 'no', is_error: true, ...BREAKPOINT }],
      },
    ]);
  });

  it('[llm-1] does not change the request it is given', () => {
    const request = requestOf([user('One.'), user('Two.')]);
    const before = structuredClone(request);
    buildRequestBody(request, 'anthropic');
    assert.deepEqual(request, before);
  });
});
