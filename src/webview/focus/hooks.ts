/** What hooks did, in words and signs. */
import type { HookRunView, ToolCallView } from '../../protocol/focus.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { plural } from '../shared/duration.ts';
import type { Hue } from '../shared/icon-names.ts';
import { cutText, visibleLine } from '../shared/visible-text.ts';

/** What came of one, the worst last. */
const WEIGHTS = ['allowed', 'modified', 'marked', 'blocked'];

/** Before a model call that is for no turn. */
const SUMMARY_EVENT = 'BeforeLLMCall summary';

/** Hook runs that were decided together: before a turn's request, about one call, or after the turn. */
export type HookGroup = { key: string; turn: number; callId: string | null; runs: HookRunView[] };

/** In order. What hooks did before and after a call are two groups. */
export function groupHooks(runs: readonly HookRunView[]): HookGroup[] {
  const groups = new Map<string, HookGroup>();
  for (const run of runs) {
    const key = `${run.turn}:${run.event}:${run.tool_call_id ?? ''}`;
    const group = groups.get(key);
    if (group) group.runs.push(run);
    else groups.set(key, { key, turn: run.turn, callId: run.tool_call_id, runs: [run] });
  }
  return [...groups.values()];
}

/** The one that weighs most. */
export function worstOf(runs: readonly HookRunView[]): HookRunView | undefined {
  return runs.reduce<HookRunView | undefined>((worst, run) => {
    return !worst || weightOf(run) > weightOf(worst) ? run : worst;
  }, undefined);
}

function weightOf({ outcome }: HookRunView): number {
  const at = WEIGHTS.indexOf(outcome);
  return at < 0 ? WEIGHTS.length : at;
}

export function hookHue({ outcome }: Pick<HookRunView, 'outcome'>): Hue {
  if (outcome === 'blocked') return 'dead';
  if (outcome === 'modified') return 'running';
  return outcome === 'allowed' ? 'idle' : 'you';
}

type Told = Pick<HookRunView, 'event' | 'outcome' | 'reason' | 'patch' | 'patch_length' | 'exit_code'>;

/** What it did: `allowed`, `blocked`, `changed the input`, `failed` … Its reason is told beside it. */
export function hookWord(run: Told): string {
  switch (run.outcome) {
    case 'allowed':
      return 'allowed';
    case 'blocked':
      return 'blocked';
    case 'modified':
      return changedWord(run);
    case 'marked':
      return isRemark(run) ? 'only looked' : 'failed';
    default:
      return visibleLine(run.outcome.slice(0, 40));
  }
}

/** After a turn there is nothing to block or change: what such a hook answers is kept and does not count. */
function isRemark({ event, reason, exit_code }: Told): boolean {
  return reason === null || (event === 'AfterTurn' && exit_code === 0);
}

function changedWord({ event, patch }: Told): string {
  if (event === 'BeforeToolCall') return 'changed the input';
  if (event === 'AfterToolCall') return 'changed the result';
  if (!patch) return 'changed the request';
  const isSummary = event === SUMMARY_EVENT;
  const changed = requestChanges(isSummary ? ofSummary(patch) : patch);
  if (changed.length > 0) return changed.join(', ');
  return isSummary ? 'changed nothing that counts for a summary' : 'changed the request';
}

/** Instructions and conversation of a summary are the engine's own: what a patch says of them does not count. */
function ofSummary({ system: _, messages: _messages, tools_removed: _removed, ...counts }: JsonObject): JsonObject {
  return counts;
}

/** The keys of a patch are the host's, what they hold is a hook's. */
function requestChanges({ system, messages, tools_removed, model, temperature, max_tokens }: JsonObject): string[] {
  const said: string[] = [];
  if (system !== undefined) said.push('changed the system prompt');
  if (Array.isArray(messages)) said.push(`added ${plural(messages.length, 'message')}`);
  if (Array.isArray(tools_removed)) said.push(`took away ${tools_removed.map(short).join(', ')}`);
  if (model !== undefined) said.push(`chose ${short(model)}`);
  if (temperature !== undefined || max_tokens !== undefined) said.push('changed its parameters');
  return said;
}

const short = (value: unknown) => cutText(visibleLine(String(value).slice(0, 200)), 60);

export function eventWord(event: string): string {
  const known: Record<string, string> = {
    BeforeLLMCall: 'before the model',
    [SUMMARY_EVENT]: 'before a summary',
    BeforeToolCall: 'before the call',
    AfterToolCall: 'after the call',
    AfterTurn: 'after the turn',
  };
  return (Object.hasOwn(known, event) ? known[event] : undefined) ?? visibleLine(event.slice(0, 40));
}

/** Several in a line: `guard allowed, format changed the result`. */
export function hookLine(runs: readonly HookRunView[]): string {
  return runs.map((run) => `${nameOfHook(run)} ${hookWord(run)}`).join(', ');
}

export const nameOfHook = ({ name }: Pick<HookRunView, 'name'>) => cutText(visibleLine(name.slice(0, 200)), 64);

export function lengthOfHooks(runs: readonly HookRunView[]): number {
  return runs.reduce((sum, { duration_ms }) => sum + duration_ms, 0);
}

/** The hook that ended a call. */
export function blockerOf(call: Pick<ToolCallView, 'state'>, runs: readonly HookRunView[]): HookRunView | undefined {
  return call.state === 'blocked' ? runs.findLast(({ outcome }) => outcome === 'blocked') : undefined;
}
