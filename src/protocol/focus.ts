/** Foci and the ledger on the wire. */
import * as z from 'zod';
import { approvalScope } from './approvals.ts';
import { jsonObject, jsonValue } from './json.ts';
import { idText } from './work.ts';

export const entryType = z.enum(['plan', 'finding', 'decision', 'step', 'error', 'note']);
export type EntryType = z.infer<typeof entryType>;

export const ledgerEntryView = z.object({
  id: z.uuid(),
  work_item_id: z.uuid(),
  focus_id: z.uuid().nullable(),
  faculty: z.string(),
  seq: z.number(),
  entry_type: entryType,
  content: z.string(),
  data: jsonObject,
  created_at: z.iso.datetime(),
});
export type LedgerEntryView = z.infer<typeof ledgerEntryView>;

/** A place in the order of all entries: time, then id. */
export const ledgerCursor = z.strictObject({ created_at: z.iso.datetime(), id: z.uuid() });
export type LedgerCursor = z.infer<typeof ledgerCursor>;

/** What a focus may use at most. Null where there is no limit, or where nobody knows it. */
export const focusLimits = z.object({
  max_turns: z.int().min(1).nullable(),
  /** Of one request to its model. */
  context_tokens: z.int().min(1).nullable(),
  cost_usd: z.number().min(0).nullable(),
  /** What counts against `cost_usd`: the work's own cost and that of all below it. Absent without such a limit. */
  spent_usd: z.number().min(0).optional(),
});
export type FocusLimits = z.infer<typeof focusLimits>;

export const focusView = z.object({
  id: z.uuid(),
  short_id: z.string(),
  work_item_id: z.uuid(),
  attempt: z.number(),
  faculty: z.string(),
  phase: z.enum(['orient', 'engage', 'consolidate', 'recover']),
  status: z.enum(['running', 'parked', 'completed', 'failed', 'cancelled', 'released']),
  model: z.string().nullable(),
  /** True where a script, and no model, gives the answers. */
  scripted: z.boolean(),
  iterations: z.number(),
  input_tokens: z.number(),
  output_tokens: z.number(),
  /** Null where the price is unknown. */
  cost_usd: z.number().nullable(),
  /** True where nobody counted the tokens of some answers: those figures are estimates, and so is the cost. */
  estimated: z.boolean(),
  limits: focusLimits,
  error: z.object({ kind: z.string(), message: z.string() }).nullable(),
  started_at: z.iso.datetime(),
  ended_at: z.iso.datetime().nullable(),
  /** When its messages and calls were removed, long after its end. Null while they are there. */
  pruned_at: z.iso.datetime().nullable(),
});
export type FocusView = z.infer<typeof focusView>;

export const messageView = z.object({
  n: z.number(),
  turn: z.number(),
  block: z.number(),
  role: z.enum(['user', 'assistant']),
  kind: z.string(),
  content: jsonObject,
  /** Of an answer, what it cost. Null where the price is unknown, where a script answered, and for all other messages. */
  cost_usd: z.number().min(0).nullable(),
  created_at: z.iso.datetime(),
});
export type MessageView = z.infer<typeof messageView>;

/** What a person was asked about a call, and said. */
export const callApprovalView = z.object({
  id: z.uuid(),
  state: z.enum(['pending', 'allowed', 'denied']),
  /** What the decision reaches: this call, its focus, all work of the place. Null while there is none. */
  scope: approvalScope.nullable(),
  reason: z.string().nullable(),
  /** By what the person spoke: `cli`, `vscode` … */
  decided_by: z.string().nullable(),
  decided_at: z.iso.datetime().nullable(),
});
export type CallApprovalView = z.infer<typeof callApprovalView>;

/** That a call changes a file, in few bytes: `change/show` has the difference. */
export const callChangeView = z.object({
  kind: z.enum(['created', 'changed']),
  added: z.number(),
  removed: z.number(),
  /** False while it is only what the call was going to do when it started. */
  applied: z.boolean(),
  undoable: z.boolean(),
  undone_at: z.iso.datetime().nullable(),
});
export type CallChangeView = z.infer<typeof callChangeView>;

