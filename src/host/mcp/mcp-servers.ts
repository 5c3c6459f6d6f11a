/** The MCP servers of this host, one for each way of reaching one, whichever faculties name it. */
import { createHash } from 'node:crypto';
import { McpServer } from './mcp-server.ts';
import type { McpServerOptions } from './server-options.ts';
import type { McpServerSettings } from './settings.ts';

export type McpSurroundings = Omit<McpServerOptions, 'name' | 'settings'>;

export class McpServers {
  #surroundings: McpSurroundings;
  #servers = new Map<string, McpServer>();

  constructor(surroundings: McpSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Nothing is started yet. Equal settings give the same server. */
  server(name: string, settings: McpServerSettings): McpServer {
    const key = createHash('sha256')
      .update(JSON.stringify([name, settings]))
      .digest('hex');
    const present = this.#servers.get(key);
    if (present) return present;
    const server = new McpServer({ ...this.#surroundings, name, settings });
    this.#servers.set(key, server);
    return server;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.close()));
  }
}
