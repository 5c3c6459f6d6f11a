/**
 * Where tools are run: the only file that calls what a tool does. It decides nothing: whether a call may run was decided
 * before. Whatever the tool does comes back as a result.
 */
import { isDiskFull } from '../../db/disk-space.ts';
import { DbLost, type Tx } from '../../db/types.ts';
import { ABORT_GRACE_MS, callTime } from './call-time.ts';
import type {
  Evaluation,
  FilePlan,
  SettledPlan,
  StoredCallWait,
  StoreTool,
  ToolResult,
  WaitingTool,
  WorldTool,
} from './tool.ts';
import type { CallEnd, EngageDependencies } from './types.ts';
import { endsInMs, TIME_IS_UP } from './within-time.ts';

/** Longest result, in characters. Tools page well below this; it holds what they cannot. */
const RESULT_MAX = 200_000;

/** The work goes on, or asks to: a command is waited for until all that it started has ended and its output is read. */
const TIME_UP_GRACE_MS = 5000;

const IN_DOUBT = 'It may or may not have changed the file; look at it before you repeat it.';

type InvokeDependencies = Pick<EngageDependencies, 'context' | 'abort'>;
type RunDependencies = InvokeDependencies & Pick<EngageDependencies, 'limits'>;

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
  deps: RunDependencies,
  tool: WorldTool,
  input: unknown,
  plan: FilePlan | undefined,
): Promise<{ end: CallEnd; result: ToolResult }> {
  const leftMs = endsInMs(await deps.limits.runsUntil());
  const ran = await inToolTime(tool, { abort: deps.abort, leftMs }, (signal) => {
    return tool.run(input, { ...deps.context, signal }, plan);
  });
  if (ran.kind === 'ended')
    return plan ? lookBack(deps, tool, plan, ran) : { end: ran.end, result: cleaned(ran.result) };
  const result = ran.isCut && ran.value.isError ? withReason(ran.value) : ran.value;
  return { end: result.isError ? 'error' : 'done', result: cleaned(result) };
}

/**
 * It did not say itself what became of its plan: the file does. As long as the tool works it may be in the middle of the step,
 * so what is not done is not sure either.
 */
async function lookBack(deps: InvokeDependencies, tool: WorldTool, plan: FilePlan, { end, result, isOver }: Ended) {
  const settled = await settleWorldTool(deps, tool, plan);
  if (settled.kind === 'done') return { end: 'done' as const, result: settled.result };
  if (settled.kind === 'run' && isOver) return { end, result: cleaned(result) };
  const content = `${result.content} ${IN_DOUBT}`;
  return { end: 'interrupted' as const, result: cleaned({ ...result, content }) };
}

/** `end` is the call's, which has not begun. */
export type PlannedCall = { kind: 'plan'; plan: FilePlan } | { kind: 'refused'; end: CallEnd; result: ToolResult };

/** Undefined where the tool makes no plans. What goes wrong while it makes one ends the call, and nothing else. */
export async function planWorldTool(
  deps: RunDependencies,
  tool: WorldTool,
  input: unknown,
): Promise<PlannedCall | undefined> {
  const { plan } = tool;
  if (!plan) return undefined;
  const leftMs = endsInMs(await deps.limits.runsUntil());
  const made = await inToolTime(tool, { abort: deps.abort, leftMs }, (signal) => {
    return plan(input, { ...deps.context, signal });
  });
  if (made.kind === 'ended') return { kind: 'refused', end: made.end, result: cleaned(made.result) };
  const planned = made.value;
  return planned.kind === 'plan' ? planned : { kind: 'refused', end: 'error', result: cleaned(planned.result) };
}

/** Where it cannot be found out what became of the plan, for whatever reason, that is not sure. */
export async function settleWorldTool(deps: InvokeDependencies, tool: WorldTool, plan: FilePlan): Promise<SettledPlan> {
  const { settle } = tool;
  if (!settle) return { kind: 'unsure' };
  // Looking takes nothing from the work's time: what was done is done.
  const looked = await inToolTime(tool, { abort: deps.abort, leftMs: Number.POSITIVE_INFINITY }, (signal) => {
    return settle(plan, { ...deps.context, signal });
  });
  if (looked.kind === 'ended') return { kind: 'unsure' };
  const settled = looked.value;
  return settled.kind === 'done' ? { kind: 'done', result: cleaned(settled.result) } : settled;
}

/** `isCut`: it came after the work's time was up. */
type Timed<T> = { kind: 'value'; value: T; isCut: boolean } | Ended;

/** `isOver`: the tool has come to its end, if to none that says anything; else it was given up, and may still work. */
type Ended = { kind: 'ended'; end: CallEnd; result: ToolResult; isOver: boolean };

/** The tool's own time, or what is left of the work's where that is less. Rejects with what is the database's alone. */
async function inToolTime<T>(
  tool: WorldTool,
  { abort, leftMs }: { abort: AbortSignal; leftMs: number },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<Timed<T>> {
  const isOfWork = leftMs < tool.timeoutMs;
  using time = callTime(abort, {
    ms: Math.min(leftMs, tool.timeoutMs),
    ...(isOfWork ? { reason: workOver(), graceMs: TIME_UP_GRACE_MS } : { reason: overTime(), graceMs: ABORT_GRACE_MS }),
  });
  const early = (isOver: boolean) => {
    return { ...endedEarly(tool, time.isTimeUp() ? (isOfWork ? 'work' : 'tool') : 'cancelled'), isOver };
  };
  try {
    const value = await Promise.race([work(time.signal), time.gaveUp]);
    if (value === undefined) return early(false);
    return { kind: 'value', value, isCut: isOfWork && time.isTimeUp() };
  } catch (error) {
    // Nothing of the call went wrong: whoever goes on finds it where it is.
    if (error instanceof DbLost || isDiskFull(error)) throw error;
    // What a tool throws once it was told to end says no more than that.
    return time.signal.aborted ? early(true) : ended('error', `${tool.name} failed: ${reasonOf(error)}`);
  }
}

function endedEarly({ name, timeoutMs }: WorldTool, by: 'work' | 'tool' | 'cancelled') {
  switch (by) {
    case 'work':
      return ended('error', `${name} was ended: ${TIME_IS_UP}.`);
    case 'tool':
      return ended('error', `${name} did not end within ${timeoutMs / 1000} s.`);
    case 'cancelled':
      return ended('cancelled', `${name} was cancelled.`);
  }
}

/** The tool says only that it was cancelled. */
function withReason(result: ToolResult): ToolResult {
  return { ...result, content: `${result.content}\n[ended: ${TIME_IS_UP}]` };
}

export const reasonOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));

const overTime = () => new DOMException('over its time', 'TimeoutError');

/** To the tool it is a cancellation: nothing is wrong with how long the call took. */
const workOver = () => new DOMException(TIME_IS_UP, 'AbortError');

function ended(end: CallEnd, content: string): Ended {
  return { kind: 'ended', end, result: { content, isError: true }, isOver: true };
}

/** Text that a database and every provider take. */
export function cleaned(result: ToolResult): ToolResult {
  const text = result.content.replaceAll('\0', '\uFFFD').toWellFormed();
  if (text.length <= RESULT_MAX) return { ...result, content: text };
  const cut = `${text.slice(0, RESULT_MAX)}\n[cut: ${text.length - RESULT_MAX} more characters]`;
  return { ...result, content: cut.toWellFormed() };
}
