import type { McpServerSettings } from './settings.ts';

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
