import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CallOptions, callWith } from '../../../src/extension/tools/call.ts';
import { ownToolsOf } from '../../../src/extension/tools/own-tools.ts';
import { type ResultPart, resultText } from '../../../src/extension/tools/result-text.ts';
import { type RegisteredTool, ToolOffers, toolOffersOf } from '../../../src/extension/tools/tool-offers.ts';
import { MOST_OFFERED_TOOLS, TOOL_TEXT_MAX, toolOfferParams } from '../../../src/protocol/window-tools.ts';
import { FakeConnection, FakeHost } from '../../support/vscode-fakes.ts';

const never = new AbortController().signal;

const registered = (name: string, more: Partial<RegisteredTool> = {}): RegisteredTool => {
  return { name, description: `Does ${name}.`, inputSchema: { type: 'object' }, tags: [], ...more };
};

describe('the result of a tool of VS Code', () => {
  const data = (mediaType: string, text: string): ResultPart => {
    return { kind: 'data', mediaType, data: new TextEncoder().encode(text) };
  };
  const leaf = (text: unknown, lineBreakBefore = false) => ({ type: 2, text, lineBreakBefore });
  const piece = (...children: unknown[]) => ({ type: 1, ctor: 2, children });

  it('is one text, of texts, readable data and what was rendered for a prompt', () => {
    const tree = { node: piece(leaf('a'), piece(leaf('b', true), { type: 1, ctor: 3 }), leaf('c')) };
    const text = resultText([
      { kind: 'text', text: 'first' },
      { kind: 'prompt', value: tree },
      data('application/json; charset=utf-8', '{"a":1}'),
      data('application/vnd.x+json', '[]'),
      data('text/markdown', '# é'),
      data('image/png', 'abc'),
      { kind: 'unknown' },
    ]);
    assert.deepEqual(text.split('\n'), [
      ...['first', 'a', 'b[an image: not shown]c', '{"a":1}', '[]', '# é'],
      ...['[image/png, 3 bytes: not shown]', '[a part of a kind that Animus does not know: not shown]'],
    ]);
  });

  it('is text that can be stored and sent, whatever an extension gives', () => {
    assert.equal(resultText([]), 'The tool gave no result.');
    assert.equal(resultText([{ kind: 'text', text: ' ' }]), 'The tool gave no result.');
    assert.equal(resultText([{ kind: 'text', text: 'a\0b\ud800' }]), 'a\ufffdb\ufffd');
    const odd = [undefined, null, 7, 'text', [], { node: 7 }, { node: leaf(7) }, { node: { children: 'no' } }];
    for (const value of odd) assert.equal(resultText([{ kind: 'prompt', value }]), 'The tool gave no result.');
    let deep: unknown = leaf('bottom');
    for (let level = 0; level < 100_000; level += 1) deep = piece(deep);
    assert.equal(resultText([{ kind: 'prompt', value: { node: deep } }]), 'The tool gave no result.');
  });

  it('is cut where it is longer than the protocol takes, and says by how much', () => {
    const long = `${'x'.repeat(TOOL_TEXT_MAX - 101)}😀${'y'.repeat(1000)}`;
    const text = resultText([{ kind: 'text', text: long }]);
    assert.ok(text.length <= TOOL_TEXT_MAX && text.isWellFormed());
    assert.match(text, /x\ufffd\n\[cut: 1001 more characters\]$/);
  });
});

