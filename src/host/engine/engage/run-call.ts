/**
 * The one enforcement point: every call goes through here, whoever made it. Its arguments are checked, hooks have their say,
 * permissions decide, its start is recorded, it runs, hooks see what it gave, its result is recorded. Each of these is a row
 * before the next begins, so that a call goes on where it was.
 */
import * as z from 'zod';
import { isDiskFull } from '../../db/disk-space.ts';
import { DbLost } from '../../db/types.ts';
import type { JsonValue } from '../../llm/types.ts';
import {
  cleaned,
  evaluateTool,
  planWorldTool,
  reasonOf,
  runStoreTool,
  runWorldTool,
  settleWorldTool,
} from './invoke-tool.ts';
import type { Allowed } from './permissions.ts';
import type { FilePlan, StoreTool, Tool, ToolEffect, ToolResult, WaitingTool, WorldTool } from './tool.ts';
import type { CallEnd, EngageDependencies, RecordedCall, WaitingCall } from './types.ts';
import { isUp, TIME_IS_UP } from './within-time.ts';

const INTERRUPTED =
  'Interrupted: the host ended while this ran. It may or may not have taken effect; check before you repeat it.';

const LED_AWAY =
  'Not run: the path leads elsewhere than it did a moment ago. Nothing was written; look where it leads.';

export type CallDependencies = Pick<
  EngageDependencies,
  'tools' | 'journal' | 'context' | 'abort' | 'hooks' | 'permissions' | 'limits'
>;

/** A call whose arguments fit its tool. `arguments` as they are stored, `input` as the tool takes them. */
type CheckedCall = { call: RecordedCall; tool: Tool; arguments: JsonValue; input: unknown };

/**
 * Gives the recorded result; runs the call first where that has not happened. A call that may have to wait, for its tool or
 * for a person, is not evaluated here but given back, for the end of the turn.
 */
export async function runCall(deps: CallDependencies, call: RecordedCall): Promise<ToolResult | WaitingCall> {
  if (call.result) return call.result;
  const checked = await checkCall(deps, call);
  if ('content' in checked) return checked;
  const { tool } = checked;
  if (call.raw) return afterTool(deps, checked, call.raw, null);
  if (call.started && !isRepeatable(tool)) return settleStarted(deps, checked);
  const permission = await deps.permissions.decide(checked);
  if (permission.kind === 'denied') return refuse(deps, call, 'denied', permission.reason);
  if (permission.kind === 'ask') return { call, evaluate: permission.evaluate };
  switch (tool.kind) {
    case 'waiting':
      return waitingCall(deps, tool, checked);
    case 'store':
      return callStoreTool(deps, tool, checked);
    case 'world':
      return callWorldTool(deps, tool, checked, permission);
  }
}

/** The schema, then the hooks, whose arguments have to fit it too. Gives the result where the call ends here. */
export async function checkCall(deps: CallDependencies, call: RecordedCall): Promise<CheckedCall | ToolResult> {
  const tool = deps.tools.get(call.name);
  if (!tool) return refuse(deps, call, 'error', unknownTool(call.name, deps.tools));
  if (call.invalid) return refuse(deps, call, 'error', unparsable(call.invalid));
  const asked = call.input as JsonValue;
  const complaint = complaintAbout(tool, asked);
  if (complaint !== undefined) return refuse(deps, call, 'error', complaint);
  // Hooks are asked once: one that has started, or has been through this, goes on with what they left.
  if (call.effectiveInput === undefined && !call.started && !call.raw) {
    const verdict = await deps.hooks.beforeTool(
      { call, effect: effectOf(tool), input: asked, complaint: (input) => complaintAbout(tool, input) },
      deps.abort,
    );
    if (verdict.kind === 'block') {
      return deps.journal.finishCall(call, 'blocked', { content: verdict.reason, isError: true }, verdict.runs);
    }
    if (verdict.kind === 'pass') {
      call.effectiveInput = await deps.journal.keepInput(call, verdict.input, verdict.runs);
    }
  }
  const effective = call.effectiveInput ?? asked;
  const parsed = tool.input.safeParse(effective);
  if (!parsed.success) return refuse(deps, call, 'error', badArguments(tool, parsed.error));
  return { call, tool, arguments: effective, input: parsed.data };
}

/** One that waits changes nothing by itself. */
export function effectOf(tool: Tool): ToolEffect {
  return tool.kind === 'waiting' ? 'read' : tool.effect;
}

async function waitingCall(deps: CallDependencies, tool: WaitingTool, checked: CheckedCall): Promise<WaitingCall> {
  const { call, input } = checked;
  return {
    call,
    evaluate: (stored, tx) => evaluateTool(deps, tool, call.id, input, stored, tx),
    ...((await isWatched(deps, tool)) ? { finish: (raw) => afterTool(deps, checked, raw, null) } : {}),
  };
}

