/** What every command starts with: which workspace, which store, which host. */

import { existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { attachIfRunning, findOrStartHost, type HostLocation } from '../../client/find-or-start-host.ts';
import { type HostClient, HostGone } from '../../client/host-client.ts';
import { AnimusError } from '../../protocol/errors.ts';
import { readBuildInfo } from '../../rendezvous/build-info.ts';
import { animusHome, findWorkspace, storeFolder } from '../../rendezvous/store-folder.ts';
import { type Config, loadConfig } from '../config/config.ts';
import { databaseLabel } from '../config/database-label.ts';
import { requireLocalFolder } from '../config/network-folder.ts';
import { listProviders } from '../config/providers.ts';
import { offersOf, withoutKeys } from '../providers/keys.ts';
import type { Provider } from '../providers/types.ts';
import { createTerminal, plain, type Terminal } from './terminal.ts';

export type GlobalOptions = { json: boolean; workspace?: string };

export type CliSession = {
  terminal: Terminal;
  json: boolean;
  config: Config;
  /** Whom models can be asked of, as the configuration has it. */
  providers: Provider[];
  location: HostLocation;
  /** The workspace's real path. */
  folder: string;
  /** The connections of this command; whoever ran it closes them. */
  clients: HostClient[];
};

/** Reads configuration and finds the store. Nothing is started. */
export function openSession(options: GlobalOptions): CliSession {
  const terminal = createTerminal(options.json);
  const home = animusHome(process.env);
  const config = loadConfig(home, process.env);
  const start = options.workspace ?? process.cwd();
  if (!existsSync(start) || !statSync(start).isDirectory()) {
    throw new AnimusError('invalid_params', `There is no folder ${start}.`, 'Give --workspace a folder that exists.');
  }
  const folder = findWorkspace(home, start);
  const bundle = path.join(import.meta.dirname);
  const identity = {
    kind: 'cli' as const,
    build: readBuildInfo(bundle),
    folder,
    database: databaseLabel(config.database.url),
    home,
  };
  const providers = listProviders(config);
  const location = { identity, store: storeFolder(home, folder), bundle, env: withoutKeys(process.env, providers) };
  return { terminal, json: options.json, config, providers, location, folder, clients: [] };
}

/** The command's connection to the host, which is started if need be and offered the keys of this environment. */
export async function connect(session: CliSession): Promise<HostClient> {
  const present = session.clients.at(-1);
  if (present?.isOpen) return present;
  if (session.config.database.url === null) {
    mkdirSync(session.location.store, { recursive: true, mode: 0o700 });
    requireLocalFolder(session.location.store);
  }
  return greeted(session, await findOrStartHost(session.location));
}

/**
 * Does something with the host, again with the next one where it died in the middle. What is done must bear that: ids are
 * made before, reading changes nothing.
 */
export async function withHost<T>(session: CliSession, work: (client: HostClient) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work(await connect(session));
    } catch (error) {
      const draining = error instanceof AnimusError && error.kind === 'draining';
      if ((!draining && !(error instanceof HostGone)) || tries >= MOST_TRIES) throw asAnimusError(error);
      if (draining) await session.clients.at(-1)?.closed;
    }
  }
}

const MOST_TRIES = 5;

function asAnimusError(error: unknown): unknown {
  if (!(error instanceof HostGone)) return error;
  return new AnimusError(
    'host_unreachable',
    `The host ended ${MOST_TRIES} times in a row while it was asked. What was acknowledged is kept.`,
    'animus host status names its store; the logs are there.',
    { cause: error },
  );
}

/** Attaches where a host runs; undefined where none does. */
export async function connectIfRunning(session: CliSession): Promise<HostClient | undefined> {
  const client = await attachIfRunning(session.location);
  return client && greeted(session, client);
}

async function greeted(session: CliSession, client: HostClient): Promise<HostClient> {
  session.clients.push(client);
  for (const warning of client.host.warnings) session.terminal.note(`note: ${plain(warning)}`);
  const credentials = offersOf(session.providers, ({ variable }) => process.env[variable]);
  if (credentials.length > 0) await client.request('credentials/offer', { credentials });
  return client;
}
