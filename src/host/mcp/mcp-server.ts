/**
 * One MCP server: started when it is first needed, started again when it has ended, closed when it is idle. Nothing that it
 * does throws to whoever calls; what it says is data, bounded and not believed.
 */
import type { CallToolResult, Client, Tool, Transport } from '@modelcontextprotocol/client';
import { isDeeperThan } from '../../protocol/json.ts';
import { TOOL_SCHEMA_DEPTH_MAX } from '../../protocol/window-tools.ts';
import { uuidv7 } from '../../rendezvous/ids.ts';
import { startOfSpawned } from '../process/process-table.ts';
import { endProcessTree } from '../process/process-tree.ts';
import { RUN_MARKER } from '../process/run-marker.ts';
import { isStdio, type McpServerSettings } from './settings.ts';

/** A tool as a server describes it. */
export type McpTool = {
  name: string;
  description: string;
  inputSchema: { [key: string]: unknown };
  /** What the server says of itself; good for running calls side by side, and for nothing that needs trust. */
  saysReadOnly: boolean;
};

export type McpAnswer =
  | { kind: 'answer'; content: CallToolResult['content']; structured: unknown; isError: boolean }
  /** As a sentence: the server is not there, ended, took too long, or spoke nonsense. */
  | { kind: 'failed'; reason: string };

export type McpTools = { kind: 'tools'; tools: readonly McpTool[] } | { kind: 'failed'; reason: string };

export type McpServerOptions = {
  name: string;
  settings: McpServerSettings;
  workspace: string;
  /** What commands of agents get to see. */
  environment: Readonly<Record<string, string>>;
  /** The host's own, for what the settings name in it. */
  hostEnvironment: NodeJS.ProcessEnv;
  storeId: string;
  log(level: 'info' | 'warn', event: string, facts: Record<string, string | number>): void;
};

const START_WITHIN_MS = 30_000;
const IDLE_AFTER_MS = 10 * 60_000;
const END_GRACE_MS = 2000;
const MOST_TOOLS = 500;
const MOST_PAGES = 50;
const LONGEST_DESCRIPTION = 10_000;
const LARGEST_SCHEMA = 100_000;
const LONGEST_REASON = 1000;
const STDERR_KEPT = 2000;
/** A server that fails so often in a row is not started again for a while: it would only cost every call its time. */
const FAILURES_BEFORE_PAUSE = 3;
const PAUSE_MS = 60_000;

type Connection = {
  client: Client;
  tools: readonly McpTool[];
  end(): Promise<void>;
};

export class McpServer {
  #options: McpServerOptions;
  #connection: Promise<Connection> | undefined;
  #idle: NodeJS.Timeout | undefined;
  #using = 0;
  #failures = 0;
  #pausedUntil = 0;
  #lastFailure = '';

  constructor(options: McpServerOptions) {
    this.#options = options;
  }

