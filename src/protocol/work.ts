/** Work items on the wire. */
import * as z from 'zod';
import { jsonObject, jsonValue, storableText } from './json.ts';

export const workState = z.enum(['queued', 'running', 'waiting', 'completed', 'dead', 'cancelled', 'merged']);
export type WorkState = z.infer<typeof workState>;

export const TERMINAL_STATES: readonly WorkState[] = ['completed', 'dead', 'cancelled', 'merged'];

export const outcome = z.object({
  success: z.boolean(),
  summary: z.string(),
  data: jsonValue.optional(),
  error: z.object({ kind: z.string(), message: z.string() }).optional(),
  duration_ms: z.number(),
});

/** What an item waits for, and what makes it go on. */
export const waitView = z.object({ kind: z.string(), targets: z.array(jsonValue), next: z.string() });

/**
 * Whether it waits for a model of VS Code that no window may be asked for: a person has to choose it, or to open the window that
 * has it. A provider that asked for a pause is waited for by its name alone.
 */
export function waitsForWindow({ kind, targets }: Pick<z.infer<typeof waitView>, 'kind' | 'targets'>): boolean {
  return kind === 'model' && String(targets[0]).startsWith('vscode/');
}

export const questionView = z.object({
  id: z.uuid(),
  short_id: z.string(),
  work_item_id: z.uuid(),
  focus_id: z.uuid(),
  /** ask: the agent does. budget, stuck: the engine does. */
  kind: z.enum(['ask', 'budget', 'stuck']),
  text: z.string(),
  choices: z.array(z.string()),
  answer: z.string().nullable(),
  answered_by: z.string().nullable(),
  created_at: z.iso.datetime(),
  answered_at: z.iso.datetime().nullable(),
});
export type QuestionView = z.infer<typeof questionView>;

/** What work may use. Turns are those of one conversation; the rest counts the work and all below it. */
export const askedBudget = z.strictObject({
  max_turns: z.int().min(1).max(10_000).optional(),
  max_tokens: z.int().min(1).max(1_000_000_000_000).optional(),
  max_cost_usd: z.number().positive().max(1_000_000).optional(),
  /** Of running: the time it is parked does not count. */
  max_duration_seconds: z.number().positive().max(31_536_000).optional(),
});

/** What work may use, null where nothing limits it, and what it and all below it have used. */
export const budgetView = z.object({
  max_turns: z.number().nullable(),
  max_tokens: z.number().nullable(),
  max_cost_usd: z.number().nullable(),
  max_duration_seconds: z.number().nullable(),
  spent_tokens: z.number(),
  /** Without answers whose price is unknown. */
  spent_cost_usd: z.number(),
  spent_seconds: z.number(),
});
export type BudgetView = z.infer<typeof budgetView>;

export const workView = z.object({
  id: z.uuid(),
  short_id: z.string(),
  faculty: z.string(),
  description: z.string(),
  params: jsonObject,
  model: z.string().nullable(),
  priority: z.number(),
  state: workState,
  /** Why it is where it is, in words, where the state alone does not say. */
  reason: z.string().nullable(),
  wait: waitView.nullable(),
  /** Somebody has paused it, or work above it. One that runs ends at its next recorded point. */
  paused: z.boolean().default(false),
  /** The working copy where its earlier foci worked, as machine:folder; null where that is the one it is in. */
  moved_from: z.string().nullable().default(null),
  /** What it waits to be told, where it asks a person. */
  question: questionView.optional(),
  merged_into: z.uuid().nullable(),
  retry_of: z.uuid().nullable(),
  follow_up_of: z.uuid().nullable(),
  parent_id: z.uuid().nullable(),
  attempts: z.number(),
  max_attempts: z.number(),
  /** Of all its attempts; null where a price is unknown. */
  cost_usd: z.number().nullable(),
  /** True where nobody counted some of its tokens: the cost is an estimate. */
  estimated: z.boolean(),
  /** True where a script, and no model, gives the answers. */
  scripted: z.boolean(),
  outcome: outcome.nullable(),
  event_seq: z.number(),
  available_at: z.iso.datetime(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
  resolved_at: z.iso.datetime().nullable(),
});
export type WorkView = z.infer<typeof workView>;

export const workEventView = z.object({
  seq: z.number(),
  from_state: workState.nullable(),
  to_state: workState,
  reason: z.string(),
  data: jsonObject,
  created_at: z.iso.datetime(),
});

/** The first or last 6 or more hex digits of an id, or all of it. */
export const idText = z.string().regex(/^[0-9a-fA-F-]{6,36}$/);

/** Longest description, in characters. */
export const DESCRIPTION_MAX = 100_000;

/** Largest parameters of one work item, in bytes of JSON. */
export const PARAMS_MAX_BYTES = 256 * 1024;

/** Most characters of a text in a list; `work/show` has it whole. */
export const LISTED_TEXT_MAX = 500;

/** As in a faculty's own file. */
const facultyName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'expected up to 40 lower-case letters, digits and hyphens, beginning with a letter');

const submittedParams = jsonObject.refine(
  (params) => new TextEncoder().encode(JSON.stringify(params)).length <= PARAMS_MAX_BYTES,
  `too large: the parameters of a work item take up to ${PARAMS_MAX_BYTES / 1024} KiB of JSON`,
);

export const workSubmitParams = z.strictObject({
  /** Made by the client, so that a submission whose answer was lost can be repeated. */
  id: z.uuid(),
  faculty: facultyName,
  description: z.string().max(DESCRIPTION_MAX),
  params: submittedParams.default({}),
  model: storableText.min(1).max(200).nullable().default(null),
  priority: z.int().min(-1000).max(1000).default(0),
  dedup: z
    .union([z.literal('structural'), z.strictObject({ key: storableText.min(1).max(200) })])
    .nullable()
    .default(null),
  delay_ms: z.int().min(0).max(31_536_000_000).default(0),
  max_attempts: z.int().min(1).max(100).nullable().default(null),
  budget: askedBudget.nullable().default(null),
  allow_unknown_faculty: z.boolean().default(false),
  source: z.enum(['vscode', 'cli', 'api']),
});

/** Another try of work that ended without success: a new item that knows what was recorded. */
export const workRetryParams = z.strictObject({
  id: idText,
  /** The new item's id, made by the client, so that a request whose answer was lost can be repeated. */
  new_id: z.uuid(),
  source: z.enum(['vscode', 'cli', 'api']),
});

/** More work after finished work: a new item that starts from its ledger and outcome. */
export const workFollowUpParams = workRetryParams.extend({
  description: z.string().max(DESCRIPTION_MAX),
  /** Null for the model of the finished item. */
  model: storableText.min(1).max(200).nullable().default(null),
});

export const workMoveParams = z.strictObject({
  id: idText,
  /** The other working copy: its folder, machine:folder, or the place's id, as `host/status` names them. */
  to: storableText.min(1).max(4200),
  /** As in trust/grant. */
  pid: z.int().min(2),
});

export const workMoveResult = z.object({
  item: workView,
  /** How many items moved, those included that had ended; 0 where it was there before. */
  moved: z.number(),
  place: z.uuid(),
  /** As machine:folder. */
  served_by: z.string(),
  /** Whether a host serves it now. */
  is_live: z.boolean(),
});

export const workSubmitResult = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('queued'), id: z.uuid() }),
  z.object({ kind: z.literal('merged'), id: z.uuid(), canonical_id: z.uuid() }),
]);
