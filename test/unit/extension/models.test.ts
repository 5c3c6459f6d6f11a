import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { HostGone } from '../../../src/client/host-client.ts';
import { AllowedVendors } from '../../../src/extension/models/allowed-vendors.ts';
import { type AnswerOptions, answerWith, type ChatModel, partsOf } from '../../../src/extension/models/answer.ts';
import { modelChoices, vendorOf } from '../../../src/extension/models/model-choices.ts';
import { ModelOffers, offersOf } from '../../../src/extension/models/model-offers.ts';
import type { ListedModelView, ModelList, ProviderView } from '../../../src/protocol/models.ts';
import { type ModelPart, type ModelQuestion, PART_TEXT_MAX } from '../../../src/protocol/window-models.ts';
import { FakeConnection, FakeHost } from '../../support/vscode-fakes.ts';

const QUESTION: ModelQuestion = {
  id: '018bcfe5-6800-4000-8000-0123456789ab',
  vendor: 'copilot',
  model_id: 'gpt',
  messages: [],
  tools: [],
  must_call: false,
};
const never = new AbortController().signal;

async function* stream(...pieces: unknown[]): AsyncGenerator<unknown> {
  yield* pieces;
}

function chatModel(more: Partial<ChatModel> = {}): ChatModel {
  return {
    ...{ vendor: 'copilot', id: 'gpt', family: 'gpt', name: 'GPT', version: '1', maxInputTokens: 1000 },
    ask: async () => stream('Hello'),
    ...more,
  };
}

describe('an answer of this window', () => {
  /** Pieces are texts here; what is none is left out, as what a newer VS Code may send. */
  async function answer(options: Partial<AnswerOptions> = {}, signal = never) {
    const log: string[] = [];
    const parts: ModelPart[] = [];
    const answering = answerWith({
      find: async () => chatModel(),
      isAllowed: () => true,
      partOf: (piece) => (typeof piece === 'string' ? { type: 'text', text: piece } : undefined),
      log: (_level, message) => log.push(message),
      ...options,
    });
    const end = await answering(QUESTION, (part) => parts.push(part), signal);
    return { end, parts, log };
  }

  it('goes on in pieces as the model gives them, without those that nobody knows', async () => {
    const find = async () => chatModel({ ask: async () => stream('It ', { usage: 1 }, 'is.') });
    const { end, parts } = await answer({ find });
    assert.equal(end.kind, 'done');
    assert.deepEqual(parts, [
      { type: 'text', text: 'It ' },
      { type: 'text', text: 'is.' },
    ]);
  });

  it('is cut into what the protocol takes', async () => {
    const text = 'x'.repeat(PART_TEXT_MAX + 1);
    const { parts } = await answer({ find: async () => chatModel({ ask: async () => stream(text) }) });
    assert.equal(parts.length, 2);
    assert.equal(parts.map((part) => part.type === 'text' && part.text).join(''), text);
  });

  it('is not asked of a model that nobody has allowed, whatever the host wants', async () => {
    let found = 0;
    const find = async () => {
      found += 1;
      return chatModel();
    };
    const { end } = await answer({ find, isAllowed: () => false });
    assert.equal(end.kind === 'failed' && end.reason, 'not_allowed');
    assert.equal(found, 0);
  });

  it('fails in the words of the protocol', async () => {
    const coded = (code: string) => Object.assign(new Error(`because of ${code}`), { code });
    const reasons = [
      [coded('NoPermissions'), 'not_allowed'],
      [coded('NotFound'), 'not_found'],
      [coded('Blocked'), 'blocked'],
      [coded('Unknown'), 'failed'],
      [coded('toString'), 'failed'],
      [new Error('x'.repeat(5000)), 'failed'],
      ['just text', 'failed'],
    ] as const;
    for (const [error, reason] of reasons) {
      const ask = async () => {
        throw error;
      };
      const { end, log } = await answer({ find: async () => chatModel({ ask }) });
      assert.ok(end.kind === 'failed');
      assert.equal(end.reason, reason);
      assert.ok(end.message.length > 0 && end.message.length <= 2000);
      assert.equal(log.length, 1);
    }
    const gone = await answer({ find: async () => undefined });
    assert.equal(gone.end.kind === 'failed' && gone.end.reason, 'not_found');
  });

  it('fails too where the stream breaks after it began', async () => {
    const broken = async function* () {
      yield 'half';
      throw new Error('broken');
    };
    const { end, parts } = await answer({ find: async () => chatModel({ ask: async () => broken() }) });
    assert.equal(end.kind, 'failed');
    assert.equal(parts.length, 1);
  });

  it('ends when nobody wants it any more', async () => {
    const stop = new AbortController();
    const endless = async function* () {
      for (;;) {
        stop.abort();
        yield 'on';
      }
    };
    const { parts } = await answer({ find: async () => chatModel({ ask: async () => endless() }) }, stop.signal);
    assert.deepEqual(parts, []);
  });

  it('is asked for with our blocks as parts of VS Code, an error said in words', () => {
    const made = partsOf<unknown[]>(
      [
        { type: 'text', text: 'a' },
        { type: 'tool_call', id: 'c', name: 'read_file', input: { path: 'x' } },
        { type: 'tool_result', id: 'c', text: 'gone', is_error: true },
        { type: 'tool_result', id: 'd', text: 'there', is_error: false },
        { type: 'image', media_type: 'image/png', data: 'AQID' },
      ],
      {
        text: (text) => ['text', text],
        call: (...args) => ['call', ...args],
        result: (...args) => ['result', ...args],
        image: (data, type) => ['image', [...data], type],
      },
    );
    assert.deepEqual(made, [
      ['text', 'a'],
      ['call', 'c', 'read_file', { path: 'x' }],
      ['result', 'c', 'The call failed.\ngone'],
      ['result', 'd', 'there'],
      ['image', [1, 2, 3], 'image/png'],
    ]);
  });
});

