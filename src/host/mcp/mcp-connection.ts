/** One connection to a server, from its start to its end, however that comes. */
import type { CallToolResult, Client, RequestOptions } from '@modelcontextprotocol/client';
import { listTools, type McpTool } from './listed-tools.ts';
import { type OpenedTransport, openTransport } from './open-transport.ts';
import type { McpServerOptions } from './server-options.ts';

const START_WITHIN_MS = 30_000;
/** Below what tools of servers have beside their own time. */
const PING_WITHIN_MS = 3000;

type Sdk = typeof import('@modelcontextprotocol/client');

/** `hung`: it answered neither a call nor a ping, and was ended for that. */
type Loss = 'ended' | 'hung';

/** Told when it is gone without having been closed: `ended` resolves once all that the server started is gone too. */
export type OnLost = (loss: Loss, ended: Promise<void>) => void;

export async function openConnection(options: McpServerOptions, onLost: OnLost): Promise<McpConnection> {
  const sdk = await import('@modelcontextprotocol/client');
  const opened = await openTransport(options);
  const client = new sdk.Client({ name: 'animus', version: '1' }, { capabilities: {} });
  const connection = new McpConnection(sdk, client, opened, options.pingWithinMs ?? PING_WITHIN_MS, onLost);
  try {
    await client.connect(opened.transport, { timeout: START_WITHIN_MS });
    connection.tools = await listTools(client, START_WITHIN_MS, (facts) =>
      options.log('warn', 'mcp.tool_left_out', { server: options.name, ...facts }),
    );
    if (connection.isLost) throw new Error('It ended right after it was started.');
    return connection;
  } catch (error) {
    await connection.end();
    throw opened.explain(error);
  }
}

export class McpConnection {
  tools: readonly McpTool[] = [];
  #sdk: Sdk;
  #client: Client;
  #opened: OpenedTransport;
  #pingWithinMs: number;
  #onLost: OnLost;
  #standing: 'open' | 'closed' | Loss = 'open';
  #ended: Promise<void> = Promise.resolve();
  #pinging: Promise<boolean> | undefined;

  constructor(sdk: Sdk, client: Client, opened: OpenedTransport, pingWithinMs: number, onLost: OnLost) {
    this.#sdk = sdk;
    this.#client = client;
    this.#opened = opened;
    this.#pingWithinMs = pingWithinMs;
    this.#onLost = onLost;
    client.onclose = () => this.#lose('ended');
  }

  /** It is gone, and nobody had closed it. */
  get isLost(): boolean {
    return this.#standing === 'ended' || this.#standing === 'hung';
  }

  /**
   * Throws for what is no answer of the tool. One that the server owes its answer to is slow, or the server is gone for
   * good: it is asked whether it is there, and ended where it does not say so.
   */
  async call(
    name: string,
    input: { [key: string]: unknown },
    options: RequestOptions & { signal: AbortSignal },
  ): Promise<CallToolResult> {
    try {
      return await this.#client.callTool({ name, arguments: input }, options);
    } catch (error) {
      const isOwed = this.#standing === 'open' && !options.signal.aborted && !this.#isAnswer(error);
      if (isOwed && !(await this.#answersPing())) this.#lose('hung');
      throw this.#standing === 'hung' ? this.#explain(error) : error;
    }
  }

  /** Resolves when nothing is left of it and of what its server started. */
  end(): Promise<void> {
    if (this.#standing === 'open') {
      this.#standing = 'closed';
      this.#ended = this.#opened.end(this.#client, 'asked');
    }
    return this.#ended;
  }

  #lose(loss: Loss): void {
    if (this.#standing !== 'open') return;
    this.#standing = loss;
    this.#ended = this.#opened.end(this.#client, loss === 'hung' ? 'at_once' : 'asked');
    this.#onLost(loss, this.#ended);
  }

  /** One ping for all that wait for the same. */
  #answersPing(): Promise<boolean> {
    this.#pinging ??= this.#ping().finally(() => {
      this.#pinging = undefined;
    });
    return this.#pinging;
  }

  async #ping(): Promise<boolean> {
    try {
      await this.#client.ping({ timeout: this.#pingWithinMs });
      return true;
    } catch (error) {
      return this.#isAnswer(error); // it need not know what a ping is
    }
  }

  /** Whether the server said something, be it an error or nonsense. */
  #isAnswer(error: unknown): boolean {
    const { ProtocolError, SdkError, SdkErrorCode } = this.#sdk;
    if (error instanceof ProtocolError) return true;
    return error instanceof SdkError && error.code === SdkErrorCode.InvalidResult;
  }

  #explain(error: unknown): Error {
    const { SdkError, SdkErrorCode } = this.#sdk;
    const isUnderWay = error instanceof SdkError && error.code === SdkErrorCode.ConnectionClosed;
    const message = isUnderWay
      ? 'Its connection was ended while this was under way, since it answered neither another call nor a ping. This may or may not have taken effect.'
      : `${error instanceof Error ? error.message : String(error)}. It did not answer a ping either, so its connection was ended; the next call opens another.`;
    return new Error(message, { cause: error });
  }
}
