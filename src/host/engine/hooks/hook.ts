/** A hook as its file describes it. */
import * as z from 'zod';
import type { HookEvent } from '../engage/hooks.ts';
import { matchesText } from '../permissions/match-text.ts';

export const HOOK_FILE = 'HOOK.md';
export const HOOK_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

const EVENTS = ['BeforeLLMCall', 'BeforeToolCall', 'AfterToolCall', 'AfterTurn'] as const satisfies HookEvent[];

export const hookSchema = z.strictObject({
  name: z.string().regex(HOOK_NAME, 'expected lower-case letters, digits, hyphens and underscores'),
  description: z.string().min(1).max(1000),
  events: z.array(z.enum(EVENTS)).min(1),
  /** For the system's shell, in the hook's folder. */
  command: z.string().min(1).max(10_000),
  /** Tools by name, `*` for any letters, `|` between several; models for events of the model. None: all of them. */
  matcher: z.string().min(1).max(1000).nullable().default(null),
  enabled: z.boolean().default(true),
  timeout_ms: z.int().min(10).max(600_000).default(10_000),
  /** Lower ones first. */
  priority: z.int().min(-1_000_000).max(1_000_000).default(100),
  /** What a failure means: guards fail closed, unless they say otherwise. */
  on_error: z.enum(['block', 'allow']).default('block'),
  /** `persistent`: one process, a line of JSON in, a line of JSON out. */
  mode: z.enum(['once', 'persistent']).default('once'),
});

export type Hook = z.output<typeof hookSchema> & {
  origin: 'personal' | 'workspace';
  /** Absolute: where its command runs. */
  folder: string;
  /** Changes with what it is; a process of an older one is not used on. */
  version: string;
  documentation: string;
};

/** A folder that gives no hook, and what to do about it. */
export type HookProblem = { name: string; origin: Hook['origin']; file: string; message: string; next: string };

export function isAbout(hook: Hook, event: HookEvent, subject: string): boolean {
  if (!hook.enabled || !hook.events.includes(event)) return false;
  return hook.matcher === null || hook.matcher.split('|').some((one) => matchesText(one.trim(), subject));
}

/** By priority, then by name. */
export function inOrder(a: Hook, b: Hook): number {
  return a.priority - b.priority || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}