class FakeMemory {
  readonly values = new Map<string, unknown>();
  get(name: string): unknown {
    return this.values.get(name);
  }
  async update(name: string, value: unknown): Promise<void> {
    this.values.set(name, value);
  }
}

describe('whose models may be used', () => {
  it('is remembered by vendor, and can be taken back', async () => {
    const memory = new FakeMemory();
    const allowed = new AllowedVendors(memory);
    assert.equal(allowed.has('copilot'), false);
    await allowed.allow('copilot');
    await allowed.allow('copilot');
    await allowed.allow('other');
    assert.deepEqual([...memory.values.values()], [['copilot', 'other']]);
    await allowed.forbid('copilot');
    assert.deepEqual([allowed.has('copilot'), new AllowedVendors(memory).has('other')], [false, true]);
  });

  it('is nobody where what is remembered is no list', () => {
    const memory = new FakeMemory();
    for (const value of ['copilot', { copilot: true }, [1]]) {
      memory.values.set('animus.allowedVendors', value);
      assert.equal(new AllowedVendors(memory).has('copilot'), false);
    }
  });
});

describe('what this window offers', () => {
  it('is what the protocol takes of its models', () => {
    const models = [
      chatModel(),
      chatModel({ id: 'blank', name: '  ', maxInputTokens: Number.NaN }),
      chatModel({ vendor: 'a/b' }),
      chatModel({ id: '' }),
      chatModel({ id: 'evil', name: 'a\u202eb' }),
    ];
    const offers = offersOf(models, (vendor) => vendor === 'copilot');
    assert.deepEqual(
      offers.map(({ id, label, max_input_tokens, allowed }) => [id, label, max_input_tokens, allowed]),
      [
        ['gpt', 'GPT', 1000, true],
        ['blank', 'blank', null, true],
      ],
    );
    assert.equal(
      offersOf(
        Array.from({ length: 500 }, () => chatModel()),
        () => false,
      ).length,
      200,
    );
  });

  function setup() {
    const host = new FakeHost({ 'model/offer': () => ({}) });
    const fake = new FakeConnection(host);
    const log: string[] = [];
    const models = [chatModel()];
    const offers = new ModelOffers({
      connection: fake.connection,
      list: async () => models,
      allowed: new AllowedVendors(new FakeMemory()),
      pid: 4711,
      log: (_level, message) => log.push(message),
    });
    const offered = async (count: number) => {
      for (let tries = 0; host.askedFor('model/offer').length < count && tries < 200; tries += 1) await sleep(5);
      return host.askedFor('model/offer') as { pid: number; models: { id: string; allowed: boolean }[] }[];
    };
    return { host, fake, log, models, offers, offered };
  }

  it('is told to each new host, and again when it changes', async () => {
    const { host, fake, models, offers, offered } = setup();
    fake.become({ kind: 'starting', message: '' });
    fake.become({ kind: 'ready', client: host.client });
    const [first] = await offered(1);
    assert.equal(first?.pid, 4711);
    assert.deepEqual(
      first?.models.map(({ id, allowed }) => [id, allowed]),
      [['gpt', false]],
    );
    models.push(chatModel({ id: 'new' }));
    offers.changed();
    offers.changed();
    assert.equal((await offered(2))[1]?.models.length, 2);
    fake.become({ kind: 'down', message: '' });
    offers.changed();
    await sleep(100);
    assert.equal((await offered(2)).length, 2, 'nobody is there to be told');
    offers.dispose();
  });

  it('is in the log where the host ended or refused it, and nobody is disturbed', async () => {
    const { host, log, offers } = setup();
    host.answers['model/offer'] = () => {
      throw new HostGone('gone');
    };
    offers.changed();
    for (let tries = 0; log.length === 0 && tries < 200; tries += 1) await sleep(5);
    assert.match(log[0] ?? '', /were not offered.*gone/);
    await assert.rejects(offers.offer(), /gone/, 'but who asked for it is told');
    offers.dispose();
  });
});

