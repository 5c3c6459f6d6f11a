/** MCP servers over HTTP that stop answering, or forget whom they talk to. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { McpServer } from '../../src/host/mcp/mcp-server.ts';

const message = z.looseObject({
  id: z.number().optional(),
  method: z.string(),
  params: z.looseObject({ protocolVersion: z.string().optional() }).optional(),
});

const never = new AbortController().signal;

describe('MCP servers over HTTP', () => {
  let http: Server;
  let server: McpServer;
  let sessions = 0;
  /** Of these the server answers nothing, and these it does not know. */
  let deaf: Set<string>;
  let forgotten: Set<string>;
  let onPing: () => void;

  beforeEach(async () => {
    sessions = 0;
    deaf = new Set();
    forgotten = new Set();
    onPing = () => undefined;
    http = createServer((request, response) => void answer(request, response));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    server = new McpServer({
      name: 'far',
      settings: { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`, headers: {}, timeout: 2 },
      ...{ workspace: '/', environment: {}, hostEnvironment: {}, storeId: 'store', log: () => undefined },
      pingWithinMs: 500,
    });
  });

  afterEach(async () => {
    await server.close();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return void response.writeHead(405).end();
    const { id, method, params } = message.parse(JSON.parse(await text(request)));
    const session = String(request.headers['mcp-session-id']);
    if (method === 'ping') onPing();
    if (deaf.has(session) && id !== undefined) return;
    if (forgotten.has(session)) return void response.writeHead(404).end('no such session');
    if (id === undefined) return void response.writeHead(202).end();
    const say = (result: object, headers = {}) =>
      response
        .writeHead(200, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify({ jsonrpc: '2.0', id, result }));
    if (method === 'initialize') {
      const serverInfo = { name: 'far', version: '1' };
      const facts = { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo };
      sessions += 1;
      say(facts, { 'mcp-session-id': `s${sessions}` });
    } else if (method === 'tools/list') {
      say({ tools: [{ name: 'go', inputSchema: { type: 'object' } }] });
    } else {
      say(method === 'ping' ? {} : { content: [{ type: 'text', text: `in ${session}` }] });
    }
  }

  async function call(): Promise<string> {
    const said = await server.call('go', {}, never);
    if (said.kind === 'failed') return said.reason;
    const [part] = said.content;
    return part?.type === 'text' ? part.text : '';
  }

  it('[F19] that answer neither a call nor a ping lose their session, with all that is under way in it', async () => {
    assert.equal(await call(), 'in s1');
    deaf.add('s1');
    const pinged = new Promise<void>((resolve) => {
      onPing = resolve;
    });
    const first = call();
    await pinged;
    const underWay = call();
    assert.match(await first, /timed out\. It did not answer a ping either, so its connection was ended/i);
    assert.match(await underWay, /^Its connection was ended while this was under way, since it answered neither/);
    assert.equal(await call(), 'in s2');
  });

  it('that forgot the session are given another by the next call', async () => {
    assert.equal(await call(), 'in s1');
    forgotten.add('s1');
    assert.match(await call(), /no such session\. It did not answer a ping either/);
    assert.equal(await call(), 'in s2');
  });

  it('that leave one call unanswered keep their session where they answer a ping', async () => {
    assert.equal(await call(), 'in s1');
    deaf.add('s1');
    onPing = () => deaf.clear();
    assert.match(await call(), /timed out\.$/i);
    assert.equal(await call(), 'in s1');
  });
});
