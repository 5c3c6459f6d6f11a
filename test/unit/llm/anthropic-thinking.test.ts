import assert from 'node:assert/strict';
import { isUnprovenThinking } from '../../../src/host/llm/anthropic/errors.ts';
import { buildCountBody, buildRequestBody } from '../../../src/host/llm/anthropic/request.ts';
import { changeBlocks } from '../../../src/host/llm/thinking.ts';
import type {
  CompletionRequest,
  ContentBlock,
  JsonValue,
  Thinking,
  ThinkingBlock,
} from '../../../src/host/llm/types.ts';
import { assistant, call, requestOf, result, user } from './requests.ts';

type Asked = { thinking?: JsonValue; output_config?: JsonValue; max_tokens: number };

const TASK = user('Go.');

function bodyOf(model: string, thinking: Thinking | undefined, rest: Partial<CompletionRequest> = {}) {
  return buildRequestBody(requestOf([TASK], { model, ...(thinking ? { thinking } : {}), ...rest }), 'anthropic');
}

function asked(model: string, thinking: Thinking | undefined): Asked {
  const { thinking: config, output_config, max_tokens } = bodyOf(model, thinking);
  return {
    ...(config === undefined ? {} : { thinking: config }),
    ...(output_config === undefined ? {} : { output_config }),
    max_tokens: Number(max_tokens),
  };
}

const thought = (text: string, model: string, signature = 's'): ThinkingBlock => ({
  ...{ type: 'thinking', text, model: `anthropic/${model}`, opaque: { signature } },
});

describe('how much Anthropic is asked to think', () => {
  const budget = (budget_tokens: number) => ({
    thinking: { type: 'enabled', budget_tokens },
    max_tokens: 1024 + budget_tokens,
  });
  const effort = (level: string, tokens: number) => ({
    ...{ thinking: { type: 'adaptive' }, output_config: { effort: level }, max_tokens: 1024 + tokens },
  });
  const off = (type: string) => ({ thinking: { type }, max_tokens: 1024 });
  const rows: { model: string; thinking: Thinking | undefined; expected: Asked }[] = [
    { model: 'claude-sonnet-5-5', thinking: undefined, expected: { max_tokens: 1024 } },
    { model: 'claude-haiku-4-5-20251001', thinking: 'low', expected: budget(2048) },
    { model: 'claude-opus-4-5', thinking: 'medium', expected: budget(8192) },
    { model: 'claude-3-7-sonnet-20250219', thinking: 'high', expected: budget(16_384) },
    { model: 'claude-sonnet-4-20250514', thinking: 'high', expected: budget(16_384) },
    { model: 'a-model-behind-a-proxy', thinking: 'low', expected: budget(2048) },
    { model: 'claude-sonnet-4-6', thinking: 'low', expected: effort('low', 2048) },
    { model: 'claude-opus-4-8', thinking: 'medium', expected: effort('medium', 8192) },
    { model: 'claude-sonnet-5-5', thinking: 'high', expected: effort('high', 16_384) },
    { model: 'claude-haiku-5-5-20261001', thinking: 'low', expected: effort('low', 2048) },
    { model: 'claude-mythos-preview', thinking: 'high', expected: effort('high', 16_384) },
    { model: 'claude-opus-4-10', thinking: 'low', expected: effort('low', 2048) },
    { model: 'claude-opus-4-1-20250805', thinking: 'low', expected: budget(2048) },
    { model: 'claude-opus-7', thinking: 'high', expected: effort('high', 16_384) },
    { model: 'claude-haiku-4-5', thinking: 'off', expected: { max_tokens: 1024 } },
    { model: 'claude-opus-4-6', thinking: 'off', expected: off('disabled') },
    { model: 'claude-sonnet-5-5', thinking: 'off', expected: off('between_tools') },
    { model: 'claude-haiku-5-5', thinking: 'off', expected: off('disabled') },
    { model: 'claude-opus-5-5', thinking: 'off', expected: { output_config: { effort: 'low' }, max_tokens: 1024 } },
    { model: 'claude-fable-5-1', thinking: 'off', expected: { output_config: { effort: 'low' }, max_tokens: 1024 } },
  ];
  for (const { model, thinking, expected } of rows) {
    it(`[llm-1] ${model} is asked for ${thinking ?? 'nothing'}`, () => {
      assert.deepEqual(asked(model, thinking), expected);
    });
  }

  it('[llm-1] sends a temperature only where nothing is thought', () => {
    assert.equal(bodyOf('claude-haiku-4-5', 'low', { temperature: 0.2 }).temperature, undefined);
    assert.equal(bodyOf('claude-haiku-4-5', 'off', { temperature: 0.2 }).temperature, 0.2);
    assert.equal(bodyOf('claude-haiku-4-5', undefined).temperature, undefined);
  });

  it('[llm-1] counts what shapes the prompt, and no answer', () => {
    const request = requestOf([TASK], { model: 'claude-haiku-4-5', thinking: 'low', temperature: 1, maxTokens: 9 });
    assert.deepEqual(Object.keys(buildCountBody(request, 'anthropic')), ['model', 'thinking', 'messages']);
  });
});

