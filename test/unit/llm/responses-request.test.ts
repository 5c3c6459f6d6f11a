import assert from 'node:assert/strict';
import { buildResponsesBody } from '../../../src/host/llm/openai/responses-request.ts';
import type { CompletionRequest, ContentBlock, JsonValue } from '../../../src/host/llm/types.ts';
import { assistant, call, requestOf, result, user } from './requests.ts';

const MODEL = 'openai-responses/model-of-the-test';

const build = (request: CompletionRequest, withThoughts = true, withSummary = true) =>
  buildResponsesBody(request, { modelName: MODEL, withThoughts, withSummary });

const ITEM = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'xyz' };
const thought = (opaque?: JsonValue, model = MODEL): ContentBlock => ({
  ...{ type: 'thinking', text: 'Hm.', model },
  ...(opaque === undefined ? {} : { opaque }),
});
const FUNCTION_CALL = { type: 'function_call', call_id: 'c1', name: 'a', arguments: '{}' };

describe('the body of a Responses call', () => {
  it('holds the conversation, the tools and the bounds, and leaves nothing with the provider', () => {
    const image: ContentBlock = { type: 'image', mediaType: 'image/png', data: 'aGk=' };
    const request = requestOf(
      [
        user('Where is it?', image),
        assistant('I look.', call('c1', 'read_file', { path: 'a' })),
        user('Hurry.', result('c1', 'here')),
      ],
      {
        system: [{ type: 'text', text: 'Be brief.' }],
        tools: [{ name: 'read_file', description: 'Reads.', inputSchema: { type: 'object' } }],
        toolChoice: { type: 'tool', name: 'read_file' },
        temperature: 0.5,
        thinking: 'low',
      },
    );
    assert.deepEqual(build(request), {
      model: 'model-of-the-test',
      stream: true,
      store: false,
      include: ['reasoning.encrypted_content'],
      max_output_tokens: 1024,
      instructions: 'Be brief.',
      input: [
        {
          type: 'message',
          role: 'user',
          content: [
            { type: 'input_text', text: 'Where is it?' },
            { type: 'input_image', image_url: 'data:image/png;base64,aGk=', detail: 'auto' },
          ],
        },
        { type: 'message', role: 'assistant', content: 'I look.' },
        { type: 'function_call', call_id: 'c1', name: 'read_file', arguments: '{"path":"a"}' },
        { type: 'function_call_output', call_id: 'c1', output: 'here' },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hurry.' }] },
      ],
      tools: [
        { type: 'function', name: 'read_file', description: 'Reads.', parameters: { type: 'object' }, strict: false },
      ],
      tool_choice: { type: 'function', name: 'read_file' },
      temperature: 0.5,
      reasoning: { effort: 'low', summary: 'auto' },
    });
  });

  it('gives what was thought back as it came, in its place, and to no other model', () => {
    const inputOf = (...content: (string | ContentBlock)[]) => build(requestOf([assistant(...content)])).input;
    assert.deepEqual(inputOf(thought(ITEM), call('c1', 'a')), [ITEM, FUNCTION_CALL]);
    assert.deepEqual(inputOf(thought(ITEM, 'openai-responses/other'), call('c1', 'a')), [FUNCTION_CALL]);
    assert.deepEqual(inputOf(thought(undefined), call('c1', 'a')), [FUNCTION_CALL], 'without what only they can read');
  });

  it('keeps back what was thought where nothing came of it, as the API refuses that', () => {
    const request = requestOf([assistant(thought(ITEM), ' '), user('Go on.')]);
    assert.deepEqual(build(request).input, [
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Go on.' }] },
    ]);
  });

  it('asks for thinking, and for its summary where there is one', () => {
    const ask = (thinking: CompletionRequest['thinking'], withSummary = true) =>
      build(requestOf([user('x')], thinking === undefined ? {} : { thinking }), true, withSummary).reasoning;
    assert.equal(ask(undefined), undefined);
    assert.deepEqual(ask('off'), { effort: 'none' });
    assert.deepEqual(ask('high'), { effort: 'high', summary: 'auto' });
    assert.deepEqual(ask('high', false), { effort: 'high' });
    assert.ok(!('include' in build(requestOf([user('x')]), false)));
  });

  it('has no choice among no tools', () => {
    const body = build(requestOf([user('x')], { toolChoice: { type: 'any' } }));
    assert.ok(!('tools' in body) && !('tool_choice' in body));
  });
});