/** What the tool's own code throws becomes its result, without its rows; what the journal throws does not. */
async function callStoreTool(deps: CallDependencies, tool: StoreTool, checked: CheckedCall): Promise<ToolResult> {
  const { call, input } = checked;
  const watched = await isWatched(deps, tool);
  const thrown = new Set<unknown>();
  const began = performance.now();
  try {
    const run = async (tx: Parameters<StoreTool['run']>[2]) => {
      try {
        return await runStoreTool(deps, tool, input, tx);
      } catch (error) {
        thrown.add(error);
        throw error; // the transaction rolls back, or is tried again
      }
    };
    const result = await deps.journal.runStoreCall(call, tool.effect, run, watched ? 'raw' : 'result');
    return watched ? await afterTool(deps, checked, result, performance.now() - began) : result;
  } catch (error) {
    if (!thrown.has(error) || error instanceof DbLost || isDiskFull(error)) throw error;
    return refuse(deps, call, 'error', `${tool.name} failed: ${reasonOf(error)}`);
  }
}

async function callWorldTool(
  deps: CallDependencies,
  tool: WorldTool,
  checked: CheckedCall,
  { path, files }: Allowed,
): Promise<ToolResult> {
  const { call, input } = checked;
  if (isUp(await deps.limits.runsUntil())) return refuse(deps, call, 'error', `Not run: ${TIME_IS_UP}.`);
  const planned = await planWorldTool(deps, tool, input);
  if (planned?.kind === 'refused') return deps.journal.finishCall(call, planned.end, planned.result);
  if (path !== undefined && planned && planned.plan.path !== path) return refuse(deps, call, 'error', LED_AWAY);
  await deps.journal.startCall(call, tool.effect, planned?.plan);
  const context = files ? { ...deps.context, fileRules: files } : deps.context;
  return runStarted({ ...deps, context }, tool, checked, planned?.plan);
}

async function runStarted(
  deps: CallDependencies,
  tool: WorldTool,
  checked: CheckedCall,
  plan: FilePlan | undefined,
): Promise<ToolResult> {
  const watched = await isWatched(deps, tool);
  const began = performance.now();
  const { end, result } = await runWorldTool(deps, tool, checked.input, plan);
  const isKnown = end === 'done' || end === 'error';
  if (!watched || !isKnown) return deps.journal.finishCall(checked.call, end, result);
  const raw = await deps.journal.keepRaw(checked.call, result);
  return afterTool(deps, checked, raw, performance.now() - began);
}

/** What only reads may be run again. */
function isRepeatable(tool: Tool): boolean {
  return effectOf(tool) === 'read' && !(tool.kind === 'world' && tool.repeatable === false);
}

/** A call that may have changed something is not repeated, unless it can be seen that it has not. */
async function settleStarted(deps: CallDependencies, checked: CheckedCall): Promise<ToolResult> {
  const { call, tool } = checked;
  const plan = tool.kind === 'world' && tool.settle ? await deps.journal.planOf(call) : undefined;
  if (tool.kind !== 'world' || !plan) return interrupted(deps, call);
  const settled = await settleWorldTool(deps, tool, plan);
  if (settled.kind === 'run') return runStarted(deps, tool, checked, plan);
  if (settled.kind === 'unsure') return interrupted(deps, call);
  if (!(await isWatched(deps, tool))) return deps.journal.finishCall(call, 'done', settled.result);
  return afterTool(deps, checked, await deps.journal.keepRaw(call, settled.result), null);
}

function interrupted({ journal }: CallDependencies, call: RecordedCall): Promise<ToolResult> {
  return journal.finishCall(call, 'interrupted', { content: INTERRUPTED, isError: true });
}

const isWatched = (deps: CallDependencies, tool: Tool) => deps.hooks.matches('AfterToolCall', tool.name);

/** What hooks make of a result that is stored as the tool gave it. */
async function afterTool(
  deps: CallDependencies,
  { call, tool, arguments: input }: CheckedCall,
  raw: ToolResult,
  durationMs: number | null,
): Promise<ToolResult> {
  const seen = { call, effect: effectOf(tool), input, result: raw, durationMs };
  const { result, runs } = await deps.hooks.afterTool(seen, deps.abort);
  return deps.journal.finishCall(call, result.isError ? 'error' : 'done', cleaned(result), runs);
}

/** The call ends without having run. */
export function refuse(
  { journal }: Pick<CallDependencies, 'journal'>,
  call: RecordedCall,
  end: CallEnd,
  content: string,
): Promise<ToolResult> {
  return journal.finishCall(call, end, { content, isError: true });
}

function complaintAbout(tool: Tool, input: JsonValue): string | undefined {
  const parsed = tool.input.safeParse(input);
  return parsed.success ? undefined : badArguments(tool, parsed.error);
}

function badArguments({ name }: Tool, error: z.ZodError): string {
  return `Bad arguments for ${name}:\n${z.prettifyError(error)}`;
}

function unknownTool(name: string, tools: ReadonlyMap<string, Tool>): string {
  return `There is no tool "${name}". The tools are: ${[...tools.keys()].join(', ')}.`;
}

function unparsable({ raw, reason }: { raw: string; reason: string }): string {
  const shown = raw.length > 500 ? `${raw.slice(0, 500)}…` : raw;
  return `The arguments are not a JSON object (${reason}), so nothing was run. They were: ${shown}`;
}
