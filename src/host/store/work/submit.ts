/** Insert, dedup and notify, in one transaction. */
import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue } from '../../../protocol/json.ts';
import type { Db, Queryable, Tx } from '../../db/types.ts';
import { type AskedBudget, NOTIFY_WORK, type Provenance, type WorkItem } from './types.ts';

export type Submission = {
  /** Made by the caller before the call, so that a repeated call finds its own row. */
  id: string;
  place: string;
  faculty: string;
  description: string;
  params: JsonObject;
  attachments: JsonValue[];
  model: string | null;
  priority: number;
  /** A key of the submitter's own, 'structural' for the hash of what is asked, or none. */
  dedup: { key: string } | 'structural' | null;
  delayMs: number;
  maxAttempts: number;
  provenance: Provenance;
  budget?: AskedBudget | null;
  /** The finished item that this one is another try of, or goes on from. */
  retryOf?: string;
  followUpOf?: string;
  /** Whose child it becomes, in the parent's place, paused where that is; its dedup key is scoped to the parent. */
  parent?: Pick<WorkItem, 'id' | 'rootId' | 'depth'>;
};

export type SubmitResult = { kind: 'queued'; id: string } | { kind: 'merged'; id: string; canonicalId: string };

/** The hash of what is asked, the same for equal content whatever the order of its keys. */
export function structuralKey(
  submission: Pick<Submission, 'faculty' | 'description' | 'params' | 'attachments'>,
): string {
  const { faculty, description, params, attachments } = submission;
  const canonical = JSON.stringify(sortKeys({ faculty, description, params, attachments }));
  return `sha256:${createHash('sha256').update(canonical).digest('hex')}`;
}

/**
 * Stores the submission, or a `merged` row that points at the open item with the same key. What stood in the way of the
 * insert may be gone or turn out to be the same submission, sent twice: it is then looked at afresh, so one of the two
 * always comes back.
 */
export async function submitWork(db: Db, submission: Submission): Promise<SubmitResult> {
  for (;;) {
    const result = await db.transaction((tx) => submitOnce(tx, submission));
    if (result !== 'look_again') return result;
  }
}

/**
 * As `submitWork`, for a child, in the transaction of whoever asks for it. The parent's row is locked in it, so that no
 * sibling ends meanwhile: what stood in the way is there to be found.
 */
export async function submitChild(
  tx: Tx,
  submission: Submission & Required<Pick<Submission, 'parent'>>,
): Promise<SubmitResult> {
  const result = await submitOnce(tx, submission);
  if (result === 'look_again') throw new Error(`What stood in the way of the child ${submission.id} is gone.`);
  return result;
}

async function submitOnce(tx: Tx, submission: Submission): Promise<SubmitResult | 'look_again'> {
  const key = dedupKey(submission);
  if (await insertItem(tx, submission, key, null)) return { kind: 'queued', id: submission.id };
  const own = await findOwn(tx, submission.id);
  if (own) return own;
  const canonicalId = await findCanonical(tx, submission, key);
  if (!canonicalId || canonicalId === submission.id) return 'look_again';
  const merged = await insertItem(tx, submission, key, canonicalId);
  return merged ? { kind: 'merged', id: submission.id, canonicalId } : 'look_again';
}

function dedupKey(submission: Submission): string | null {
  if (submission.dedup === null) return null;
  return submission.dedup === 'structural' ? structuralKey(submission) : submission.dedup.key;
}

async function findOwn(tx: Queryable, id: string): Promise<SubmitResult | undefined> {
  const [row] = await tx.query<{ mergedInto: string | null }>(
    'select merged_into as "mergedInto" from animus.work_items where id = $1',
    [id],
  );
  if (!row) return undefined;
  return row.mergedInto ? { kind: 'merged', id, canonicalId: row.mergedInto } : { kind: 'queued', id };
}

async function findCanonical(tx: Queryable, submission: Submission, key: string | null): Promise<string | undefined> {
  const [row] = await tx.query<{ id: string }>(
    `select id from animus.work_items
     where place = $1 and parent_id is not distinct from $4 and faculty = $2 and dedup_key = $3
       and state in ('queued', 'running', 'waiting')
     for share`,
    [submission.place, submission.faculty, key, submission.parent?.id ?? null],
  );
  return row?.id;
}

/** False where its own row is there already, or an open item with the same key stands in the way. */
async function insertItem(
  tx: Queryable,
  submission: Submission,
  key: string | null,
  mergedInto: string | null,
): Promise<boolean> {
  const rows = await tx.query(
    `with item as (
       insert into animus.work_items (id, place, parent_id, root_id, depth, faculty, description, params, attachments, model, priority,
         dedup_key, state, merged_into, available_at, max_attempts, provenance, retry_of, follow_up_of, budget, event_seq,
         resolved_at, paused_at)
       values ($1::uuid, $2, $15, coalesce($16::uuid, $1::uuid), $17, $3, $4, $5::jsonb, $6::jsonb, $7, $8, $9, $10, $11,
         now() + $12 * interval '1 millisecond', $13, $14::jsonb, $18, $19, $20::jsonb, 1,
         case when $11::uuid is null then null else now() end,
         (select p.paused_at from animus.work_items p where p.id = $15))
       on conflict do nothing
       returning id, state
     ), event as (
       insert into animus.work_events (work_item_id, seq, to_state, reason)
       select id, 1, state, 'submitted' from item returning work_item_id, seq, to_state
     )
     select ${NOTIFY_WORK} from event`,
    [
      submission.id,
      submission.place,
      submission.faculty,
      submission.description,
      JSON.stringify(submission.params),
      JSON.stringify(submission.attachments),
      submission.model,
      submission.priority,
      key,
      mergedInto ? 'merged' : 'queued',
      mergedInto,
      submission.delayMs,
      submission.maxAttempts,
      JSON.stringify(submission.provenance),
      submission.parent?.id ?? null,
      submission.parent?.rootId ?? null,
      submission.parent ? submission.parent.depth + 1 : 0,
      submission.retryOf ?? null,
      submission.followUpOf ?? null,
      submission.budget ? JSON.stringify(submission.budget) : null,
    ],
  );
  return rows.length > 0;
}

function sortKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]));
}
