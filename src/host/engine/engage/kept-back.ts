/** Calls whose turn to run has not come: one that they must not run before waits for a person. */
import type { JsonValue } from '../../llm/types.ts';
import type { AskedCall } from './permissions.ts';
import { type CallDependencies, checkCall, refuse, runCall } from './run-call.ts';
import type { ToolResult } from './tool.ts';
import type { RecordedCall, WaitingCall } from './types.ts';

/**
 * Starts nothing, and finds out whether the call asks a person too: what a turn asks is asked together. Hooks look at the
 * world, so they are asked where the call runs; of one that asks they are asked now, since a person is shown what they leave.
 */
export async function askAhead(
  deps: CallDependencies,
  call: RecordedCall,
): Promise<ToolResult | WaitingCall | 'kept back'> {
  // What has begun goes on.
  if (call.result || call.started || call.raw) return runCall(deps, call);
  const asked = asRecorded(deps, call);
  const permission = asked && (await deps.permissions.decide(asked));
  // Whose turn does not matter: nothing of it runs.
  if (permission?.kind === 'denied' && permission.byPerson) return refuse(deps, call, 'denied', permission.reason);
  if (permission?.kind !== 'ask') return 'kept back';
  const checked = await checkCall(deps, call);
  if ('content' in checked) return checked;
  const isSame = checked.arguments === asked?.arguments;
  const last = isSame ? permission : await deps.permissions.decide(checked);
  return last.kind === 'ask' ? { call, evaluate: last.evaluate } : 'kept back';
}

/** As far as its hooks were asked. Undefined where it does not fit a tool, which it is told when its turn comes. */
function asRecorded({ tools }: CallDependencies, call: RecordedCall): AskedCall | undefined {
  const tool = tools.get(call.name);
  if (!tool || call.invalid) return undefined;
  const recorded = call.effectiveInput ?? (call.input as JsonValue);
  const parsed = tool.input.safeParse(recorded);
  return parsed.success ? { call, tool, arguments: recorded, input: parsed.data } : undefined;
}
