/** What a focus was fixed to when it began to engage, as its row has it. */
import type { JsonObject } from '../../../protocol/json.ts';
import type { EngageConfig } from '../engage/types.ts';

export type PinnedConfig = EngageConfig & {
  /** provider/name, in the order in which they take over. */
  fallbackModels: string[];
};

/** What foci lack that began before it could be chosen. */
const BEFORE = { thinking: null, fallbackModels: [] };

export function readConfig(stored: JsonObject): PinnedConfig {
  return { ...BEFORE, ...stored } as unknown as PinnedConfig;
}
