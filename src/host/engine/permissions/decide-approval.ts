/** A person's decision: recorded, and the work that waited for it woken, in one transaction behind the item's lock. */
import { uuidv7 } from '../../../rendezvous/ids.ts';
import type { Db, Tx } from '../../db/types.ts';
import {
  type Approval,
  type ApprovalScope,
  decideApproval,
  pendingApprovals,
} from '../../store/approvals/approvals.ts';
import { insertRule, rulesForFocus } from '../../store/approvals/permission-rules.ts';
import { readWorkItem } from '../../store/work/find.ts';
import { lockItem } from '../../store/work/locks.ts';
import { wakeForCall } from '../../store/work/waits.ts';
import { matchesPattern, type Pattern } from './pattern.ts';
import { storedSubject } from './question.ts';
import { personRule, type Rule, type RuledTool, ruleOn } from './rules.ts';
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

/** For judging other calls than the one that was shown. */
export type Surroundings = {
  /** The workspace's real path. */
  workspace: string;
  /** What a faculty's own rules are now; undefined where nobody here knows it. */
  rulesOf(faculty: string): readonly Rule[] | undefined;
};

/**
 * Gives how many calls were decided; 0 where this one had been before, or is over. A decision for more than this call is a
 * rule, which the others are judged by as the next call will be: only those are decided that it brings to the same end.
 */
export async function decideCall(
  db: Db,
  approval: Approval,
  decision: Decision,
  surroundings: Surroundings,
): Promise<number> {
  const { pattern, scope, by } = decision;
  const byRule = uuidv7();
  const first = await decideOne(db, approval, decision, async (tx) => {
    if (pattern === null || scope === 'once') return;
    const { place } = approval;
    const focusId = scope === 'focus' ? approval.focusId : null;
    const rule = { id: byRule, place, focusId, decision: decision.verdict, pattern: pattern.text, createdBy: by };
    await insertRule(tx, rule);
  });
  if (!first || pattern === null || scope === 'once') return first ? 1 : 0;
  let count = 1;
  for (const other of await pendingApprovals(db, approval.place, MOST_PENDING)) {
    if (scope === 'focus' && other.focusId !== approval.focusId) continue;
    const judge = await judgeOf(db, other, pattern, decision.verdict, surroundings);
    if (judge && (await decideOne(db, other, { ...decision, byRule }, undefined, judge))) count += 1;
  }
  return count;
}

type Judge = (ofPeople: readonly Rule[]) => boolean;

/** Whether rules bring a call to this end; undefined where the pattern is not about it, or where that cannot be told. */
async function judgeOf(
  db: Db,
  approval: Approval,
  pattern: Pattern,
  verdict: Decision['verdict'],
  { workspace, rulesOf }: Surroundings,
): Promise<Judge | undefined> {
  const subject = await resolveSubject(storedSubject(approval), workspace);
  if (!matchesPattern(pattern, approval.tool, subject, verdict === 'allow' ? 'all' : 'any')) return undefined;
  const item = await readWorkItem(db, approval.workItemId);
  const ofFaculty = item && rulesOf(item.faculty);
  if (!ofFaculty) return undefined;
  const tool: RuledTool = { name: approval.tool, changes: approval.subject?.changes ?? true, unruled: 'ask' };
  return (ofPeople) => ruleOn([...ofFaculty, ...ofPeople], tool, subject).verdict === verdict;
}

function decideOne(
  db: Db,
  { id, workItemId, toolCallId, focusId }: Approval,
  { verdict, scope, reason, by, byRule }: Decision & { byRule?: string },
  besides?: (tx: Tx) => Promise<void>,
  judge?: Judge,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    await lockItem(tx, workItemId);
    if (judge && !judge((await rulesForFocus(tx, { workItemId, focusId })).flatMap(personRule))) return false;
    const state = verdict === 'allow' ? 'allowed' : 'denied';
    const decided = { state, scope, reason, by, ...(byRule ? { byRule } : {}) } as const;
    if (!(await decideApproval(tx, id, decided))) return false;
    await besides?.(tx);
    await wakeForCall(tx, { workItemId, toolCallId }, `approval: ${state}`);
    return true;
  });
}
