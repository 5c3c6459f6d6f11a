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
  /** How long a server that left a call unanswered may take to say that it is there; 3 seconds where it is not given. */
  pingWithinMs?: number;
  log(level: 'info' | 'warn', event: string, facts: Record<string, string | number>): void;
};
