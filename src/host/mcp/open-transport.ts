/** How messages get to a server and back: a process of ours that is ended whole, or HTTP. */
import type { Client, Transport } from '@modelcontextprotocol/client';
import { uuidv7 } from '../../rendezvous/ids.ts';
import { startOfSpawned } from '../process/process-table.ts';
import { endProcessTree } from '../process/process-tree.ts';
import { RUN_MARKER } from '../process/run-marker.ts';
import type { McpServerOptions } from './server-options.ts';
import { isStdio, type McpServerSettings } from './settings.ts';

const END_GRACE_MS = 2000;
const STDERR_KEPT = 2000;

export type OpenedTransport = {
  transport: Transport;
  /** `asked`: it has a while to end by itself. */
  end(client: Client, how: 'asked' | 'at_once'): Promise<void>;
  /** With what the server itself said about why it does not start. */
  explain(error: unknown): Error;
};

export async function openTransport(options: McpServerOptions): Promise<OpenedTransport> {
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
): Promise<OpenedTransport> {
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
    async end(client, how) {
      const closed = client.close();
      if (how === 'asked') await closed;
      await Promise.all([closed, root && endProcessTree({ ...root, marker }, END_GRACE_MS)]);
    },
    explain(error) {
      const said = stderr.trim().toWellFormed();
      const reason = asError(error);
      return said === '' ? reason : new Error(`${reason.message} It said: ${said}`, { cause: error });
    },
  };
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));
