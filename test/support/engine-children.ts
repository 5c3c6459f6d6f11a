/** Agents that have children: models that answer by the task they are given, and what they read in their results. */
import { awaitChildWork } from '../../src/host/engine/tools/await-child-work.ts';
import { checkChildWork } from '../../src/host/engine/tools/check-child-work.ts';
import { ledgerAppend } from '../../src/host/engine/tools/ledger-append.ts';
import { reportOutcome } from '../../src/host/engine/tools/report-outcome.ts';
import { type ChildLimits, spawnChildWork } from '../../src/host/engine/tools/spawn-child-work.ts';
import type { CompletionRequest, ToolResultBlock } from '../../src/host/llm/types.ts';
import { type WrittenAnswer, type WrittenCall, type WrittenModel, writtenModel } from './engine-model.ts';

export const LIMITS: ChildLimits = { maxDepth: 5, maxPerFocus: 32 };

const FACULTIES = ['general', 'single'];

export function childTools(limits: ChildLimits = LIMITS) {
  const spawn = spawnChildWork(limits, (wanted) => {
    if (!FACULTIES.includes(wanted)) return { kind: 'unknown', names: FACULTIES };
    return { kind: 'found', name: wanted, dedup: wanted === 'single', maxAttempts: 3 };
  });
  return [reportOutcome, ledgerAppend, spawn, checkChildWork, awaitChildWork];
}

export const spawn = (description: string, more: object = {}): WrittenCall => ({
  name: 'spawn_child_work',
  input: { faculty: 'general', description, ...more },
});

export const awaiting = (ids: readonly string[], more: object = {}): WrittenCall => ({
  name: 'await_child_work',
  input: { ids: [...ids], ...more },
});

export const checking = (ids: readonly string[]): WrittenCall => ({
  name: 'check_child_work',
  input: { ids: [...ids] },
});

/** The results of the request's last turn. */
export function lastResults(request: CompletionRequest): ToolResultBlock[] {
  return (request.messages.at(-1)?.content ?? []).filter((block) => block.type === 'tool_result');
}

/** The ids that spawning gave in the request's whole conversation. */
export function spawnedIds(request: CompletionRequest): string[] {
  const results = request.messages.flatMap(({ content }) => content.filter((block) => block.type === 'tool_result'));
  return results.flatMap(({ content }) => /^spawned (\S+)$/.exec(content)?.[1] ?? []);
}

/** The first line of the task that a request is about. */
export function taskOf(request: CompletionRequest): string {
  const first = request.messages[0]?.content[0];
  return first?.type === 'text' ? (first.text.split('\n')[0] ?? '') : '';
}

export type Play = (turn: number, request: CompletionRequest) => WrittenAnswer;

/** Answers by the task: each has a play of its own. */
export function modelOfTasks(plays: Readonly<Record<string, Play>>): WrittenModel {
  return writtenModel((turn, request) => {
    const play = plays[taskOf(request)];
    return play?.(turn, request) ?? { error: { kind: 'malformed', message: `No play for ${taskOf(request)}.` } };
  });
}

/** Spawns the tasks in its first turn, awaits them in the second, and then says what it was given. */
export function delegate(tasks: readonly string[], more: object = {}): Play {
  return (turn, request) => {
    if (turn === 1) return { calls: tasks.map((task) => spawn(task)) };
    if (turn === 2) return { calls: [awaiting(spawnedIds(request), more)] };
    return { text: lastResults(request)[0]?.content ?? 'nothing' };
  };
}
