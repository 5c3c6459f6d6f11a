/** Which folder, store and build this window is about. Nothing here is called before the folder is trusted. */
import { mkdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { HostLocation } from '../../client/find-or-start-host.ts';
import { type Config, loadConfig } from '../../host/config/config.ts';
import { databaseLabel } from '../../host/config/database-label.ts';
import { listProviders } from '../../host/config/providers.ts';
import { withoutKeys } from '../../host/providers/keys.ts';
import type { Provider } from '../../host/providers/types.ts';
import { readBuildInfo } from '../../rendezvous/build-info.ts';
import { animusHome, storeFolder } from '../../rendezvous/store-folder.ts';
import type { Settings } from '../settings.ts';

export type Place = { location: HostLocation; config: Config; providers: Provider[]; folder: string };

export type PlaceOptions = {
  /** The first folder of the window; undefined where none is open. */
  workspaceFolder: string | undefined;
  /** The folder that the extension is installed in. */
  extensionFolder: string;
  settings: Settings;
  env: NodeJS.ProcessEnv;
};

/** Throws AnimusError `bad_config`. */
export function openPlace({ workspaceFolder, extensionFolder, settings, env }: PlaceOptions): Place {
  const home = animusHome(env);
  const ownEnv = settings.anthropicBaseUrl ? { ...env, ANIMUS_ANTHROPIC_BASE_URL: settings.anthropicBaseUrl } : env;
  const config = loadConfig(home, ownEnv);
  const folder = realpathSync(workspaceFolder ?? emptyFolder(home));
  const bundle = path.join(extensionFolder, 'dist', 'host');
  const database = databaseLabel(config.database.url);
  const identity = { kind: 'vscode' as const, build: readBuildInfo(bundle), folder, database, home };
  const providers = listProviders(config);
  const location = { identity, store: storeFolder(home, folder), bundle, env: withoutKeys(ownEnv, providers) };
  return { location, config, providers, folder };
}

/** A window without a folder has a store of its own, about a folder that holds nothing. */
function emptyFolder(home: string): string {
  const folder = path.join(home, 'no-folder');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