describe('the choice of a model', () => {
  const model = (name: string, more: Partial<ListedModelView> = {}): ListedModelView => {
    return { name, label: null, context_tokens: null, price: null, is_default: false, usable: true, ...more };
  };
  const provider = (name: string, title: string, more: Partial<ProviderView> = {}): ProviderView => {
    const facts = { kind: 'cloud' as const, credential: null, address: null, missing: null };
    return { name, title, ...facts, models: [], more: false, ...more };
  };
  const keyless = (credential: string) => ({
    credential,
    missing: { kind: 'key' as const, message: 'There is no key.', next: 'Set it.', command: null },
  });
  const LIST: ModelList = {
    default_model: 'anthropic/claude',
    providers: [
      provider('anthropic', 'Anthropic', {
        ...keyless('anthropic'),
        models: [model('anthropic/claude', { usable: false, is_default: true })],
      }),
      provider('openai', 'OpenAI', keyless('openai')),
      provider('openai-responses', 'OpenAI (Responses)', keyless('openai')),
      provider('scripted', 'A script', { kind: 'script', models: [model('scripted/demo')] }),
      provider('ollama', 'Ollama', {
        kind: 'local',
        models: [model('ollama/llama4:8b', { context_tokens: 128_000, label: 'Llama' })],
      }),
      provider('vllm', 'vLLM', {
        missing: { kind: 'server', message: 'Nothing answers.', next: 'Start it.', command: 'vllm serve MODEL' },
      }),
      provider('vscode', 'VS Code', {
        kind: 'vscode',
        models: [model('vscode/copilot/gpt', { usable: false }), model('vscode/tests/plain')],
      }),
    ],
  };
  const rows = (current: string | null) =>
    modelChoices(LIST, current).map((choice) =>
      choice.kind === 'group' ? `-- ${choice.label}` : `${choice.label}: ${choice.description}`,
    );

  it('shows what is there by provider, models before a script, then what is missing, each key once', () => {
    assert.deepEqual(rows(null), [
      'As the Faculty Says: else anthropic/claude, which needs a key',
      '-- Ollama',
      'llama4:8b: Llama · 128k context',
      '-- VS Code',
      'copilot/gpt: asks you first',
      'tests/plain: ',
      '-- A script',
      'demo: ',
      '-- what is missing for the others',
      'Anthropic: needs a key',
      'OpenAI: needs a key',
      'vLLM: Nothing answers',
    ]);
  });

  it('marks the one that is chosen, also where nobody lists it', () => {
    const current = (name: string | null) =>
      modelChoices(LIST, name).flatMap((choice) => ('isCurrent' in choice && choice.isCurrent ? [choice.label] : []));
    assert.deepEqual(current(null), ['As the Faculty Says']);
    assert.deepEqual(current('ollama/llama4:8b'), ['llama4:8b']);
    assert.deepEqual(current('mine/x'), ['mine/x']);
  });

  it('tells the vendor of a model of VS Code', () => {
    assert.equal(vendorOf('vscode/copilot/gpt/5'), 'copilot');
    assert.equal(vendorOf('vscode/copilot'), undefined);
    assert.equal(vendorOf('openai/vscode/x'), undefined);
  });
});
