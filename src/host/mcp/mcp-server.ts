/**
 * One MCP server: started when it is first needed, started again when it has ended, closed when it is idle. Nothing that it
 * does throws to whoever calls; what it says is data, bounded and not believed.
 */
import type { CallToolResult } from '@modelcontextprotocol/client';
import type { McpTool } from './listed-tools.ts';
import { type McpConnection, openConnection } from './mcp-connection.ts';
import type { McpServerOptions } from './server-options.ts';

export type McpAnswer =
  | { kind: 'answer'; content: CallToolResult['content']; structured: unknown; isError: boolean }
  /** As a sentence: the server is not there, ended, took too long, or spoke nonsense. */
  | { kind: 'failed'; reason: string };

export type McpTools = { kind: 'tools'; tools: readonly McpTool[] } | { kind: 'failed'; reason: string };

const IDLE_AFTER_MS = 10 * 60_000;
const LONGEST_REASON = 1000;
/** A server that fails so often in a row is not started again for a while: it would only cost every call its time. */
const FAILURES_BEFORE_PAUSE = 3;
const PAUSE_MS = 60_000;

export class McpServer {
  #options: McpServerOptions;
  #connection: Promise<McpConnection> | undefined;
  /** Of the connections before: nothing is started while anything of them is left. */
  #ended: Promise<void> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;
  #using = 0;
  #failures = 0;
  #pausedUntil = 0;
  #lastFailure = '';
  /** The start, or the connection that it gave, which failed last. */
  #failed: Promise<McpConnection> | undefined;

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
      async (connection) => {
        const result = await connection.call(tool, input, { signal, timeout });
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
    // One that failed to start has ended itself.
    const noneStarted = () => undefined;
    this.#waitFor(Promise.resolve(open).then((connection) => connection?.end(), noneStarted));
    await this.#ended;
  }

  #waitFor(end: Promise<void>): void {
    const { name, log } = this.#options;
    const settled = end.catch((error) => log('warn', 'mcp.not_ended', { server: name, message: String(error) }));
    this.#ended = Promise.all([this.#ended, settled]).then(() => undefined);
  }

  async #use<T>(work: (connection: McpConnection) => Promise<T>, failed: (reason: string) => T): Promise<T> {
    if (Date.now() < this.#pausedUntil) {
      return failed(`It failed ${this.#failures} times in a row, last: ${this.#lastFailure} It is tried again soon.`);
    }
    this.#using += 1;
    clearTimeout(this.#idle);
    const starting = this.#connected();
    let connection: McpConnection | undefined;
    try {
      connection = await starting;
      return await work(connection);
    } catch (error) {
      // It is not there any more, or never came: that counts, a call that it refused does not.
      if (connection === undefined || connection.isLost) this.#countFailure(starting);
      return failed(this.#noteFailure(error));
    } finally {
      this.#using -= 1;
      if (this.#using === 0) this.#idle = setTimeout(() => void this.close(), IDLE_AFTER_MS).unref();
    }
  }

  #noteFailure(error: unknown): string {
    const message = error instanceof Error ? error.message : String(error);
    this.#lastFailure = `${message.slice(0, LONGEST_REASON).toWellFormed()}${/[.!?]$/.test(message) ? '' : '.'}`;
    return this.#lastFailure;
  }

  /** Once, however many calls it was the end of. */
  #countFailure(starting: Promise<McpConnection>): void {
    if (this.#failed === starting) return;
    this.#failed = starting;
    this.#failures += 1;
    if (this.#failures >= FAILURES_BEFORE_PAUSE) this.#pausedUntil = Date.now() + PAUSE_MS;
  }

  #connected(): Promise<McpConnection> {
    if (this.#connection) return this.#connection;
    const starting = this.#start(() => {
      if (this.#connection === starting) this.#connection = undefined;
    });
    this.#connection = starting;
    return starting;
  }

  /** `forget` is for this very connection: there may be another by then. */
  async #start(forget: () => void): Promise<McpConnection> {
    const { name, log } = this.#options;
    await this.#ended;
    try {
      const connection = await openConnection(this.#options, (loss, ended) => {
        log('warn', 'mcp.lost', { server: name, loss });
        forget();
        this.#waitFor(ended);
      });
      log('info', 'mcp.started', { server: name, tools: connection.tools.length });
      return connection;
    } catch (error) {
      forget();
      log('warn', 'mcp.failed', { server: name, message: String(error).slice(0, LONGEST_REASON) });
      throw error;
    }
  }
}