  /** Starts the server where it does not run. */
  async tools(): Promise<McpTools> {
    return this.#use<McpTools>(
      async ({ tools }) => ({ kind: 'tools', tools }),
      (reason) => ({ kind: 'failed', reason }),
    );
  }

  /** `signal` ends the waiting; the server is told. */
  async call(tool: string, input: { [key: string]: unknown }, signal: AbortSignal): Promise<McpAnswer> {
    const timeout = this.#options.settings.timeout * 1000;
    return this.#use<McpAnswer>(
      async ({ client }) => {
        const result = await client.callTool({ name: tool, arguments: input }, { signal, timeout });
        this.#failures = 0; // a server that only starts has shown nothing yet
        const { content = [], structuredContent, isError } = result;
        return { kind: 'answer', content, structured: structuredContent, isError: isError === true };
      },
      (reason) => ({ kind: 'failed', reason }),
    );
  }

  /** Ends it with everything that it started. It is started again when somebody needs it. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const open = this.#connection;
    this.#connection = undefined;
    const connection = await open?.catch(() => undefined); // one that failed to start has ended itself
    await connection?.end();
  }

  async #use<T>(work: (connection: Connection) => Promise<T>, failed: (reason: string) => T): Promise<T> {
    if (Date.now() < this.#pausedUntil) {
      return failed(`It failed ${this.#failures} times in a row, last: ${this.#lastFailure} It is tried again soon.`);
    }
    this.#using += 1;
    clearTimeout(this.#idle);
    try {
      return await work(await this.#connected());
    } catch (error) {
      return failed(this.#noteFailure(error));
    } finally {
      this.#using -= 1;
      if (this.#using === 0) this.#idle = setTimeout(() => void this.close(), IDLE_AFTER_MS).unref();
    }
  }

  #noteFailure(error: unknown): string {
    const message = error instanceof Error ? error.message : String(error);
    this.#lastFailure = `${message.slice(0, LONGEST_REASON).toWellFormed()}${/[.!?]$/.test(message) ? '' : '.'}`;
    if (this.#connection === undefined) {
      // It is not there any more, or never came: that counts, a call that it refused does not.
      this.#failures += 1;
      if (this.#failures >= FAILURES_BEFORE_PAUSE) this.#pausedUntil = Date.now() + PAUSE_MS;
    }
    return this.#lastFailure;
  }

  #connected(): Promise<Connection> {
    this.#connection ??= this.#start();
    return this.#connection;
  }

  async #start(): Promise<Connection> {
    const { name, log } = this.#options;
    try {
      const connection = await this.#connect();
      log('info', 'mcp.started', { server: name, tools: connection.tools.length });
      return connection;
    } catch (error) {
      this.#connection = undefined;
      log('warn', 'mcp.failed', { server: name, message: String(error).slice(0, LONGEST_REASON) });
      throw error;
    }
  }

  async #connect(): Promise<Connection> {
    const { log } = this.#options;
    const { Client } = await import('@modelcontextprotocol/client');
    const opened = await openTransport(this.#options);
    const client = new Client({ name: 'animus', version: '1' }, { capabilities: {} });
    let gone = false;
    client.onclose = () => {
      gone = true;
      this.#connection = undefined;
    };
    try {
      await client.connect(opened.transport, { timeout: START_WITHIN_MS });
      const tools = await listTools(client, (facts) =>
        log('warn', 'mcp.tool_left_out', { server: this.#options.name, ...facts }),
      );
      if (gone) throw new Error('It ended right after it was started.');
      return { client, tools, end: () => opened.end(client) };
    } catch (error) {
      await opened.end(client);
      throw opened.explain(error);
    }
  }
}

type LeaveOut = (facts: { tool: string; reason: string }) => void;

async function listTools(client: Client, leaveOut: LeaveOut): Promise<McpTool[]> {
  const tools: McpTool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES && tools.length < MOST_TOOLS; page += 1) {
    const answer = await client.listTools(cursor === undefined ? {} : { cursor }, { timeout: START_WITHIN_MS });
    tools.push(...answer.tools.flatMap((tool) => readTool(tool, leaveOut)));
    cursor = answer.nextCursor;
    if (cursor === undefined) break;
  }
  return tools.slice(0, MOST_TOOLS);
}

/** None where its description is too large to be told to a model, or too deep to be walked. */
function readTool({ name, description = '', inputSchema, annotations }: Tool, leaveOut: LeaveOut): McpTool[] {
  const reason = whyLeftOut(inputSchema);
  if (reason !== undefined) {
    leaveOut({ tool: name.slice(0, LONGEST_REASON), reason });
    return [];
  }
  return [
    {
      name,
      description: description.slice(0, LONGEST_DESCRIPTION).toWellFormed(),
      inputSchema,
      saysReadOnly: annotations?.readOnlyHint === true,
    },
  ];
}

function whyLeftOut(schema: object): string | undefined {
  if (isDeeperThan(schema, TOOL_SCHEMA_DEPTH_MAX)) return `its schema has more than ${TOOL_SCHEMA_DEPTH_MAX} levels`;
  const size = JSON.stringify(schema).length;
  return size > LARGEST_SCHEMA ? `its schema has ${size} characters, more than ${LARGEST_SCHEMA}` : undefined;
}

type Opened = {
  transport: Transport;
  end(client: Client): Promise<void>;
  /** With what the server itself said about why it does not start. */
  explain(error: unknown): Error;
};

async function openTransport(options: McpServerOptions): Promise<Opened> {
  const { settings, hostEnvironment } = options;
  if (isStdio(settings)) return openStdio(options, settings);
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const token = settings.bearer_env === undefined ? undefined : hostEnvironment[settings.bearer_env];
  if (settings.bearer_env !== undefined && !token) {
    throw new Error(`The host's environment has no ${settings.bearer_env}, which its settings name as the token.`);
  }
  const headers = { ...settings.headers, ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const transport = new StreamableHTTPClientTransport(new URL(settings.url), {
    // Following one would take the token to an address that nobody configured.
    requestInit: { headers, redirect: 'error' },
  });
  return { transport, end: (client) => client.close(), explain: asError };
}

async function openStdio(
  { workspace, environment, hostEnvironment, storeId }: McpServerOptions,
  settings: Extract<McpServerSettings, { command: string }>,
): Promise<Opened> {
  const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
  const marker = `${storeId}/${uuidv7()}`;
  const passed = settings.pass_env.flatMap((name) => {
    const value = hostEnvironment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const transport = new StdioClientTransport({
    command: settings.command,
    args: [...settings.args],
    cwd: settings.cwd ?? workspace,
    env: { ...environment, ...Object.fromEntries(passed), ...settings.env, [RUN_MARKER]: marker },
    stderr: 'pipe',
  });
  let stderr = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-STDERR_KEPT);
  });
  let root: { pid: number; startedAt: number } | undefined;
  const start = transport.start.bind(transport);
  transport.start = async () => {
    await start();
    const { pid } = transport;
    if (pid !== null) root = { pid, startedAt: startOfSpawned(pid) };
  };
  return {
    transport,
    async end(client) {
      await client.close();
      if (root) await endProcessTree({ ...root, marker }, END_GRACE_MS);
    },
    explain(error) {
      const said = stderr.trim().toWellFormed();
      const reason = asError(error);
      return said === '' ? reason : new Error(`${reason.message} It said: ${said}`, { cause: error });
    },
  };
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));
