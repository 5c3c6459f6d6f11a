/** One connection to a server, from its start to its end, however that comes. */
import type { Client } from '@modelcontextprotocol/client';
import { listTools, type McpTool } from './listed-tools.ts';
import { type OpenedTransport, openTransport } from './open-transport.ts';
import type { McpServerOptions } from './server-options.ts';

const START_WITHIN_MS = 30_000;

/** Told when it is gone without having been ended: `ended` resolves once all that the server started is gone too. */
export type OnLost = (ended: Promise<void>) => void;

export async function openConnection(options: McpServerOptions, onLost: OnLost): Promise<McpConnection> {
  const { Client } = await import('@modelcontextprotocol/client');
  const opened = await openTransport(options);
  const client = new Client({ name: 'animus', version: '1' }, { capabilities: {} });
  const connection = new McpConnection(client, opened, onLost);
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
  readonly client: Client;
  tools: readonly McpTool[] = [];
  #opened: OpenedTransport;
  #onLost: OnLost;
  #standing: 'open' | 'lost' | 'closed' = 'open';
  #ended: Promise<void> = Promise.resolve();

  constructor(client: Client, opened: OpenedTransport, onLost: OnLost) {
    this.client = client;
    this.#opened = opened;
    this.#onLost = onLost;
    client.onclose = () => {
      if (this.#standing === 'open') this.#lose();
    };
  }

  /** It is gone, and nobody had ended it. */
  get isLost(): boolean {
    return this.#standing === 'lost';
  }

  /** Resolves when nothing is left of it and of what its server started. */
  end(): Promise<void> {
    if (this.#standing === 'open') {
      this.#standing = 'closed';
      this.#ended = this.#opened.end(this.client);
    }
    return this.#ended;
  }

  #lose(): void {
    this.#standing = 'lost';
    this.#ended = this.#opened.end(this.client);
    this.#onLost(this.#ended);
  }
}
