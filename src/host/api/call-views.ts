/** A focus's tool calls for the wire: what was asked and came of it, who decided, what it changed. */
import type { CallApprovalView, CallChangeView, ToolCallView } from '../../protocol/focus.ts';
import type { CallDecision } from '../store/approvals/approvals.ts';
import type { CountedChange } from '../store/foci/file-changes.ts';
import type { ToolCall } from '../store/foci/tool-calls.ts';
import { jsonBytes, leftOut, PAGE_BYTES } from './page.ts';

/** Calls without their texts are small, and a focus of ten thousand turns has very many of them. */
const MOST_CALLS = 2500;

/** What is known of calls beside their own rows. */
export type CallFacts = { decisions: readonly CallDecision[]; changes: readonly CountedChange[] };

/** The newest calls are whole as far as they fit: the older ones' texts are in messages that the reader has. */
export function viewCalls(calls: readonly ToolCall[], { decisions, changes }: CallFacts): ToolCallView[] {
  const decisionOf = new Map(decisions.map((decision) => [decision.toolCallId, decision]));
  const changeOf = new Map(changes.map((change) => [change.toolCallId, change]));
  let bytes = 0;
  return calls
    .slice(-MOST_CALLS)
    .map((call) => viewCall(call, decisionOf.get(call.id), changeOf.get(call.id)))
    .reverse()
    .map((call) => {
      bytes += jsonBytes(call);
      return bytes > PAGE_BYTES ? withoutTexts(call) : call;
    })
    .reverse();
}

function withoutTexts(call: ToolCallView): ToolCallView {
  const result = call.result && { ...call.result, content: leftOut(call.result.content) };
  const approval = call.approval && { ...call.approval, reason: null };
  return { ...call, input: {}, result, approval };
}

function viewCall(call: ToolCall, decision?: CallDecision, change?: CountedChange): ToolCallView {
  const { id, turn, position, name, effect, input, state, result, startedAt, endedAt } = call;
  const duration_ms = startedAt && endedAt ? endedAt.getTime() - startedAt.getTime() : null;
  const started_at = startedAt?.toISOString() ?? null;
  return {
    ...{ id, turn, position, name, effect, input, state, result, started_at, duration_ms },
    approval: decision ? viewDecision(decision) : null,
    change: change ? viewChange(change) : null,
  };
}

function viewDecision({ id, state, scope, reason, decidedBy, decidedAt }: CallDecision): CallApprovalView {
  return { id, state, scope, reason, decided_by: decidedBy, decided_at: decidedAt?.toISOString() ?? null };
}

function viewChange({ beforeSha256, added, removed, isApplied, undoable, undoneAt }: CountedChange): CallChangeView {
  const kind = beforeSha256 === null ? 'created' : 'changed';
  return { kind, added, removed, applied: isApplied, undoable, undone_at: undoneAt?.toISOString() ?? null };
}