describe('a call of a tool in this window', () => {
  async function call(options: Partial<CallOptions>, signal = never) {
    const log: string[] = [];
    const run = callWith({
      isOffered: () => true,
      invoke: async () => [{ kind: 'text', text: 'found' }],
      isCancellation: () => false,
      log: (level, message) => log.push(`${level}: ${message}`),
      ...options,
    });
    const end = await run({ id: '018bcfe5-6800-4000-8000-0123456789ab', name: 'search', input: { a: 1 } }, signal);
    return { end, log };
  }

  it('hands its arguments on, and gives the result', async () => {
    const invoked: unknown[] = [];
    const { end } = await call({
      invoke: async (...args) => {
        invoked.push(...args);
        return [{ kind: 'text', text: 'found' }];
      },
    });
    assert.deepEqual(end, { kind: 'done', text: 'found' });
    assert.deepEqual(invoked, ['search', { a: 1 }, never]);
  });

  it('is refused for a tool that was not offered, whatever the host wants', async () => {
    const invoke = () => assert.fail('it was called');
    const { end } = await call({ isOffered: (name) => name !== 'search', invoke });
    assert.equal(end.kind === 'failed' && end.reason, 'not_offered');
  });

  it('fails with what the extension throws, and apart from that where somebody said no', async () => {
    const thrown: [unknown, boolean, string][] = [
      [new Error('broken'), false, 'failed'],
      [new Error('Canceled'), true, 'declined'],
      ['x'.repeat(5000), false, 'failed'],
      [new Error(''), false, 'failed'],
    ];
    for (const [error, isCancellation, reason] of thrown) {
      const invoke = async () => {
        throw error;
      };
      const { end, log } = await call({ invoke, isCancellation: () => isCancellation });
      assert.ok(end.kind === 'failed');
      assert.equal(end.reason, reason);
      assert.ok(end.message.length > 0 && end.message.length <= 2000);
      assert.equal(log.filter((line) => line.startsWith('warn')).length, 1);
    }
  });
});

