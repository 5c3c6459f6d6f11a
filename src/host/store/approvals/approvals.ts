/** Calls that ask a person, and what the person said. */
import type { JsonValue } from '../../../protocol/json.ts';
import type { Queryable, Tx } from '../../db/types.ts';

export type ApprovalScope = 'once' | 'focus' | 'rule';

/** What the call is about, as it was shown. Of a path besides where it led then, if elsewhere, and whether the call changes it. */
export type ApprovalSubject = { kind: string; text: string; leads_to?: string; changes?: boolean };

export type Approval = {
  id: string;
  place: string;
  workItemId: string;
  focusId: string;
  toolCallId: string;
  tool: string;
  subject: ApprovalSubject | null;
  input: JsonValue;
  inputHash: string;
  preview: string | null;
  /** Why it is asked again; null the first time. */
  remark: string | null;
  state: 'pending' | 'allowed' | 'denied';
  scope: ApprovalScope | null;
  reason: string | null;
  decidedBy: string | null;
  decidedAt: Date | null;
  /** The rule that decided it, where nobody was asked about this very call. */
  byRule: string | null;
  usedAt: Date | null;
  createdAt: Date;
};

export type NewApproval = Pick<
  Approval,
  'id' | 'workItemId' | 'focusId' | 'toolCallId' | 'tool' | 'subject' | 'input' | 'inputHash' | 'preview'
> &
  Partial<Pick<Approval, 'remark'>>;

export type ApprovalDecision = {
  state: 'allowed' | 'denied';
  scope: ApprovalScope;
  reason: string | null;
  by: string;
  /** Set where it follows from a rule, and nobody was asked about this very call. */
  byRule?: string;
};

const COLUMNS = `a.id, a.place, a.work_item_id as "workItemId", a.focus_id as "focusId", a.tool_call_id as "toolCallId",
  a.tool, a.subject, a.input, a.input_hash as "inputHash", a.preview, a.remark, a.state, a.scope, a.reason,
  a.decided_by as "decidedBy", a.decided_at as "decidedAt", a.by_rule as "byRule", a.used_at as "usedAt",
  a.created_at as "createdAt"`;

/**
 * Asks, once for a call. Where something else was asked about or shown before, or a rule had decided, that counts no more: it is another
 * question, with an id of its own, so that nobody answers it who saw the one before. The place is the item's.
 */
export async function askApproval(tx: Tx, asked: NewApproval): Promise<void> {
  await tx.query(
    `insert into animus.approvals
       (id, place, work_item_id, focus_id, tool_call_id, tool, subject, input, input_hash, preview, remark)
     select $1, w.place, w.id, $3, $4, $5, $6::jsonb, $7::jsonb, $8, $9, $10 from animus.work_items w where w.id = $2
     on conflict (tool_call_id) do update set id = excluded.id, subject = excluded.subject, input = excluded.input,
       input_hash = excluded.input_hash, preview = excluded.preview, remark = excluded.remark, state = 'pending',
       scope = null, reason = null, decided_by = null, decided_at = null, by_rule = null, used_at = null, created_at = now()
     where animus.approvals.input_hash <> excluded.input_hash or animus.approvals.by_rule is not null
       or animus.approvals.preview is distinct from excluded.preview`,
    [
      asked.id,
      asked.workItemId,
      asked.focusId,
      asked.toolCallId,
      asked.tool,
      asked.subject ? JSON.stringify(asked.subject) : null,
      JSON.stringify(asked.input),
      asked.inputHash,
      asked.preview,
      asked.remark ?? null,
    ],
  );
}

export async function readApproval(db: Queryable, id: string): Promise<Approval | undefined> {
  const [approval] = await db.query<Approval>(`select ${COLUMNS} from animus.approvals a where a.id = $1`, [id]);
  return approval;
}

export async function readApprovalOfCall(db: Queryable, toolCallId: string): Promise<Approval | undefined> {
  const [approval] = await db.query<Approval>(`select ${COLUMNS} from animus.approvals a where a.tool_call_id = $1`, [
    toolCallId,
  ]);
  return approval;
}

export type CallDecision = Pick<
  Approval,
  'id' | 'toolCallId' | 'state' | 'scope' | 'reason' | 'decidedBy' | 'decidedAt'
>;

/** What was asked about a focus's calls, and said: without what it was about. */
export async function decisionsOfFocus(db: Queryable, focusId: string): Promise<CallDecision[]> {
  return db.query<CallDecision>(
    `select id, tool_call_id as "toolCallId", state, scope, reason, decided_by as "decidedBy", decided_at as "decidedAt"
     from animus.approvals where focus_id = $1`,
    [focusId],
  );
}

/** The place's approvals whose id begins or ends so, at most two: enough to tell one from several. */
export async function findApprovals(db: Queryable, place: string, digits: string): Promise<Approval[]> {
  return db.query<Approval>(
    `select ${COLUMNS} from animus.approvals a
     where a.place = $1 and (replace(a.id::text, '-', '') like $2 || '%' or replace(a.id::text, '-', '') like '%' || $2)
     order by a.created_at limit 2`,
    [place, digits.replaceAll('-', '').toLowerCase()],
  );
}

/** Something waits for the decision: neither the call nor the attempt is over, and the work is still where it asked. */
const OPEN = `a.state = 'pending' and w.place = a.place and w.state in ('queued', 'running', 'waiting')
  and f.status in ('running', 'parked', 'released')
  and exists (select 1 from animus.tool_calls c where c.id = a.tool_call_id and c.ended_at is null)`;

/** What a person is asked now, oldest first. */
export async function pendingApprovals(db: Queryable, place: string, limit: number): Promise<Approval[]> {
  return db.query<Approval>(
    `select ${COLUMNS} from animus.approvals a join animus.work_items w on w.id = a.work_item_id
       join animus.foci f on f.id = a.focus_id
     where a.place = $1 and ${OPEN}
     order by a.created_at, a.id limit $2`,
    [place, limit],
  );
}

/** False where it was decided before, or nothing waits for it any more. The item's row is locked by a statement before. */
export async function decideApproval(tx: Tx, id: string, decision: ApprovalDecision): Promise<boolean> {
  const rows = await tx.query(
    `update animus.approvals a set state = $2, scope = $3, reason = $4, decided_by = $5, by_rule = $6, decided_at = now()
     from animus.work_items w, animus.foci f
     where a.id = $1 and w.id = a.work_item_id and f.id = a.focus_id and ${OPEN} returning 1 as done`,
    [id, decision.state, decision.scope, decision.reason, decision.by, decision.byRule ?? null],
  );
  return rows.length > 0;
}

/** The call starts: an approval for once is used up, and one that rules made needless is asked no more. */
export async function useApproval(tx: Tx, toolCallId: string): Promise<void> {
  await tx.query(
    `update animus.approvals set used_at = now(), state = 'allowed', scope = coalesce(scope, 'rule'),
       decided_by = coalesce(decided_by, 'rules'), decided_at = coalesce(decided_at, now())
     where tool_call_id = $1 and state <> 'denied'`,
    [toolCallId],
  );
}
