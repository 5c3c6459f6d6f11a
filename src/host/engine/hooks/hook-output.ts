/** What asking a hook gives, however its process is kept, and what such a process gets to see. */
import type { HookEvent } from '../engage/hooks.ts';
import { type Answer, readAnswer } from './answer.ts';
import type { Hook } from './hook.ts';

/** `input` is one line, and has the id in it. */
export type HookQuestion = { event: HookEvent; id: string; input: string };

export type HookOutput =
  | { kind: 'answered'; answer: Answer }
  /** As a clause: "it did not end within 10 s". */
  | { kind: 'failed'; reason: string };

export type HookRan = HookOutput & { exitCode: number | null; stderrTail: string };

export type HookRunning = HookRan & { durationMs: number };

/** Largest output, in bytes. */
export const OUTPUT_MAX_BYTES = 2 * 1024 * 1024;
export const GRACE_MS = 1000;

export type HookIds = { event: string; focusId: string; workItemId: string };

export const failed = (reason: string): HookOutput => ({ kind: 'failed', reason });

export function answered(question: HookQuestion, said: string): HookOutput {
  const read = readAnswer(question, said);
  return read.kind === 'answer' ? { kind: 'answered', answer: read.answer } : failed(`it answered with ${read.reason}`);
}

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
