/** approval/list, approval/decide, approval/forget. Deciding is a person's: nothing that an agent started may do it. */
import type { ApprovalView, PermissionRuleView } from '../../../protocol/approvals.ts';
import { AnimusError } from '../../../protocol/errors.ts';
import { shortId } from '../../../rendezvous/ids.ts';
import type { Db } from '../../db/types.ts';
import { decideCall, type Surroundings } from '../../engine/permissions/decide-approval.ts';
import { exactPattern } from '../../engine/permissions/exact-pattern.ts';
import {
  matchesPattern,
  type ParsedPattern,
  type Pattern,
  parsePattern,
  type Subject,
} from '../../engine/permissions/pattern.ts';
import { questionHash, storedSubject } from '../../engine/permissions/question.ts';
import { facultyRules } from '../../engine/permissions/rules.ts';
import { resolveSubject } from '../../engine/permissions/subject.ts';
import {
  type Approval,
  type ApprovalSubject,
  findApprovals,
  pendingApprovals,
  readApproval,
} from '../../store/approvals/approvals.ts';
import { deleteRule, type PermissionRule, rulesOfPlace } from '../../store/approvals/permission-rules.ts';
import { readWorkItem } from '../../store/work/find.ts';
import type { ApiContext, Handlers } from '../context.ts';
import { fitting } from '../page.ts';
import { requirePerson } from '../require-person.ts';

export const approvalHandlers: Pick<Handlers, 'approval/list' | 'approval/decide' | 'approval/forget'> = {
  async 'approval/list'(context, { limit }) {
    const db = await context.database();
    const pending = await pendingApprovals(db, context.place, limit);
    const approvals = await Promise.all(pending.map((approval) => viewApproval(context, approval)));
    // Arguments may be long, and all of them have to be seen: those that do not fit come when others are decided.
    return { approvals: fitting(approvals), rules: (await rulesOfPlace(db, context.place)).map(viewRule) };
  },

  async 'approval/decide'(context, { id, decision, scope, pattern: wanted, reason, pid }, session) {
    await requirePerson(context, session, pid, 'decide what an agent may do');
    const db = await context.database();
    const approval = await requireApproval(db, context.place, id);
    const asked = { verdict: decision, scope, pattern: await patternFor(context, approval, scope, decision, wanted) };
    const by = session.client.kind;
    const decided = await decideCall(db, approval, { ...asked, reason: reason || null, by }, surroundingsOf(context));
    const now = await readApproval(db, approval.id);
    // It asks for something else by now, as a question of its own.
    if (!now) throw notOne(0, 'approval', id);
    const state = decision === 'allow' ? 'allowed' : 'denied';
    if (decided === 0 && now.state === 'pending') throw await tooLate(db, now);
    // The same decision said twice, as after a lost answer, is one.
    if (decided === 0 && !(now.state === state && now.scope === scope && now.decidedBy === by))
      throw decidedBefore(now);
    return { approval: await viewApproval(context, now), decided };
  },

  async 'approval/forget'(context, { rule_id, pid }, session) {
    await requirePerson(context, session, pid, 'change what agents may do');
    const db = await context.database();
    const digits = rule_id.replaceAll('-', '').toLowerCase();
    const rules = (await rulesOfPlace(db, context.place)).filter(({ id }) => {
      const own = id.replaceAll('-', '');
      return own.startsWith(digits) || own.endsWith(digits);
    });
    const [rule] = rules;
    if (!rule || rules.length > 1) throw notOne(rules.length, 'rule', rule_id);
    await deleteRule(db, context.place, rule.id);
    return { rule: viewRule(rule) };
  },
};

/** What other calls that ask are judged by, where this one is decided for more than itself. */
function surroundingsOf({ folder, catalogue }: ApiContext): Surroundings {
  return {
    workspace: folder,
    rulesOf(name) {
      const found = catalogue.find(name);
      if (found.kind !== 'found') return undefined;
      const { permissions, origin } = found.faculty;
      return facultyRules(permissions, origin === 'workspace' ? 'workspace' : 'faculty');
    },
  };
}

/** Throws AnimusError `not_found`, `ambiguous_id` or `wrong_state`. */
async function requireApproval(db: Db, place: string, id: string): Promise<Approval> {
  const found = await findApprovals(db, place, id);
  const [approval] = found;
  if (!approval || found.length > 1) throw notOne(found.length, 'approval', id);
  const item = await readWorkItem(db, approval.workItemId);
  if (item && ['queued', 'running', 'waiting'].includes(item.state)) return approval;
  const message = `The work that asked is ${item?.state ?? 'gone'}: nothing is left to decide.`;
  throw new AnimusError('wrong_state', message, 'See what waits: animus approvals');
}

