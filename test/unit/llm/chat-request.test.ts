import assert from 'node:assert/strict';
import { buildChatBody } from '../../../src/host/llm/openai/chat-request.ts';
import type { CompletionRequest, ContentBlock } from '../../../src/host/llm/types.ts';
import { BUILT_IN, COMPATIBLE } from '../../../src/host/providers/built-in.ts';
import type { ChatQuirks } from '../../../src/host/providers/types.ts';
import { assistant, call, requestOf, result, user } from './requests.ts';

const MODEL = 'server/model-of-the-test';

function build(request: CompletionRequest, quirks: Partial<ChatQuirks> = {}, withoutReasoning = false) {
  return buildChatBody(request, { quirks: { ...COMPATIBLE, ...quirks }, modelName: MODEL, withoutReasoning });
}

function quirksOf(name: string): ChatQuirks {
  const provider = BUILT_IN.find((candidate) => candidate.name === name);
  if (provider?.format !== 'openai-chat') throw new Error(`${name} does not speak Chat Completions.`);
  return provider.quirks;
}

const thought = (text: string, model = MODEL): ContentBlock => ({ type: 'thinking', text, model });

describe('the body of a Chat Completions call', () => {
  it('[llm-2] holds the conversation, the tools and the bounds', () => {
    const request = requestOf([user('Where is it?'), assistant('I look.', call('c1', 'read_file', { path: 'a' }))], {
      system: [
        { type: 'text', text: 'Be brief.' },
        { type: 'text', text: 'Be right.', cacheBreakpoint: true },
      ],
      tools: [{ name: 'read_file', description: 'Reads.', inputSchema: { type: 'object' } }],
      toolChoice: { type: 'any' },
      temperature: 0.5,
    });
    assert.deepEqual(
      buildChatBody(request, { quirks: quirksOf('openai'), modelName: MODEL, withoutReasoning: false }),
      {
        model: 'model-of-the-test',
        stream: true,
        stream_options: { include_usage: true },
        max_completion_tokens: 1024,
        messages: [
          { role: 'system', content: 'Be brief.\n\nBe right.' },
          { role: 'user', content: 'Where is it?' },
          {
            role: 'assistant',
            content: 'I look.',
            tool_calls: [{ id: 'c1', type: 'function', function: { name: 'read_file', arguments: '{"path":"a"}' } }],
          },
        ],
        tools: [
          { type: 'function', function: { name: 'read_file', description: 'Reads.', parameters: { type: 'object' } } },
        ],
        tool_choice: 'required',
        temperature: 0.5,
      },
    );
  });

  it('[llm-2] keeps text beside results of tools, after them', () => {
    const { messages } = build(
      requestOf([
        assistant(call('c1', 'a'), call('c2', 'b')),
        user('Hurry.', result('c1', 'one'), result('c2', 'two', true), 'And say why.'),
      ]),
    );
    assert.deepEqual(messages, [
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'a', arguments: '{}' } },
          { id: 'c2', type: 'function', function: { name: 'b', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'one' },
      { role: 'tool', tool_call_id: 'c2', content: 'two' },
      { role: 'user', content: 'Hurry.\n\nAnd say why.' },
    ]);
  });

  it('[llm-2] holds images beside text', () => {
    const image: ContentBlock = { type: 'image', mediaType: 'image/png', data: 'aGk=' };
    assert.deepEqual(build(requestOf([user('What is this?', image)])).messages, [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } },
        ],
      },
    ]);
  });

  it('[llm-2] has each choice of a tool, and none among no tools', () => {
    const tools = [{ name: 'a', description: '', inputSchema: { type: 'object' } }];
    const choose = (toolChoice: CompletionRequest['toolChoice'], some = tools) =>
      build(requestOf([user('x')], { tools: some, ...(toolChoice === undefined ? {} : { toolChoice }) })).tool_choice;
    assert.equal(choose({ type: 'auto' }), 'auto');
    assert.equal(choose({ type: 'none' }), 'none');
    assert.equal(choose({ type: 'any' }), 'required');
    assert.deepEqual(choose({ type: 'tool', name: 'a' }), { type: 'function', function: { name: 'a' } });
    assert.equal(choose(undefined), undefined);
    assert.equal(choose({ type: 'any' }, []), undefined);
  });

  it('asks for thinking as each provider has it', () => {
    const ask = (name: string, thinking?: CompletionRequest['thinking']) => {
      const request = requestOf([user('x')], thinking === undefined ? {} : { thinking });
      const { reasoning_effort, reasoning, thinking: switched } = build(request, quirksOf(name));
      return { reasoning_effort, reasoning, switched };
    };
    const none = { reasoning_effort: undefined, reasoning: undefined, switched: undefined };
    assert.deepEqual(ask('openai'), none, 'as the model does by itself');
    assert.deepEqual(ask('openai', 'high'), { ...none, reasoning_effort: 'high' });
    assert.deepEqual(ask('openai', 'off'), { ...none, reasoning_effort: 'none' });
    assert.deepEqual(ask('openrouter', 'low'), { ...none, reasoning: { effort: 'low' } });
    assert.deepEqual(ask('deepseek', 'off'), { ...none, switched: { type: 'disabled' } });
    assert.deepEqual(ask('deepseek', 'high'), { ...none, switched: { type: 'enabled' }, reasoning_effort: 'high' });
    assert.deepEqual(ask('llamacpp', 'high'), none);
  });

  it('asks for none of a model that takes no tools otherwise', () => {
    assert.equal(build(requestOf([user('x')], { thinking: 'high' }), {}, true).reasoning_effort, 'none');
  });

  it("gives a model's thoughts back where its server wants them, and to no other model", () => {
    const turn = [assistant(thought('Hm.'), thought('Not mine.', 'openai/other'), 'Well.', call('c1', 'a'))];
    const answer = (quirks: Partial<ChatQuirks>) =>
      (build(requestOf([...turn, user(result('c1', 'x'))]), quirks).messages as { [member: string]: unknown }[])[0];
    assert.equal(answer({ thoughts: 'reasoning_content' })?.reasoning_content, 'Hm.');
    assert.equal(answer({ thoughts: 'reasoning' })?.reasoning, 'Hm.');
    assert.ok(!JSON.stringify(answer({ thoughts: 'none' })).includes('Hm.'));
  });

  it('has the member for DeepSeek also where nothing is known of what was thought', () => {
    const request = requestOf([assistant(call('c1', 'a')), user(result('c1', 'x'))]);
    const [first] = build(request, quirksOf('deepseek')).messages as { [member: string]: unknown }[];
    assert.equal(first?.reasoning_content, '');
    const [other] = build(request, quirksOf('llamacpp')).messages as { [member: string]: unknown }[];
    assert.ok(other !== undefined && !('reasoning_content' in other));
  });

  it('leaves out what has no visible character, and messages of nothing else', () => {
    const request = requestOf([user('x'), assistant(' \n'), assistant(thought('Hm.')), user('  ', 'y')], {
      system: [{ type: 'text', text: '\n' }],
    });
    assert.deepEqual(build(request).messages, [
      { role: 'user', content: 'x' },
      { role: 'user', content: 'y' },
    ]);
  });

  it('sends calls whose arguments did not parse without any', () => {
    const invalid: ContentBlock = {
      ...{ type: 'tool_use', id: 'c1', name: 'a', input: {} },
      invalid: { raw: '{"x', reason: 'cut' },
    };
    const { messages } = build(requestOf([assistant(invalid)]));
    assert.match(JSON.stringify(messages), /"arguments":"\{\}"/);
  });

  it('bounds the answer in the member that the server knows, and asks for usage only where it may', () => {
    const body = build(requestOf([user('x')]), { maxTokens: 'max_tokens', streamUsage: false });
    assert.equal(body.max_tokens, 1024);
    assert.ok(!('max_completion_tokens' in body) && !('stream_options' in body));
  });

  it('is well-formed and equal for equal requests', () => {
    const request = requestOf([user('half \ud83d')]);
    assert.ok(JSON.stringify(build(request)).isWellFormed());
    assert.equal(JSON.stringify(build(request)), JSON.stringify(build(structuredClone(request))));
  });
});
