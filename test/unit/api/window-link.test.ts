/** The question to a window, and the call of a tool, over a real socket, between the host's end and a client's, and what a hostile client sends. */
import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { type AnswerModel, type CallTool, HostClient } from '../../../src/client/host-client.ts';
import { createWindowLink, type WindowLink } from '../../../src/host/api/window-link.ts';
import { MAX_FRAME_BYTES } from '../../../src/protocol/versions.ts';
import { ASK_MODEL, MODEL_PART, type ModelPart, type ModelQuestion } from '../../../src/protocol/window-models.ts';
import { CALL_TOOL, TOOL_TEXT_MAX, type ToolCall } from '../../../src/protocol/window-tools.ts';
import { framedConnection } from '../../../src/rendezvous/framed-connection.ts';

const QUESTION: Omit<ModelQuestion, 'id'> = {
  vendor: 'copilot',
  model_id: 'gpt',
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Look.' }] }],
  tools: [],
  must_call: false,
};

describe('the question to a window', () => {
  const never = new AbortController().signal;
  let folder = '';
  let server: Server;
  let address = '';
  let refused: string[] = [];
  const sockets: Socket[] = [];

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'animus-window-'));
    address = path.join(folder, 'window.sock');
  });
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(async () => {
    refused = [];
    server = createServer().listen(address);
    await once(server, 'listening');
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  /** The host's end, and the socket of whoever connects. */
  async function open(): Promise<{ link: WindowLink; socket: Socket }> {
    const accepted = once(server, 'connection');
    const socket = connect(address);
    const [own] = (await accepted) as [Socket];
    sockets.push(socket, own);
    const connection = framedConnection(own, (reason) => refused.push(reason));
    const closed = once(own, 'close').then(() => undefined);
    const link = createWindowLink(connection, closed, (reason) => refused.push(reason));
    connection.listen();
    return { link, socket };
  }

  async function withClient(answer: AnswerModel) {
    const { link, socket } = await open();
    const client = new HostClient(socket);
    client.onModelAsked(answer);
    return { link, client };
  }

  /** A client that writes what it likes. */
  async function withForger(onAsked: (question: ModelQuestion, forger: MessageConnection) => unknown) {
    const { link, socket } = await open();
    const forger = framedConnection(socket, () => undefined);
    forger.onRequest(ASK_MODEL, (question: ModelQuestion) => onAsked(question, forger));
    forger.listen();
    return { link, forger, socket };
  }

  async function ask(link: WindowLink, signal = never, asked: Partial<ModelQuestion> = {}) {
    const parts: ModelPart[] = [];
    const end = await link.ask({ ...QUESTION, ...asked }, (part) => parts.push(part), signal);
    return { parts, end };
  }

  it('is answered in parts, in order, before the end', async () => {
    const { link } = await withClient(async ({ messages }, tell) => {
      assert.deepEqual(messages, QUESTION.messages);
      for (let n = 0; n < 200; n += 1) tell({ type: 'text', text: String(n) });
      tell({ type: 'tool_call', id: 'c', name: 'read_file', input: { path: 'a' } });
      return { kind: 'done' };
    });
    const { parts, end } = await ask(link);
    assert.equal(end.kind, 'done');
    assert.deepEqual(
      parts.slice(0, -1).map((part) => part.type === 'text' && Number(part.text)),
      Array.from({ length: 200 }, (_, n) => n),
    );
    assert.deepEqual(parts.at(-1), { type: 'tool_call', id: 'c', name: 'read_file', input: { path: 'a' } });
  });

  it('keeps the answers of several questions apart', async () => {
    const { link } = await withClient(async ({ model_id }, tell) => {
      for (let n = 0; n < 5; n += 1) {
        tell({ type: 'text', text: model_id });
        await new Promise((resolve) => setImmediate(resolve));
      }
      return { kind: 'done' };
    });
    const both = await Promise.all([ask(link, never, { model_id: 'a' }), ask(link, never, { model_id: 'b' })]);
    const texts = both.map(({ parts }) => parts.map((part) => part.type === 'text' && part.text).join(''));
    assert.deepEqual(texts, ['aaaaa', 'bbbbb']);
  });

  it('is ended by who asked, and the window is told', async () => {
    const stop = new AbortController();
    let isTold: () => void = () => undefined;
    const told = new Promise<void>((resolve) => {
      isTold = resolve;
    });
    const { link } = await withClient(
      (_question, tell, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            isTold();
            tell({ type: 'text', text: 'too late' });
            resolve({ kind: 'done' });
          });
          stop.abort();
        }),
    );
    const { parts, end } = await ask(link, stop.signal);
    await told;
    assert.deepEqual([end.kind, parts], ['cancelled', []]);
    assert.deepEqual((await ask(link, stop.signal)).end, { kind: 'cancelled' }, 'and is not even asked after that');
  });

  it('leaves nothing on the signal of who asked, however it ends', async () => {
    const { link, client } = await withClient(async () => ({ kind: 'done' }));
    const { signal } = new AbortController();
    assert.deepEqual((await ask(link, signal)).end, { kind: 'done' });
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    await client.close();
    assert.deepEqual((await ask(link, signal)).end, { kind: 'gone' });
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('ends where the window goes away in the middle, and the window stops asking its model', async () => {
    let isStopped: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => {
      isStopped = resolve;
    });
    const { link, client } = await withClient(async (_question, tell, signal) => {
      signal.addEventListener('abort', () => isStopped());
      tell({ type: 'text', text: 'half' });
      void client.close();
      await stopped;
      return { kind: 'done' };
    });
    const { end } = await ask(link);
    await stopped;
    assert.deepEqual(end, { kind: 'gone' });
    assert.deepEqual((await ask(link)).end, { kind: 'gone' });
  });

  it('ends at once where the client has no models at all', async () => {
    const { link, socket } = await open();
    new HostClient(socket);
    assert.deepEqual((await ask(link)).end, { kind: 'gone' });
  });

  it('is not sent where it does not fit into a message', async () => {
    let asked = 0;
    const { link } = await withClient(async () => {
      asked += 1;
      return { kind: 'done' };
    });
    const text = 'é'.repeat(MAX_FRAME_BYTES / 2);
    const { end } = await ask(link, never, { messages: [{ role: 'user', content: [{ type: 'text', text }] }] });
    assert.deepEqual(end, { kind: 'too_long' });
    assert.equal((await ask(link)).end.kind, 'done', 'and the connection lives');
    assert.equal(asked, 1);
  });

  it('[S13] takes no part that is none, and hears nothing more of that answer', async () => {
    const forged: ((id: string) => unknown)[] = [
      (id) => ({ id, part: { type: 'text', text: 'x'.repeat(256 * 1024 + 1) } }),
      (id) => ({ id, part: { type: 'text', text: 7 } }),
      (id) => ({ id, part: { type: 'tool_call', id: '', name: 'run', input: {} } }),
      (id) => ({ id, part: { type: 'tool_call', id: 'c', name: 'run', input: [] } }),
      (id) => ({ id, part: { type: 'text', text: 'a', more: true } }),
      (id) => ({ id }),
    ];
    for (const forge of forged) {
      const { link } = await withForger(async ({ id }, forger) => {
        await forger.sendNotification(MODEL_PART, forge(id));
        await forger.sendNotification(MODEL_PART, { id, part: { type: 'text', text: 'and more' } });
        return { kind: 'done' };
      });
      const { end, parts } = await ask(link);
      assert.deepEqual([end.kind, parts], ['malformed', []], JSON.stringify(forge('id')).slice(0, 80));
    }
    assert.equal(refused.length, forged.length);
  });

  it('[S13] hears no parts of questions that nobody asked, or that are over', async () => {
    let last = '';
    const { link, forger } = await withForger(async ({ id }, own) => {
      if (last) await own.sendNotification(MODEL_PART, { id: last, part: { type: 'text', text: 'of the one before' } });
      last = id;
      await own.sendNotification(MODEL_PART, { id, part: { type: 'text', text: 'mine' } });
      return { kind: 'done' };
    });
    await forger.sendNotification(MODEL_PART, {
      id: '018bcfe5-6800-4000-8000-0123456789ab',
      part: { type: 'text', text: 'unasked' },
    });
    await forger.sendNotification(MODEL_PART, 'nothing');
    for (let n = 0; n < 2; n += 1) assert.deepEqual((await ask(link)).parts, [{ type: 'text', text: 'mine' }]);
  });

  it('[S13] takes no end that is none', async () => {
    const ends = [undefined, 7, { kind: 'done', more: 1 }, { kind: 'failed', reason: 'made_up', message: '' }];
    for (const forged of [...ends, { kind: 'failed', reason: 'failed', message: 'x'.repeat(2001) }]) {
      const { link } = await withForger(() => forged ?? null);
      assert.deepEqual((await ask(link)).end, { kind: 'malformed' });
    }
  });

  it('[S13] drops a client that sends a message of over 8 MiB', async () => {
    const { link, socket } = await withForger(async (_question, forger) => {
      void forger.sendNotification(MODEL_PART, { text: 'x'.repeat(MAX_FRAME_BYTES + 4096) }).catch(() => undefined);
      return new Promise(() => undefined);
    });
    const gone = once(socket, 'close');
    assert.deepEqual((await ask(link)).end, { kind: 'gone' });
    await gone;
    assert.match(refused.join(' '), /more than 8 MiB/);
  });

  describe('to call a tool', () => {
    const CALL: Omit<ToolCall, 'id'> = { name: 'search', input: { text: 'heron' } };

    async function withCaller(run: CallTool) {
      const { link, socket } = await open();
      const client = new HostClient(socket);
      client.onToolCalled(run);
      return { link, client };
    }

    async function withForgedEnd(end: unknown) {
      const { link, socket } = await open();
      const forger = framedConnection(socket, () => undefined);
      forger.onRequest(CALL_TOOL, () => end);
      forger.listen();
      return link;
    }

    it('is answered with its result, each call with its own', async () => {
      const { link } = await withCaller(async ({ name, input }) => {
        await new Promise((resolve) => setImmediate(resolve));
        return { kind: 'done', text: `${name} ${JSON.stringify(input)}` };
      });
      const ends = await Promise.all([link.call(CALL, never), link.call({ ...CALL, name: 'other' }, never)]);
      assert.deepEqual(ends, [
        { kind: 'done', text: 'search {"text":"heron"}' },
        { kind: 'done', text: 'other {"text":"heron"}' },
      ]);
    });

    it('is ended by who asked, and the window is told', async () => {
      const stop = new AbortController();
      const { promise: told, resolve: tell } = Promise.withResolvers<void>();
      const { link } = await withCaller(
        (_call, signal) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              tell();
              resolve({ kind: 'done', text: 'too late' });
            });
            stop.abort();
          }),
      );
      assert.deepEqual(await link.call(CALL, stop.signal), { kind: 'cancelled' });
      await told;
    });

    it('ends where the window goes away in the middle, and the tool is told to end', async () => {
      const { promise: told, resolve: tell } = Promise.withResolvers<void>();
      const { link, client } = await withCaller(async (_call, signal) => {
        signal.addEventListener('abort', () => tell());
        void client.close();
        await told;
        return { kind: 'done', text: 'too late' };
      });
      assert.deepEqual(await link.call(CALL, never), { kind: 'gone' });
      await told;
      assert.deepEqual(await link.call(CALL, never), { kind: 'gone' });
    });

    it('is not sent where it does not fit into a message', async () => {
      const { link } = await withCaller(async () => ({ kind: 'done', text: '' }));
      const text = 'x'.repeat(MAX_FRAME_BYTES);
      assert.deepEqual(await link.call({ ...CALL, input: { text } }, never), { kind: 'too_long' });
      assert.equal((await link.call(CALL, never)).kind, 'done', 'and the connection lives');
    });

    it('[S13] takes no result that is none', async () => {
      const ends = [
        ...[null, 7, [], {}, { kind: 'done' }, { kind: 'done', text: 7 }, { kind: 'done', text: '', more: 1 }],
        { kind: 'done', text: 'x'.repeat(TOOL_TEXT_MAX + 1) },
        { kind: 'failed', reason: 'made_up', message: '' },
        { kind: 'failed', reason: 'failed', message: 'x'.repeat(2001) },
        { kind: 'cancelled' },
      ];
      for (const end of ends) {
        const link = await withForgedEnd(end);
        assert.deepEqual(await link.call(CALL, never), { kind: 'malformed' }, JSON.stringify(end).slice(0, 80));
      }
    });

    it('is refused by a client where what arrives is no call', async () => {
      const { socket } = await open();
      const [own] = sockets.slice(-1);
      assert.ok(own);
      new HostClient(socket).onToolCalled(() => assert.fail('it was called'));
      const forger = framedConnection(own, () => undefined);
      forger.listen();
      for (const call of [undefined, { id: 'x', ...CALL }, { name: 'search', input: [] }]) {
        const end = await forger.sendRequest<{ kind: string; reason: string }>(CALL_TOOL, call);
        assert.deepEqual([end.kind, end.reason], ['failed', 'not_offered']);
      }
    });
  });
});
