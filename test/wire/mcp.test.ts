/** MCP servers as real processes: a well-known one, and ones that crash, hang, leave daemons, or never start. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tool } from '../../src/host/engine/engage/tool.ts';
import { offeredTools, pinnedTools } from '../../src/host/engine/tools/mcp-tools.ts';
import { toolDefinition } from '../../src/host/engine/tools/select-tools.ts';
import { McpServers, type McpSurroundings } from '../../src/host/mcp/mcp-servers.ts';
import type { McpServerSettings } from '../../src/host/mcp/settings.ts';
import { environmentValues, readProcessTable } from '../../src/host/process/process-table.ts';
import { RUN_MARKER } from '../../src/host/process/run-marker.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';

const ODD = path.resolve(import.meta.dirname, '../fixtures/mcp/odd-server.mjs');
const EVERYTHING = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));

const stdio = (args: string[], rest: Partial<McpServerSettings> = {}): McpServerSettings => ({
  ...{ command: process.execPath, args, cwd: undefined, env: {}, pass_env: [], timeout: 20 },
  ...rest,
});

describe('MCP servers', () => {
  let servers: McpServers;
  let storeId: string;
  let logged: [event: string, facts: object][];

  const serversWith = (rest: Partial<McpSurroundings> = {}) =>
    new McpServers({
      workspace: import.meta.dirname,
      environment: { PATH: process.env.PATH ?? '' },
      hostEnvironment: { WANTED: 'wanted-value', UNWANTED: 'unwanted-value', TOKEN: 'token-value' },
      storeId,
      log: (_level, event, facts) => logged.push([event, facts]),
      ...rest,
    });

  beforeEach(() => {
    logged = [];
    storeId = uuidv7();
    servers = serversWith();
  });

  afterEach(async () => {
    await servers.close();
    assert.deepEqual(await ours(), [], 'processes were left behind');
  });

  /** Processes that carry this test's marker. */
  async function ours(): Promise<number[]> {
    const table = await readProcessTable();
    return table
      .filter(
        ({ pid, zombie }) => !zombie && environmentValues(pid, RUN_MARKER).some((value) => value.startsWith(storeId)),
      )
      .map(({ pid }) => pid);
  }

  async function offered(settings: McpServerSettings, name = 'odd') {
    const { tools, problems } = await offeredTools(servers, { [name]: settings });
    const byName = new Map(tools.map((tool) => [tool.name, tool]));
    return {
      tools,
      problems,
      run: (tool: string, input: object, signal?: AbortSignal) => run(byName.get(tool), input, signal),
    };
  }

  async function run(tool: Tool | undefined, input: object, signal = new AbortController().signal) {
    assert.ok(tool?.kind === 'world');
    const context = {
      workItemId: 'i',
      focusId: 'f',
      faculty: 'general',
      workspace: '/',
      knownFile: async () => undefined,
    };
    return tool.run(tool.input.parse(input), { ...context, signal });
  }

  it('of the well-known kind offer their tools, and run them', async () => {
    const { tools, problems, run: call } = await offered(stdio([EVERYTHING, 'stdio']), 'everything');
    assert.deepEqual(problems, []);
    assert.ok(tools.length > 5, `${tools.length} tools`);
    for (const tool of tools) assert.match(tool.name, /^mcp__everything__[\w-]{1,48}$/);
    const echoed = await call('mcp__everything__echo', { message: 'hello' });
    assert.deepEqual([echoed.isError, echoed.content], [false, 'Echo: hello']);
    const sum = await call('mcp__everything__get-sum', { a: 2, b: 3 });
    assert.match(sum.content, /5/);
    assert.throws(() => tools.find(({ name }) => name.endsWith('get-sum'))?.input.parse({ a: 'two' }));
  });

  it('are told to the model as they describe themselves, and pinned as that', async () => {
    const settings = stdio([ODD]);
    const { tools } = await offered(settings);
    assert.deepEqual(
      tools.map((tool) => [tool.name, tool.kind === 'world' && tool.effect]),
      [
        ['mcp__odd__echo', 'exclusive'],
        ['mcp__odd__look', 'read'],
        ['mcp__odd__environment', 'exclusive'],
        ['mcp__odd__odd_name_', 'exclusive'],
      ],
    );
    const definitions = tools.map(toolDefinition);
    assert.deepEqual(definitions[0]?.inputSchema, {
      type: 'object',
      properties: { text: { type: 'string' } },
      required: ['text'],
    });
    const pinned = pinnedTools(servers, { odd: settings }, definitions, new Set(['mcp__odd__look']));
    assert.deepEqual(pinned.map(toolDefinition), definitions);
    assert.deepEqual((await run(pinned[1], {})).content, 'looked');
  });

  it('have the tools left out whose schemas are too deep, and no other', async () => {
    const { tools, problems } = await offered(stdio([ODD, 'deep']));
    assert.deepEqual(problems, []);
    assert.equal(tools.length, 4);
    assert.deepEqual(
      logged.filter(([event]) => event === 'mcp.tool_left_out').map(([, facts]) => facts),
      ['deep', 'bottomless'].map((tool) => ({ server: 'odd', tool, reason: 'its schema has more than 64 levels' })),
    );
  });

  it('are started when they are needed, and one serves all calls', async () => {
    const settings = stdio([ODD]);
    servers.server('odd', settings);
    assert.deepEqual(await ours(), []);
    const { run: call } = await offered(settings);
    const answers = await Promise.all([1, 2, 3].map((text) => call('mcp__odd__echo', { text: String(text) })));
    const pids = new Set(answers.map(({ content }) => content.split(' ').at(-1)));
    assert.equal(pids.size, 1);
  });

  it('get no secrets but those that are named for them', async () => {
    const settings = stdio([ODD], { pass_env: ['WANTED'], env: { EXTRA: 'x' } });
    const { run: call } = await offered(settings);
    const names = (await call('mcp__odd__environment', {})).content.split(' ');
    for (const name of ['WANTED', 'EXTRA', 'PATH', RUN_MARKER]) assert.ok(names.includes(name), name);
    for (const name of ['UNWANTED', 'TOKEN']) assert.ok(!names.includes(name), name);
  });

  it('[F19] that crash give an error, and are started again', async () => {
    const { run: call } = await offered(stdio([ODD, 'crash']));
    const crashed = await call('mcp__odd__echo', { text: 'x' });
    assert.ok(crashed.isError);
    assert.match(crashed.content, /^The MCP server "odd" did not do it\. /);
    const again = await call('mcp__odd__look', {});
    assert.match(again.content, /did not do it/, 'it was started again, and crashed again');
  });

  it('that crash over and over are left alone for a while', async () => {
    const { run: call } = await offered(stdio([ODD, 'crash']));
    for (const _ of [1, 2, 3]) await call('mcp__odd__look', {});
    const paused = await call('mcp__odd__look', {});
    assert.match(paused.content, /does not answer\. It failed 3 times in a row, last: /);
    assert.deepEqual(await ours(), []);
  });

  it('[F19] that hang are waited for as long as they may take, and no longer than the focus wants', async () => {
    const slow = await offered(stdio([ODD, 'hang'], { timeout: 0.2 }));
    const late = await slow.run('mcp__odd__echo', { text: 'x' });
    assert.ok(late.isError);
    assert.match(late.content, /timed out/i);
    const cancel = new AbortController();
    const waiting = (await offered(stdio([ODD, 'hang']))).run('mcp__odd__echo', { text: 'x' }, cancel.signal);
    cancel.abort();
    assert.ok((await waiting).isError);
  });

  it('[F19] that hang for good are ended, and started again by the next call', async () => {
    servers = serversWith({ pingWithinMs: 100 });
    const { run: call } = await offered(stdio([ODD, 'spin'], { timeout: 2 }));
    const hung = await ours();
    const answers = await Promise.all(['a', 'b'].map((text) => call('mcp__odd__echo', { text })));
    for (const { isError, content } of answers) {
      assert.ok(isError);
      assert.match(content, /timed out\. It did not answer a ping either, so its connection was ended; the next/i);
    }
    assert.equal((await call('mcp__odd__look', {})).content, 'looked');
    const anew = await ours();
    assert.ok(hung.length === 1 && anew.length === 1 && hung[0] !== anew[0], `${hung} and then ${anew}`);
    assert.deepEqual(
      logged.filter(([event]) => event === 'mcp.lost'),
      [['mcp.lost', { server: 'odd', loss: 'hung' }]],
    );
  });

  it('[F19] that hang over and over are left alone for a while, each time counted once', async () => {
    servers = serversWith({ pingWithinMs: 100 });
    const { run: call } = await offered(stdio([ODD, 'spin'], { timeout: 0.2 }));
    for (const _ of [1, 2, 3]) {
      const answers = await Promise.all(['a', 'b'].map((text) => call('mcp__odd__echo', { text })));
      for (const { content } of answers) assert.match(content, /did not answer a ping either/);
    }
    const paused = await call('mcp__odd__look', {});
    assert.match(
      paused.content,
      /does not answer\. It failed 3 times in a row, last: Request timed out\. It did not answer/,
    );
  });

  it('[F19] that are merely slow go on: they say that they are there', async () => {
    const { run: call } = await offered(stdio([ODD, 'slow'], { timeout: 2 }));
    const slow = await ours();
    const late = await call('mcp__odd__echo', { text: 'x' });
    assert.match(late.content, /timed out\.$/i);
    assert.equal((await call('mcp__odd__look', {})).content, 'looked');
    assert.deepEqual([await ours(), slow.length], [slow, 1]);
  });

  it('that do not start are named, with what they said', async () => {
    const { tools, problems } = await offered(stdio([ODD, 'no-start']));
    assert.deepEqual(tools, []);
    assert.equal(problems.length, 1);
    assert.match(
      problems[0] ?? '',
      /^The tools of the MCP server "odd" are missing\. .*It said: no configuration found/s,
    );
    const missing = await offered({ ...stdio([]), command: '/nowhere/server' } as McpServerSettings);
    assert.match(missing.problems[0] ?? '', /ENOENT/);
  });

  it('that write garbage between their messages are understood all the same', async () => {
    const { run: call } = await offered(stdio([ODD, 'garbage']));
    assert.match((await call('mcp__odd__echo', { text: 'x' })).content, /^you said x/);
  });

  it('end with all that they started', async () => {
    await offered(stdio([ODD, 'daemon']));
    assert.equal((await ours()).length, 2);
    await servers.close();
    assert.deepEqual(await ours(), []);
  });

  it('[F19] that crash end with all that they started: before they are started again, and with the host', async () => {
    const settings = stdio([ODD, 'daemon-crash']);
    const { run: call } = await offered(settings);
    const first = await ours();
    assert.equal(first.length, 2);
    assert.ok((await call('mcp__odd__look', {})).isError);
    await servers.server('odd', settings).tools();
    const second = await ours();
    assert.equal(second.length, 2, 'one server with its daemon');
    assert.ok(
      first.every((pid) => !second.includes(pid)),
      'and none of the first',
    );
    assert.ok((await call('mcp__odd__look', {})).isError);
    await servers.close();
    assert.deepEqual(await ours(), []);
  });

  it('that are needed while they are being closed are started again after that, and not left behind', async () => {
    const settings = stdio([ODD, 'lingers']);
    const { run: call } = await offered(settings);
    const server = servers.server('odd', settings);
    const [first] = await ours();
    const closing = server.close();
    const answer = await call('mcp__odd__echo', { text: 'x' });
    const between = await ours();
    await closing;
    assert.match(answer.content, /^you said x to \d+$/);
    assert.ok(between.length === 1 && between[0] !== first, 'one at a time');
    await call('mcp__odd__look', {});
    assert.deepEqual(await ours(), between, 'it is still the one that is used');
  });

  it('over HTTP send the named token, and follow no redirect', async () => {
    const seen: (string | undefined)[] = [];
    const http = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(307, { location: 'http://127.0.0.1:9/elsewhere' }).end();
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`;
    const { problems } = await offered({ url, headers: {}, bearer_env: 'TOKEN', timeout: 5 });
    assert.equal(problems.length, 1);
    assert.deepEqual(new Set(seen), new Set(['Bearer token-value']));
    const none = await offered({ url, headers: {}, bearer_env: 'NONE', timeout: 5 });
    assert.match(none.problems[0] ?? '', /has no NONE/);
    await new Promise((resolve) => http.close(resolve));
  });
});