describe('the tools that this window offers', () => {
  it('are what the protocol takes of them; the rest is named with the reason', () => {
    const { tools, leftOut } = toolOffersOf([
      registered('plain', { tags: ['files', '', 'x'.repeat(101), 'a\u202eb'] }),
      registered('bare', { inputSchema: undefined, description: 'x'.repeat(20_000) }),
      registered('untyped', { inputSchema: { properties: {} } }),
      registered('list', { inputSchema: { type: 'array' } }),
      registered('huge', { inputSchema: { type: 'object', description: 'x'.repeat(100_001) } }),
      registered('evil\u001b[2J'),
      registered(''),
    ]);
    assert.deepEqual(
      tools.map(({ name, description, input_schema, tags }) => [name, description.length, input_schema, tags]),
      [
        ['plain', 11, { type: 'object' }, ['files']],
        ['bare', 10_000, { type: 'object' }, []],
        ['untyped', 13, { type: 'object', properties: {} }, []],
      ],
    );
    assert.deepEqual(
      leftOut.map((line) => line.split(' (')[0]),
      ['"list"', '"huge"', '"evil\\u001b[2J"', '""'],
    );
  });

  it('are not our own, by our package.json or by what our tools are named', () => {
    const isOwn = ownToolsOf({ contributes: { languageModelTools: [{ name: 'submit_work', displayName: 'Submit' }] } });
    const names = ['submit_work', 'animus_search', 'mcp_animus_submit', 'search', 'not_animus_search'];
    assert.deepEqual(names.filter(isOwn), ['submit_work', 'animus_search', 'mcp_animus_submit']);
    for (const odd of [undefined, {}, { contributes: {} }, { contributes: { languageModelTools: [7] } }]) {
      assert.deepEqual(names.filter(ownToolsOf(odd)), ['animus_search', 'mcp_animus_submit']);
    }
  });

  it('are as many as fit, and the host takes them', () => {
    const many = toolOffersOf(Array.from({ length: MOST_OFFERED_TOOLS + 2 }, (_, n) => registered(`t${n}`)));
    assert.deepEqual([many.tools.length, many.leftOut.length], [MOST_OFFERED_TOOLS, 2]);
    const large = { type: 'object', description: 'x'.repeat(90_000) };
    const { tools, leftOut } = toolOffersOf(
      Array.from({ length: 30 }, (_, n) => registered(`t${n}`, { inputSchema: large })),
    );
    assert.equal(tools.length + leftOut.length, 30);
    assert.ok(tools.length > 20 && leftOut.length > 0);
    for (const offer of [many.tools, tools]) assert.ok(toolOfferParams.safeParse({ pid: 4711, tools: offer }).success);
  });

  const nested = (levels: number) => {
    let schema: object = { type: 'object' };
    for (let level = 1; level < levels; level += 1) schema = { type: 'object', x: schema };
    return schema;
  };

  it('are without those whose schemas are too deep, at any depth', () => {
    const levels = [64, 65, 10_000];
    const { tools, leftOut } = toolOffersOf(levels.map((n) => registered(`t${n}`, { inputSchema: nested(n) })));
    assert.deepEqual(
      tools.map(({ name }) => name),
      ['t64'],
    );
    assert.deepEqual(leftOut, ['"t65" (input_schema: expected at most 64 levels)', leftOut[1]]);
    assert.match(leftOut[1] ?? '', /^"t10000" /);
    const offer = { name: 'a', description: '', input_schema: nested(10_000), tags: [] };
    assert.equal(toolOfferParams.safeParse({ pid: 4711, tools: [offer] }).success, false);
  });

  function setup() {
    const host = new FakeHost({ 'tool/offer': () => ({}) });
    const fake = new FakeConnection(host);
    const log: string[] = [];
    const tools = [registered('one'), registered('own')];
    const offers = new ToolOffers({
      connection: fake.connection,
      list: () => tools,
      isOwn: (name) => name === 'own',
      pid: 4711,
      log: (level, message) => log.push(`${level}: ${message}`),
    });
    const told = () => (host.askedFor('tool/offer') as { pid: number; tools: { name: string }[] }[]).map(namesOf);
    const offered = async (count: number) => {
      for (let tries = 0; told().length < count && tries < 200; tries += 1) await sleep(5);
      return told();
    };
    return { host, fake, log, tools, offers, told, offered };
  }

  const namesOf = ({ tools }: { tools: { name: string }[] }) => tools.map(({ name }) => name);

  it('are told before the connection counts as ready, without our own, and again only when they change', async () => {
    const { host, fake, log, tools, offers, told, offered } = setup();
    await offers.greet(host.client);
    assert.deepEqual(told(), [['one']]);
    assert.deepEqual([offers.isOffered('one'), offers.isOffered('own')], [true, false]);
    fake.become({ kind: 'ready', client: host.client });
    offers.changed();
    await sleep(150);
    assert.equal(told().length, 1, 'it knows them already');
    tools.push(registered('two'));
    offers.changed();
    offers.changed();
    assert.deepEqual((await offered(2))[1], ['one', 'two']);
    assert.match(log.at(-1) ?? '', /info: Faculties may name these tools: vscode__one, vscode__two\./);
    tools.shift();
    offers.changed();
    assert.deepEqual((await offered(3))[2], ['two']);
    assert.equal(offers.isOffered('one'), false);
    offers.dispose();
  });

  it('are told also where one of them is too deep, which the log names once', async () => {
    const { host, fake, log, tools, offers, told } = setup();
    tools.push(registered('deep', { inputSchema: nested(10_000) }));
    await offers.greet(host.client);
    fake.become({ kind: 'ready', client: host.client });
    offers.changed();
    await sleep(150);
    assert.deepEqual(told(), [['one']]);
    assert.equal(log.filter((line) => /^warn: .*"deep" \(input_schema: /.test(line)).length, 1);
    offers.dispose();
  });

  it('are told to each new host', async () => {
    const { host, fake, offers, offered } = setup();
    await offers.greet(host.client);
    const next = new FakeHost({ 'tool/offer': () => ({}) });
    fake.become({ kind: 'down', message: '' });
    offers.changed();
    await sleep(100);
    assert.equal((await offered(1)).length, 1, 'nobody is there to be told');
    fake.become({ kind: 'ready', client: next.client });
    for (let tries = 0; next.asked.length === 0 && tries < 200; tries += 1) await sleep(5);
    assert.equal(next.askedFor('tool/offer').length, 1);
    offers.dispose();
  });

  it('are tried again where the host refused them, which the log has once, and the host is had all the same', async () => {
    const { host, log, offers, offered } = setup();
    const answer = host.answers['tool/offer'];
    host.answers['tool/offer'] = () => {
      throw new Error('refused');
    };
    await offers.greet(host.client);
    offers.changed();
    await offered(2);
    await sleep(0);
    assert.equal(log.filter((line) => /warn: .*were not offered.*refused/.test(line)).length, 1);
    assert.ok(answer);
    host.answers['tool/offer'] = answer;
    offers.changed();
    await offered(3);
    await sleep(0);
    assert.match(log.at(-1) ?? '', /info: Faculties may name/);
    offers.dispose();
  });
});
