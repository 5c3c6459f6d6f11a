/** What a host is started with, and what it is from then on. */
import type { BuildInfo } from '../rendezvous/build-info.ts';
import type { Assets } from './config/assets.ts';
import type { Config } from './config/config.ts';

export type HostOptions = {
  store: string;
  /** The workspace's real path. */
  folder: string;
  home: string;
  config: Config;
  env: NodeJS.ProcessEnv;
  assets: Assets;
  build: BuildInfo;
};

export type HostIdentity = {
  instanceId: string;
  storeId: string;
  /** Whose work this host does: its store's own, or that of the place that was named for it. */
  place: string;
  startedAt: Date;
};
