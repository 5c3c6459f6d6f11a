/** Work items as the stores give them. Times are the database's. */
import type { JsonObject, JsonValue } from '../../../protocol/json.ts';

export type WorkState = 'queued' | 'running' | 'waiting' | 'completed' | 'dead' | 'cancelled' | 'merged';

export type WaitKind = 'children' | 'approval' | 'answer' | 'budget' | 'credentials' | 'model' | 'paused';

export type Outcome = {
  success: boolean;
  summary: string;
  data?: JsonValue;
  error?: { kind: string; message: string };
  duration_ms: number;
};

export type Provenance = { source: 'vscode' | 'cli' | 'api' | 'child'; trigger?: string; who?: string };

/** What an item was given to use, as it was asked for. What a key leaves out the faculty decides. */
export type AskedBudget = {
  max_turns?: number;
  max_tokens?: number;
  max_cost_usd?: number;
  max_duration_seconds?: number;
};

export type WorkItem = {
  id: string;
  place: string;
  parentId: string | null;
  rootId: string;
  depth: number;
  faculty: string;
  description: string;
  params: JsonObject;
  attachments: JsonValue[];
  model: string | null;
  priority: number;
  dedupKey: string | null;
  state: WorkState;
  mergedInto: string | null;
  retryOf: string | null;
  followUpOf: string | null;
  availableAt: Date;
  attempts: number;
  maxAttempts: number;
  resumesWithoutProgress: number;
  /** Since when it is held: it is not claimed, and who runs it is to end at the next recorded point. */
  pausedAt: Date | null;
  /** Where its earlier foci worked, as machine:folder; null where that was here. */
  movedFrom: string | null;
  provenance: Provenance;
  budget: AskedBudget | null;
  outcome: Outcome | null;
  eventSeq: number;
  createdAt: Date;
  updatedAt: Date;
  resolvedAt: Date | null;
};

/**
 * Tells everybody of an event, in a select from rows of work_events. With its state, so that who looks for work need not look
 * where there is none.
 */
export const NOTIFY_WORK = `pg_notify('animus.work',
  json_build_object('id', work_item_id, 'seq', seq, 'state', to_state)::text)::text`;

/** The columns of `WorkItem`, for a select from a table that is called `w`. */
export const WORK_ITEM_COLUMNS = `w.id, w.place, w.parent_id as "parentId", w.root_id as "rootId", w.depth, w.faculty,
  w.description, w.params, w.attachments, w.model, w.priority, w.dedup_key as "dedupKey", w.state,
  w.merged_into as "mergedInto", w.retry_of as "retryOf",
  w.follow_up_of as "followUpOf", w.available_at as "availableAt", w.attempts,
  w.max_attempts as "maxAttempts", w.resumes_without_progress as "resumesWithoutProgress", w.paused_at as "pausedAt",
  w.moved_from as "movedFrom", w.provenance, w.budget, w.outcome,
  w.event_seq as "eventSeq", w.created_at as "createdAt", w.updated_at as "updatedAt", w.resolved_at as "resolvedAt"`;
