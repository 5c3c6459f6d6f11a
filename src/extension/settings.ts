/** The settings of the extension: one table, which package.json's own is held against by a test. */
import * as z from 'zod';

export const SETTINGS = {
  /** provider/name for the work that this window submits; empty lets the faculty and the configuration decide. */
  'animus.model': z.string().trim().max(200).default(''),
  /** Where requests for Claude go, and so the only place that the stored key is sent to; empty for the configuration's. */
  'animus.anthropic.baseUrl': z.union([z.literal(''), z.url({ protocol: /^https?$/ })]).default(''),
} as const;

export type Settings = { model: string | null; anthropicBaseUrl: string | null };

/** What is malformed counts as not set. `read` gives the value of a setting by its whole name. */
export function readSettings(read: (name: keyof typeof SETTINGS) => unknown): Settings {
  const value = (name: keyof typeof SETTINGS) => SETTINGS[name].safeParse(read(name) ?? '').data || null;
  return { model: value('animus.model'), anthropicBaseUrl: value('animus.anthropic.baseUrl') };
}