export const toolCallView = z.object({
  id: z.uuid(),
  turn: z.number(),
  position: z.number(),
  name: z.string(),
  effect: z.string().nullable(),
  input: jsonValue,
  state: z.string(),
  result: z.object({ content: z.string(), is_error: z.boolean() }).nullable(),
  started_at: z.iso.datetime().nullable(),
  duration_ms: z.number().nullable(),
  /** These two are null where there is none, and absent from hosts of an earlier version. */
  approval: callApprovalView.nullable().optional(),
  change: callChangeView.nullable().optional(),
});
export type ToolCallView = z.infer<typeof toolCallView>;

/** What one hook did about a turn's request, about one of its calls, or after it. */
export const hookRunView = z.object({
  id: z.uuid(),
  event: z.string(),
  name: z.string(),
  turn: z.number(),
  tool_call_id: z.uuid().nullable(),
  /** `marked`: its answer did not count. Of a guard that failed, `blocked`. Later versions may know more. */
  outcome: z.string(),
  /** Why it blocked, or how it failed. */
  reason: z.string().nullable(),
  /** As it was applied; null where it changed nothing, and where it is too long for a list. */
  patch: jsonObject.nullable(),
  /** In characters of JSON, also where it is left out. */
  patch_length: z.number().nullable(),
  exit_code: z.number().nullable(),
  stderr_tail: z.string(),
  duration_ms: z.number(),
  created_at: z.iso.datetime(),
});
export type HookRunView = z.infer<typeof hookRunView>;

/** A block that a step closed. */
export const contextBlockView = z.object({
  block: z.number(),
  first_message: z.number(),
  last_message: z.number(),
  /** What the model sees in its place once it is folded. */
  stub: z.string(),
  /** Estimated. */
  tokens: z.number(),
  /** True where everything that was closed up to here, this block included, left the context. */
  folds: z.boolean(),
  /** The ledger's numbers of the steps. */
  steps: z.array(z.number()),
});
export type ContextBlockView = z.infer<typeof contextBlockView>;

/** Room that was made: messages before `from_message` left the context. */
export const contextCutView = z.object({
  kind: z.enum(['compaction', 'summary']),
  /** The turn before whose request it was made. */
  turn: z.number(),
  from_message: z.number(),
  /** What the request would have held; estimated. */
  tokens: z.number(),
});
export type ContextCutView = z.infer<typeof contextCutView>;

export const focusContextParams = z.strictObject({
  /** Digits of a focus's id, or of a work item's for its newest focus. */
  id: idText,
  /** The turn whose request is meant; without it the newest that was answered. The one after that is what comes next. */
  turn: z.int().min(1).max(1_000_000).optional(),
  /** Only messages after so many. */
  after: z.int().min(0).default(0),
});

/** A part of a message, as far as this version knows its kinds. */
export const seenBlock = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('thinking'), text: z.string() }),
  z.object({ type: z.literal('image'), mediaType: z.string() }),
  z.object({ type: z.literal('tool_use'), id: z.string(), name: z.string(), input: jsonValue }),
  z.object({ type: z.literal('tool_result'), toolUseId: z.string(), content: z.string(), isError: z.boolean() }),
]);

/** What a model saw at a turn, built from rows as the request was. */
export const focusContextView = z.object({
  focus_id: z.uuid(),
  work_item_id: z.uuid(),
  turn: z.number(),
  model: z.string(),
  system: z.array(z.string()),
  /** Names of the tools it was told of. */
  tools: z.array(z.string()),
  /** Of a message the parts, each a `seenBlock` or one of a later version. */
  messages: z.array(z.object({ role: z.enum(['user', 'assistant']), content: z.array(jsonObject) })),
  /** Of the whole request, estimated. */
  tokens: z.number(),
  /** The `after` of the next page; null where this is the last. */
  next_after: z.number().nullable(),
});
export type FocusContextView = z.infer<typeof focusContextView>;
