/** What a focus was fixed to when it began to engage, as its row has it. */
import type { JsonObject } from '../../../protocol/json.ts';
import type { EngageConfig } from '../engage/types.ts';
import { defaultContextSettings } from './context-settings.ts';

export type PinnedConfig = EngageConfig & {
  /** provider/name, in the order in which they take over. */
  fallbackModels: string[];
};

/** What foci lack that began before it could be chosen. */
const BEFORE = { thinking: null, fallbackModels: [] };

export function readConfig(stored: JsonObject): PinnedConfig {
  const config = { ...BEFORE, ...stored } as unknown as PinnedConfig;
  return stored.context ? config : { ...config, context: defaultContextSettings(config.model) };
}
