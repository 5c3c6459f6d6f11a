/** A person's decision: recorded, and the work that waited for it woken, in one transaction behind the item's lock. */
import { uuidv7 } from '../../../rendezvous/ids.ts';
import type { Db } from '../../db/types.ts';
import {
  type Approval,
  type ApprovalScope,
  decideApproval,
  pendingApprovals,
} from '../../store/approvals/approvals.ts';
import { insertRule } from '../../store/approvals/permission-rules.ts';
import { lockItem } from '../../store/work/locks.ts';
import { wakeForCall } from '../../store/work/waits.ts';
import { matchesPattern, type Pattern } from './pattern.ts';
import { resolveSubject } from './subject.ts';

export type Decision = {
  verdict: 'allow' | 'deny';
  scope: ApprovalScope;
  /** What a decision for more than this call is about. */
  pattern: Pattern | null;
  reason: string | null;
  by: string;
};

/** More questions than anybody has open at once. */
const MOST_PENDING = 1000;

/** Gives how many calls were decided; 0 where this one had been before, or is over. */
export async function decideCall(db: Db, approval: Approval, decision: Decision, workspace: string): Promise<number> {
  const { pattern, scope, by } = decision;
  const ruleId = uuidv7();
  const first = await decideOne(db, approval, decision, async (tx) => {
    if (pattern === null || scope === 'once') return;
    const focusId = scope === 'focus' ? approval.focusId : null;
    const { place } = approval;
    await insertRule(tx, {
      id: ruleId,
      place,
      focusId,
      decision: decision.verdict,
      pattern: pattern.text,
      createdBy: by,
    });
  });
  if (!first || pattern === null || scope === 'once') return first ? 1 : 0;
  let count = 1;
  for (const other of await pendingApprovals(db, approval.place, MOST_PENDING)) {
    if (scope === 'focus' && other.focusId !== approval.focusId) continue;
    if (!(await covers(pattern, other, decision.verdict, workspace))) continue;
    if (await decideOne(db, other, decision, async () => undefined)) count += 1;
  }
  return count;
}

async function covers(
  pattern: Pattern,
  { tool, subject }: Approval,
  verdict: Decision['verdict'],
  workspace: string,
): Promise<boolean> {
  const resolved = await resolveSubject((subject as Parameters<typeof resolveSubject>[0]) ?? undefined, workspace);
  return matchesPattern(pattern, tool, resolved, verdict === 'allow' ? 'all' : 'any');
}

function decideOne(
  db: Db,
  { id, workItemId, toolCallId }: Approval,
  { verdict, scope, reason, by }: Decision,
  besides: (tx: Parameters<typeof insertRule>[0]) => Promise<void>,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    await lockItem(tx, workItemId);
    const state = verdict === 'allow' ? 'allowed' : 'denied';
    if (!(await decideApproval(tx, id, { state, scope, reason, by }))) return false;
    await besides(tx);
    await wakeForCall(tx, { workItemId, toolCallId }, `approval: ${state}`);
    return true;
  });
}
