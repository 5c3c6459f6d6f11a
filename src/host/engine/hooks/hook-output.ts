/** What asking a hook gives, however its process is kept, and what such a process gets to see. */
import type { Hook } from './hook.ts';

export type HookOutput =
  | { kind: 'said'; text: string }
  /** As a clause: "it did not end within 10 s". */
  | { kind: 'failed'; reason: string };

export type HookRan = HookOutput & { exitCode: number | null; stderrTail: string };

export type HookRunning = HookRan & { durationMs: number };

/** Largest output, in bytes. */
export const OUTPUT_MAX_BYTES = 2 * 1024 * 1024;
export const GRACE_MS = 1000;

export type HookIds = { event: string; focusId: string; workItemId: string };

export const failed = (reason: string): HookOutput => ({ kind: 'failed', reason });

export function hookEnvironment(
  environment: Readonly<Record<string, string>>,
  hook: Hook,
  ids?: HookIds,
): Record<string, string> {
  return {
    ...environment,
    ANIMUS_HOOK_NAME: hook.name,
    ...(ids ? { ANIMUS_HOOK_EVENT: ids.event, ANIMUS_FOCUS_ID: ids.focusId, ANIMUS_WORK_ID: ids.workItemId } : {}),
  };
}
