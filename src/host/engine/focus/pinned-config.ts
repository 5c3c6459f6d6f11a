/** What a focus was fixed to when it began to engage, as its row has it. */
import type { JsonObject } from '../../../protocol/json.ts';
import type { EngageConfig } from '../engage/types.ts';
import { defaultContextSettings, fallbackWindow } from './context-settings.ts';

export type PinnedConfig = EngageConfig & {
  /** provider/name, in the order in which they take over. */
  fallbackModels: string[];
  /** The faculty was the workspace's own, as a person accepted it. */
  fromWorkspace?: true;
  /** How many tokens a model holds, as the faculty says; null where that is each one's own affair. */
  contextTokens: number | null;
};

/** What foci lack that began before it could be chosen. */
const BEFORE = { thinking: null, fallbackModels: [], contextTokens: null };

export function readConfig(stored: JsonObject): PinnedConfig {
  const config = { ...BEFORE, ...stored } as unknown as PinnedConfig;
  return stored.context ? config : { ...config, context: defaultContextSettings(config.model) };
}

/** What requests to one of its models are made with: each is sent what it holds. */
export function configFor(config: PinnedConfig, model: string): EngageConfig {
  if (model === config.model) return config;
  const windowTokens = fallbackWindow(model, config.contextTokens);
  return { ...config, model, context: { ...config.context, windowTokens } };
}