describe('thinking on its way back to Anthropic', () => {
  const model = 'claude-haiku-4-5';
  const loop = (...first: ContentBlock[]) => [TASK, assistant(...first, call('c1', 'ask')), user(result('c1', 'yes'))];
  const contents = (messages: CompletionRequest['messages'], rest: Partial<CompletionRequest> = {}) =>
    (
      buildRequestBody(requestOf(messages, { model, thinking: 'low', ...rest }), 'anthropic').messages as {
        content: JsonValue;
      }[]
    ).map(({ content }) => content);

  it('[llm-1] goes unmodified, in order, with its signature', () => {
    const hidden: ThinkingBlock = {
      type: 'thinking',
      text: '',
      model: `anthropic/${model}`,
      opaque: { redacted: 'xyz' },
    };
    const [, answer] = contents(loop(thought('First.', model, 'one'), hidden, thought('', model, 'two')));
    assert.deepEqual(answer, [
      { type: 'thinking', thinking: 'First.', signature: 'one' },
      { type: 'redacted_thinking', data: 'xyz' },
      { type: 'thinking', thinking: '', signature: 'two' },
      { type: 'tool_use', id: 'c1', name: 'ask', input: {} },
    ]);
  });

  const lost: { name: string; block: ThinkingBlock }[] = [
    { name: "another model's", block: thought('Mine.', 'claude-opus-4-5') },
    { name: "another provider's of the same name", block: { ...thought('', model), model: `openai/${model}` } },
    { name: 'thinking that was changed', block: { type: 'thinking', text: 'x', model: `anthropic/${model}` } },
    { name: 'what is no signature', block: { ...thought('x', model), opaque: { signature: 7 } } },
  ];
  for (const { name, block } of lost) {
    it(`[llm-1] leaves out ${name}, and lets no turn that began so think by a budget`, () => {
      const body = buildRequestBody(requestOf(loop(block), { model, thinking: 'low' }), 'anthropic');
      assert.ok(!JSON.stringify(body).includes('thinking'), JSON.stringify(body));
      assert.equal(body.max_tokens, 1024);
      const adaptive = buildRequestBody(
        requestOf(loop(block), { model: 'claude-sonnet-5', thinking: 'low' }),
        'anthropic',
      );
      assert.deepEqual(adaptive.thinking, { type: 'adaptive' });
    });
  }

  it('[llm-1] keeps thinking in a turn that began so, though not every answer of it did', () => {
    const messages = [
      ...loop(thought('Hm.', model)),
      assistant(call('c2', 'ask')),
      user(result('c2', 'no'), 'A remark.'),
    ];
    const body = buildRequestBody(requestOf(messages, { model, thinking: 'low' }), 'anthropic');
    assert.deepEqual(body.thinking, { type: 'enabled', budget_tokens: 2048 });
  });

  it('[llm-1] begins to think with the next turn', () => {
    const messages = [...loop(thought('Mine.', 'claude-opus-4-5')), assistant('Done.'), user('And now?')];
    const body = buildRequestBody(requestOf(messages, { model, thinking: 'low' }), 'anthropic');
    assert.deepEqual(body.thinking, { type: 'enabled', budget_tokens: 2048 });
  });

  it('[llm-1] does not end an answer, and is none by itself', () => {
    const cut = contents([TASK, assistant('Begun.', thought('And', model)), user('Go on.')]);
    assert.deepEqual(cut[1], [{ type: 'text', text: 'Begun.' }]);
    assert.equal(contents([TASK, assistant(thought('And', model)), user('Go on.')]).length, 2);
  });

  it('[llm-1] carries no cache breakpoint', () => {
    const body = JSON.stringify(contents([TASK, assistant('So', thought('Hm.', model))]));
    assert.ok(body.includes('"text":"So","cache_control"'), body);
  });
});

describe('a refusal of thinking', () => {
  const rows: { message: string; status?: number; isOne: boolean }[] = [
    { message: 'messages.1.content.0: Invalid `signature` in `thinking` block', isOne: true },
    {
      message:
        'messages.3: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified.',
      isOne: true,
    },
    {
      message: 'messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`.',
      isOne: true,
    },
    { message: '"thinking.type.disabled" is not supported for this model.', isOne: false },
    { message: '`max_tokens` must be greater than `thinking.budget_tokens`', isOne: false },
    { message: 'Invalid `signature` in `thinking` block', status: 500, isOne: false },
  ];
  for (const { message, status = 400, isOne } of rows) {
    it(`is ${isOne ? '' : 'not '}told from ${status}: ${message}`, () => {
      assert.equal(isUnprovenThinking({ kind: 'api', status, type: 'invalid_request_error', message }), isOne);
    });
  }
});

describe('a change to thinking', () => {
  it('takes what proves it away, and leaves all else as it is', () => {
    const blocks: ContentBlock[] = [thought('Nothing.', 'm'), thought('The word is secret.', 'm'), call('c', 'secret')];
    assert.deepEqual(
      changeBlocks(blocks, (text) => text.replaceAll('secret', '…')),
      [blocks[0], { type: 'thinking', text: 'The word is ….', model: 'anthropic/m' }, call('c', '…')],
    );
    const later: ContentBlock[] = [{ type: 'text', text: 'secret' }, thought('Nothing.', 'm')];
    assert.deepEqual(
      changeBlocks(later, (text) => text.replaceAll('secret', '…'))[1],
      { type: 'thinking', text: 'Nothing.', model: 'anthropic/m' },
      'what comes after a change is no longer what its model thought there',
    );
    const unparsed = { ...call('c', 'ask'), invalid: { raw: '{', reason: 'cut' } } as ContentBlock;
    assert.deepEqual(changeBlocks([unparsed, thought('So.', 'm')], (text) => text)[1], {
      ...{ type: 'thinking', text: 'So.', model: 'anthropic/m' },
    });
    const signed = [thought('Open.', 'm', 'a secret')];
    assert.deepEqual(
      changeBlocks(signed, (text) => text.replaceAll('secret', '…')),
      [{ type: 'thinking', text: 'Open.', model: 'anthropic/m' }],
    );
  });
});
