/** What files that give no hook decide: each may be a guard of anything, so nothing goes on until somebody has looked. */
import { uuidv7 } from '../../../rendezvous/ids.ts';
import type { HookDecision, HookEvent } from '../engage/hooks.ts';
import type { HookProblem } from './hook.ts';

/** They block what has not happened yet, and mark what has. */
export function brokenFiles(problems: readonly HookProblem[], event: HookEvent): HookDecision[] {
  return problems.map(({ name, message, next }) => ({
    ...{ id: uuidv7(), event, hook: name, outcome: event === 'AfterToolCall' ? 'marked' : 'blocked' },
    reason: `The hook ${name} cannot be read, and it may be a guard. ${message} ${next}`,
    ...{ patch: null, exitCode: null, stderrTail: '', durationMs: 0 },
  }));
}

export const reasonsOf = (broken: readonly HookDecision[]) => broken.map(({ reason }) => reason).join('\n');