/** Nothing waits for it any more. */
async function tooLate(db: Db, { workItemId, place }: Approval): Promise<AnimusError> {
  const item = await readWorkItem(db, workItemId);
  const why =
    item && item.place !== place
      ? 'The work that asked was moved, and asks there where it still needs to.'
      : 'The attempt that asked is over.';
  return new AnimusError('wrong_state', `${why} Nothing was changed.`, 'See what waits: animus approvals');
}

function notOne(count: number, what: string, id: string): AnimusError {
  const next = 'See what there is: animus approvals';
  return count === 0
    ? new AnimusError('not_found', `There is no ${what} ${id} here.`, next)
    : new AnimusError('ambiguous_id', `Several match ${id}.`, 'Give more digits.');
}

function decidedBefore({ id, state, decidedBy }: Approval): AnimusError {
  const message = `The approval ${shortId(id)} was ${state} before, by ${decidedBy}. Nothing was changed.`;
  return new AnimusError('wrong_state', message, 'See what waits: animus approvals');
}

/** Null for a decision about this call alone. What is decided for more has to be about the call that asked. */
async function patternFor(
  { folder }: ApiContext,
  approval: Approval,
  scope: 'once' | 'focus' | 'rule',
  decision: 'allow' | 'deny',
  wanted: string | null,
): Promise<Pattern | null> {
  if (scope === 'once') {
    if (wanted === null) return null;
    const next = 'Decide for the focus or as a rule, or leave the pattern out.';
    throw new AnimusError('bad_pattern', 'A decision for once takes no pattern. Nothing was decided.', next);
  }
  const subject = await resolveSubject(storedSubject(approval), folder);
  const parsed = wanted === null ? ownPattern(approval, subject, decision) : parsePattern(wanted);
  if (parsed.kind === 'invalid') {
    const next = wanted === null ? 'Decide about this call alone, or give a pattern.' : 'Give another pattern.';
    throw new AnimusError('bad_pattern', `No pattern: ${parsed.reason}. Nothing was decided.`, next);
  }
  if (matchesPattern(parsed.pattern, approval.tool, subject, decision === 'allow' ? 'all' : 'any'))
    return parsed.pattern;
  throw new AnimusError(
    'bad_pattern',
    `The pattern ${wanted} is not about the call that asks. Nothing was decided.`,
    'Give a pattern that is, or leave it out for this very call.',
  );
}

/** The one about this very call. Nothing is allowed by it but what was shown: where the path led when the question was put. */
function ownPattern(approval: Approval, subject: Subject | null, decision: 'allow' | 'deny'): ParsedPattern {
  const { tool, input, inputHash } = approval;
  const isAsShown = subject?.kind !== 'path' || questionHash(tool, input, subject) === inputHash;
  if (decision === 'allow' && !isAsShown) {
    return { kind: 'invalid', reason: 'the path leads elsewhere by now than when the question was put' };
  }
  return exactPattern(tool, subject, decision === 'allow' ? 'all' : 'any');
}

async function viewApproval({ folder }: ApiContext, approval: Approval): Promise<ApprovalView> {
  const subject = await resolveSubject(storedSubject(approval), folder);
  const pattern = ownPattern(approval, subject, 'allow');
  return {
    id: approval.id,
    short_id: shortId(approval.id),
    work_item_id: approval.workItemId,
    focus_id: approval.focusId,
    tool: approval.tool,
    subject: approval.subject && viewSubject(approval.subject),
    arguments: approval.input,
    preview: approval.preview,
    remark: approval.remark,
    pattern: pattern.kind === 'pattern' ? pattern.pattern.text : null,
    state: approval.state,
    scope: approval.scope,
    reason: approval.reason,
    created_at: approval.createdAt.toISOString(),
  };
}

function viewSubject({ kind, text, leads_to }: ApprovalSubject): NonNullable<ApprovalView['subject']> {
  return { kind, text, ...(leads_to === undefined ? {} : { leads_to }) };
}

function viewRule({ id, decision, pattern, createdBy, createdAt }: PermissionRule): PermissionRuleView {
  const created_at = createdAt.toISOString();
  return { id, short_id: shortId(id), decision, pattern, created_by: createdBy, created_at };
}
