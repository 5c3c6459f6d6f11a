/**
 * The one way a tool is run, whoever asked for it: arguments checked, start recorded, run within its time, result
 * recorded. Whatever the tool does comes back as a result.
 */
import * as z from 'zod';
import { isDiskFull } from '../../db/disk-space.ts';
import { DbLost } from '../../db/types.ts';
import type { FilePlan, StoreTool, Tool, ToolResult, WaitingTool, WorldTool } from './tool.ts';
import type { CallEnd, EngageDependencies, RecordedCall, Settled, WaitingCall } from './types.ts';

/** Longest result, in characters. Tools page well below this; it holds what they cannot. */
const RESULT_MAX = 200_000;

/** How long a tool that ignores its signal is waited for. */
const ABORT_GRACE_MS = 1000;

const INTERRUPTED =
  'Interrupted: the host ended while this ran. It may or may not have taken effect; check before you repeat it.';

export type CallDependencies = Pick<EngageDependencies, 'tools' | 'journal' | 'context' | 'abort'>;

/**
 * Gives the recorded result; runs the call first where that has not happened. A call that may have to wait is not evaluated
 * here but given back, for the end of the turn.
 */
export async function runCall(deps: CallDependencies, call: RecordedCall): Promise<ToolResult | WaitingCall> {
  if (call.result) return call.result;
  const tool = deps.tools.get(call.name);
  if (!tool) return fail(deps, call, unknownTool(call.name, deps.tools));
  if (call.invalid) return fail(deps, call, unparsable(call.invalid));
  const input = tool.input.safeParse(call.input);
  if (!input.success) return fail(deps, call, `Bad arguments for ${call.name}:\n${z.prettifyError(input.error)}`);
  if (tool.kind === 'waiting') return waitingCall(deps, tool, call, input.data);
  if (tool.kind === 'store') return runStoreTool(deps, tool, call, input.data);
  return runWorldTool(deps, tool, call, input.data);
}

async function runWorldTool(
  deps: CallDependencies,
  tool: WorldTool,
  call: RecordedCall,
  input: unknown,
): Promise<ToolResult> {
  const begun =
    call.started && !isRepeatable(tool) ? await settleStarted(deps, tool, call) : await begin(deps, tool, call, input);
  if (begun.kind === 'result') return begun.result;
  const { end, result } = await runWithinTime(deps, tool, input, begun.plan);
  return deps.journal.finishCall(call, end, cleaned(result));
}

function isRepeatable({ effect, repeatable }: WorldTool): boolean {
  return effect === 'read' && repeatable !== false;
}

type Begun = { kind: 'begun'; plan: FilePlan | undefined } | { kind: 'result'; result: ToolResult };

async function begin(deps: CallDependencies, tool: WorldTool, call: RecordedCall, input: unknown): Promise<Begun> {
  const planned = await tool.plan?.(input, { ...deps.context, signal: deps.abort });
  if (planned?.kind === 'refused') {
    return { kind: 'result', result: await deps.journal.finishCall(call, 'error', cleaned(planned.result)) };
  }
  await deps.journal.startCall(call, tool.effect, planned?.plan);
  return { kind: 'begun', plan: planned?.plan };
}

/** A call that may have changed something is not repeated, unless it can be seen that it has not. */
async function settleStarted(deps: CallDependencies, tool: WorldTool, call: RecordedCall): Promise<Begun> {
  const plan = tool.settle ? await deps.journal.planOf(call) : undefined;
  const settled = plan && (await tool.settle?.(plan, { ...deps.context, signal: deps.abort }));
  if (settled?.kind === 'run') return { kind: 'begun', plan };
  const result =
    settled?.kind === 'done'
      ? await deps.journal.finishCall(call, 'done', cleaned(settled.result))
      : await deps.journal.finishCall(call, 'interrupted', { content: INTERRUPTED, isError: true });
  return { kind: 'result', result };
}

function waitingCall(deps: CallDependencies, tool: WaitingTool, call: RecordedCall, input: unknown): WaitingCall {
  const context = { ...deps.context, signal: deps.abort };
  return {
    call,
    async evaluate(stored, tx) {
      const evaluation = await tool.evaluate(input, context, stored, tx);
      return evaluation.kind === 'wait' ? evaluation : { kind: 'result', result: cleaned(evaluation.result) };
    },
  };
}

/**
 * Settles the calls that may have to wait, once everything else of the turn has its result. What a tool's own code throws
 * becomes its result, and the others are settled without it.
 */
export async function settleCalls(deps: CallDependencies, waiting: readonly WaitingCall[]): Promise<Settled> {
  const thrown = new Map<unknown, RecordedCall>();
  const watched = waiting.map(({ call, evaluate }): WaitingCall => {
    const watch: WaitingCall['evaluate'] = async (stored, tx) => {
      try {
        return await evaluate(stored, tx);
      } catch (error) {
        thrown.set(error, call);
        throw error; // the transaction rolls back, or is tried again
      }
    };
    return { call, evaluate: watch };
  });
  try {
    return await deps.journal.settleCalls(watched);
  } catch (error) {
    const broken = thrown.get(error);
    if (!broken || error instanceof DbLost) throw error;
    const result = await fail(deps, broken, `${broken.name} failed: ${reasonOf(error)}`);
    const rest = waiting.filter(({ call }) => call !== broken);
    const settled: Settled =
      rest.length === 0 ? { kind: 'settled', results: new Map() } : await settleCalls(deps, rest);
    if (settled.kind === 'parked') return settled;
    return { kind: 'settled', results: new Map([...settled.results, [broken.id, result]]) };
  }
}

function fail({ journal }: CallDependencies, call: RecordedCall, content: string): Promise<ToolResult> {
  return journal.finishCall(call, 'error', { content, isError: true });
}

/** What the tool's own code throws becomes its result, without its rows; what the journal throws does not. */
async function runStoreTool(
  deps: CallDependencies,
  tool: StoreTool,
  call: RecordedCall,
  input: unknown,
): Promise<ToolResult> {
  const context = { ...deps.context, signal: deps.abort };
  const thrown = new Set<unknown>();
  try {
    return await deps.journal.runStoreCall(call, tool.effect, async (tx) => {
      try {
        return cleaned(await tool.run(input, context, tx));
      } catch (error) {
        thrown.add(error);
        throw error; // the transaction rolls back, or is tried again
      }
    });
  } catch (error) {
    if (!thrown.has(error) || error instanceof DbLost || isDiskFull(error)) throw error;
    return fail(deps, call, `${tool.name} failed: ${reasonOf(error)}`);
  }
}

async function runWithinTime(
  deps: CallDependencies,
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

const reasonOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));

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
function cleaned(result: ToolResult): ToolResult {
  const text = result.content.replaceAll('\0', '\uFFFD').toWellFormed();
  if (text.length <= RESULT_MAX) return { ...result, content: text };
  const cut = `${text.slice(0, RESULT_MAX)}\n[cut: ${text.length - RESULT_MAX} more characters]`;
  return { ...result, content: cut.toWellFormed() };
}

function unknownTool(name: string, tools: ReadonlyMap<string, Tool>): string {
  return `There is no tool "${name}". The tools are: ${[...tools.keys()].join(', ')}.`;
}

function unparsable({ raw, reason }: { raw: string; reason: string }): string {
  const shown = raw.length > 500 ? `${raw.slice(0, 500)}…` : raw;
  return `The arguments are not a JSON object (${reason}), so nothing was run. They were: ${shown}`;
}
