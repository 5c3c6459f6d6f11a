/** How a focus's context is bounded: by its faculty, and by what is known of its model. */
import { contextTokens } from '../../llm/context-sizes.ts';
import type { ContextSettings } from '../engage/context/types.ts';
import { type Faculty, facultySchema } from '../faculties/schema.ts';

/** For a model of which nobody knows, and no faculty says, how much it holds: too little costs a cut, too much a failure. */
const UNKNOWN_WINDOW_TOKENS = 100_000;

export function contextSettings(model: string, engage: Faculty['engage']): ContextSettings {
  return {
    windowTokens: engage.context_tokens ?? contextTokens(model) ?? UNKNOWN_WINDOW_TOKENS,
    truncateClosedBlocks: engage.truncate_closed_blocks,
    ledgerNudgeInterval: engage.ledger_nudge_interval,
    compactThreshold: engage.compact_threshold,
    compactKeepRecent: engage.compact_keep_recent,
    foldMinTokens: engage.fold_min_tokens,
  };
}

/** A program bounds what it shows to its models itself; it is never asked for a summary, and nothing is cut for it. */
export function externalContext(model: string, engage: Faculty['engage']): ContextSettings {
  return { ...contextSettings(model, engage), windowTokens: Number.MAX_SAFE_INTEGER };
}

/** What a model holds that takes over; `said`: by the faculty, which may have meant a larger one. Null: it says nothing. */
export function fallbackWindow(model: string, said: number | null): number {
  const known = contextTokens(model);
  if (said === null) return known ?? UNKNOWN_WINDOW_TOKENS;
  return Math.min(said, known ?? said);
}

/** Of a faculty that says nothing about it. */
export function defaultContextSettings(model: string): ContextSettings {
  const { faculty } = facultySchema.parse({ faculty: { name: 'silent', description: 'Says nothing.' } });
  return contextSettings(model, faculty.engage);
}
