/**
 * Where tools are run: the only file that calls what a tool does. It decides nothing: whether a call may run was decided
 * before. Whatever the tool does comes back as a result.
 */
import type { Tx } from '../../db/types.ts';
import type {
  Evaluation,
  FilePlan,
  Planned,
  SettledPlan,
  StoredCallWait,
  StoreTool,
  ToolResult,
  WaitingTool,
  WorldTool,
} from './tool.ts';
import type { CallEnd, EngageDependencies } from './types.ts';

/** Longest result, in characters. Tools page well below this; it holds what they cannot. */
const RESULT_MAX = 200_000;

/** How long a tool that ignores its signal is waited for. */
const ABORT_GRACE_MS = 1000;

type InvokeDependencies = Pick<EngageDependencies, 'context' | 'abort'>;

/** Rejects with what the tool's own code throws. */
export async function runStoreTool(
  deps: InvokeDependencies,
  tool: StoreTool,
  input: unknown,
  tx: Tx,
): Promise<ToolResult> {
  return cleaned(await tool.run(input, { ...deps.context, signal: deps.abort }, tx));
}

/** Rejects with what the tool's own code throws. */
export async function evaluateTool(
  deps: InvokeDependencies,
  tool: WaitingTool,
  callId: string,
  input: unknown,
  stored: StoredCallWait | null,
  tx: Tx,
): Promise<Evaluation> {
  const evaluation = await tool.evaluate(input, { ...deps.context, signal: deps.abort, callId }, stored, tx);
  if (evaluation.kind !== 'result') return evaluation;
  return { kind: 'result', result: cleaned(evaluation.result) };
}

export async function runWorldTool(
  deps: InvokeDependencies,
  tool: WorldTool,
  input: unknown,
  plan: FilePlan | undefined,
): Promise<{ end: CallEnd; result: ToolResult }> {
  const { end, result } = await runWithinTime(deps, tool, input, plan);
  return { end, result: cleaned(result) };
}

/** Undefined where the tool makes no plans. */
export async function planWorldTool(
  deps: InvokeDependencies,
  tool: WorldTool,
  input: unknown,
): Promise<Planned | undefined> {
  const planned = await tool.plan?.(input, { ...deps.context, signal: deps.abort });
  return planned?.kind === 'refused' ? { kind: 'refused', result: cleaned(planned.result) } : planned;
}

export async function settleWorldTool(deps: InvokeDependencies, tool: WorldTool, plan: FilePlan): Promise<SettledPlan> {
  const settled = await tool.settle?.(plan, { ...deps.context, signal: deps.abort });
  if (settled?.kind === 'done') return { kind: 'done', result: cleaned(settled.result) };
  return settled ?? { kind: 'unsure' };
}

async function runWithinTime(
  deps: InvokeDependencies,
  tool: WorldTool,
  input: unknown,
  plan: FilePlan | undefined,
): Promise<{ end: CallEnd; result: ToolResult }> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(overTime()), tool.timeoutMs);
  const signal = AbortSignal.any([deps.abort, timeout.signal]);
  try {
    const result = await Promise.race([
      tool.run(input, { ...deps.context, signal }, plan),
      giveUpAfter(signal, ABORT_GRACE_MS),
    ]);
    if (result) return { end: result.isError ? 'error' : 'done', result };
    return endedEarly(tool, timeout.signal);
  } catch (error) {
    // What a tool throws once it was told to end says no more than that.
    return signal.aborted
      ? endedEarly(tool, timeout.signal)
      : failed('error', `${tool.name} failed: ${reasonOf(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

function endedEarly({ name, timeoutMs }: WorldTool, timeout: AbortSignal) {
  return timeout.aborted
    ? failed('error', `${name} did not end within ${timeoutMs / 1000} s.`)
    : failed('cancelled', `${name} was cancelled.`);
}

export const reasonOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));

const overTime = () => new DOMException('over its time', 'TimeoutError');

function failed(end: CallEnd, content: string): { end: CallEnd; result: ToolResult } {
  return { end, result: { content, isError: true } };
}

/** Resolves only after the signal, and leaves the tool time to say itself how it ended. */
function giveUpAfter(signal: AbortSignal, graceMs: number): Promise<undefined> {
  return new Promise((resolve) => {
    const later = () => setTimeout(() => resolve(undefined), graceMs).unref();
    if (signal.aborted) later();
    else signal.addEventListener('abort', later, { once: true });
  });
}

/** Text that a database and every provider take. */
export function cleaned(result: ToolResult): ToolResult {
  const text = result.content.replaceAll('\0', '\uFFFD').toWellFormed();
  if (text.length <= RESULT_MAX) return { ...result, content: text };
  const cut = `${text.slice(0, RESULT_MAX)}\n[cut: ${text.length - RESULT_MAX} more characters]`;
  return { ...result, content: cut.toWellFormed() };
}
