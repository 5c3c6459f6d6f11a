/** How to reach an MCP server, as a faculty's file says it. */

/** A program that speaks the protocol over its standard streams. */
export type StdioServer = {
  command: string;
  args: readonly string[];
  /** Absolute; undefined for the workspace. */
  cwd?: string | undefined;
  /** Beside the environment that every command of an agent gets. */
  env: Readonly<Record<string, string>>;
  /** Names of variables of the host's environment that are passed on although they look like secrets. */
  pass_env: readonly string[];
};

/** A server that speaks the protocol over HTTP. */
export type HttpServer = {
  url: string;
  headers: Readonly<Record<string, string>>;
  /** The variable of the host's environment that holds the bearer token. */
  bearer_env?: string | undefined;
};

export type McpServerSettings = (StdioServer | HttpServer) & {
  /** Seconds that one call may take. */
  timeout: number;
};

export function isStdio(settings: McpServerSettings): settings is StdioServer & { timeout: number } {
  return 'command' in settings;
}
