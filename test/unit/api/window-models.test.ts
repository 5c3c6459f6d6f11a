import assert from 'node:assert/strict';
import { WindowModels } from '../../../src/host/api/window-models.ts';
import { complete } from '../../../src/host/llm/complete.ts';
import type { CompletionRequest, LlmError } from '../../../src/host/llm/types.ts';
import { createVscodeClient } from '../../../src/host/llm/vscode/client.ts';
import { FakeWindow, offered, says } from '../../support/window-fake.ts';

const REQUEST: CompletionRequest = {
  model: 'copilot/gpt',
  system: [
    { type: 'text', text: 'You are careful.' },
    { type: 'text', text: '  ' },
  ],
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'Look.' }] },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', text: 'hm', model: 'anthropic/claude' },
        { type: 'tool_use', id: 'c1', name: 'read_file', input: { path: 'a' } },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', toolUseId: 'c1', content: 'gone', isError: true },
        { type: 'image', mediaType: 'image/png', data: 'AAAA' },
      ],
    },
  ],
  tools: [{ name: 'read_file', description: 'Reads.', inputSchema: { type: 'object' } }],
  maxTokens: 100,
};

describe('the models of windows', () => {
  const never = new AbortController().signal;
  const noSleep = async () => undefined;

  function setup(...windows: FakeWindow[]) {
    const models = new WindowModels();
    for (const window of windows) models.offer(window, [offered('copilot', 'gpt')]);
    const client = createVscodeClient({ ask: models.ask, sleep: noSleep, random: () => 0 });
    const ask = (request: Partial<CompletionRequest> = {}) => complete(client, { ...REQUEST, ...request }, never);
    return { models, ask };
  }

  async function failure(asking: Promise<{ kind: string } & ({ error: LlmError } | object)>): Promise<LlmError> {
    const end = await asking;
    assert.ok('error' in end, 'it was answered');
    return end.error;
  }

  it('are asked in the words of VS Code: no system, no thoughts', async () => {
    const window = new FakeWindow(says('It is ', 'gone.'));
    const end = await setup(window).ask();
    assert.equal(end.kind, 'done');
    const [question] = window.asked;
    assert.deepEqual(question?.messages, [
      { role: 'user', content: [{ type: 'text', text: 'You are careful.' }] },
      { role: 'user', content: [{ type: 'text', text: 'Look.' }] },
      { role: 'assistant', content: [{ type: 'tool_call', id: 'c1', name: 'read_file', input: { path: 'a' } }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', id: 'c1', text: 'gone', is_error: true },
          { type: 'image', media_type: 'image/png', data: 'AAAA' },
        ],
      },
    ]);
    assert.deepEqual(question?.tools, [{ name: 'read_file', description: 'Reads.', input_schema: { type: 'object' } }]);
    assert.equal(question?.must_call, false);
  });

  it('are given the one tool that has to be called, and none where none may be', async () => {
    const window = new FakeWindow();
    const { ask } = setup(window);
    const other = { name: 'other', description: '', inputSchema: {} };
    await ask({ tools: [...REQUEST.tools, other], toolChoice: { type: 'tool', name: 'other' } });
    await ask({ toolChoice: { type: 'none' } });
    assert.deepEqual(
      window.asked.map(({ tools, must_call }) => [tools.map(({ name }) => name), must_call]),
      [
        [['other'], true],
        [[], false],
      ],
    );
  });

  it('are found by id before family, and only where a person has allowed them', async () => {
    const window = new FakeWindow();
    const { models } = setup();
    models.offer(window, [
      offered('copilot', 'gpt-5-mini', { family: 'gpt-5' }),
      offered('copilot', 'gpt-5'),
      offered('other', 'secret', { allowed: false }),
    ]);
    await models.ask({ ...REQUEST, model: 'copilot/gpt-5' }, () => undefined, never);
    assert.equal(window.asked[0]?.model_id, 'gpt-5');
    assert.equal(models.has('other/secret'), false);
    assert.equal(models.has('copilot/gpt-6'), false);
    assert.deepEqual(
      models.list().map(({ id, allowed }) => [id, allowed]),
      [
        ['gpt-5-mini', true],
        ['gpt-5', true],
        ['secret', false],
      ],
    );
  });

  it('are what a window offered last, and gone with it', async () => {
    const window = new FakeWindow();
    const { models } = setup(window);
    assert.equal(models.has('copilot/gpt'), true);
    models.offer(window, [offered('copilot', 'other')]);
    assert.equal(models.has('copilot/gpt'), false);
    await window.close();
    assert.equal(models.has('copilot/other'), false);
    assert.equal(models.windowCount, 0);
  });

  it('are asked of another window where one goes away in the middle, and what it said does not count', async () => {
    const first = new FakeWindow((tell) => {
      tell({ type: 'text', text: 'Half a ' });
      return { kind: 'gone' };
    });
    const second = new FakeWindow(says('Whole.'));
    const end = await setup(first, second).ask();
    assert.deepEqual(end.kind === 'done' && end.response.content, [{ type: 'text', text: 'Whole.' }]);
    assert.deepEqual([first.asked.length, second.asked.length], [1, 1]);
  });

  it('are unavailable where the only window goes away, without another try', async () => {
    const window = new FakeWindow(async () => {
      await window.close();
      return { kind: 'gone' };
    });
    const error = await failure(setup(window).ask());
    assert.equal(error.kind, 'unavailable');
    assert.equal(window.asked.length, 1);
  });

  for (const reason of ['not_allowed', 'not_found'] as const) {
    it(`are not asked again of a window that said ${reason}, until it offers them anew`, async () => {
      const window = new FakeWindow(() => ({ kind: 'failed', reason, message: 'no' }));
      const { models, ask } = setup(window);
      assert.deepEqual(await failure(ask()), { kind: 'unavailable', message: 'no' });
      assert.equal((await failure(ask())).kind, 'unavailable');
      assert.equal(window.asked.length, 1);
      models.offer(window, [offered('copilot', 'gpt')]);
      assert.equal(models.has('copilot/gpt'), true);
    });
  }

  it('fail in the words of our own errors', async () => {
    const window = new FakeWindow();
    const { models } = setup(window);
    const ends = [
      [{ kind: 'failed', reason: 'blocked', message: 'quota' }, 'rate_limited'],
      [{ kind: 'failed', reason: 'failed', message: 'broken' }, 'http'],
      [{ kind: 'malformed' }, 'malformed'],
      [{ kind: 'too_long' }, 'context_exceeded'],
      [{ kind: 'cancelled' }, 'cancelled'],
    ] as const;
    for (const [end, kind] of ends) {
      window.answer = () => end;
      const got = await models.ask(REQUEST, () => undefined, never);
      assert.equal(got.kind === 'failed' && got.error.kind, kind);
    }
    window.answer = (tell) => {
      tell({ type: 'text', text: 'a' });
      return { kind: 'failed', reason: 'failed', message: 'broken' };
    };
    const got = await models.ask(REQUEST, () => undefined, never);
    assert.equal(got.kind === 'failed' && got.error.kind, 'stream_cut', 'once it has begun');
  });
});
