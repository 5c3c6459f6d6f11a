/** Calls that ask a person, what the person says, and the rules that come of it. */
import * as z from 'zod';
import { jsonValue, storableText } from './json.ts';

export const approvalScope = z.enum(['once', 'focus', 'rule']);
export type ApprovalScope = z.infer<typeof approvalScope>;

export const approvalView = z.object({
  id: z.uuid(),
  short_id: z.string(),
  work_item_id: z.uuid(),
  focus_id: z.uuid(),
  tool: z.string(),
  /** What the call is about: a command, a path, an address. Null where the tool names nothing. */
  subject: z
    .object({
      kind: z.string(),
      text: z.string(),
      /** Where a path led through its links when the question was put, if that is another one. */
      leads_to: z.string().optional(),
    })
    .nullable(),
  /** As the call would be run. */
  arguments: jsonValue,
  /** More to look at, as a diff. */
  preview: z.string().nullable(),
  /** Why the same call asks again, as where its path leads elsewhere by now; null where it asks for the first time. */
  remark: z.string().nullable().default(null),
  /** The pattern that allows this subject, by all names of a path, and no other; null where none can be. */
  pattern: z.string().nullable(),
  state: z.enum(['pending', 'allowed', 'denied']),
  scope: approvalScope.nullable(),
  reason: z.string().nullable(),
  created_at: z.iso.datetime(),
});
export type ApprovalView = z.infer<typeof approvalView>;

export const permissionRuleView = z.object({
  id: z.uuid(),
  short_id: z.string(),
  decision: z.enum(['allow', 'deny']),
  pattern: z.string(),
  created_by: z.string(),
  created_at: z.iso.datetime(),
});
export type PermissionRuleView = z.infer<typeof permissionRuleView>;

/** As for a work item: 6 or more of its first or last hex digits. */
const idText = z.string().regex(/^[0-9a-fA-F-]{6,36}$/);

export const approvalListResult = z.object({
  approvals: z.array(approvalView),
  /** What people decided for all work of the place. */
  rules: z.array(permissionRuleView),
});

export const approvalDecideParams = z.strictObject({
  id: idText,
  decision: z.enum(['allow', 'deny']),
  /** This call; this focus; or all work of the place from now on. */
  scope: approvalScope.default('once'),
  /** What a decision for more than this call is about; without it the call's own pattern. */
  pattern: storableText.min(1).max(2000).nullable().default(null),
  /** For the agent, where it is refused. */
  reason: storableText.trim().max(2000).nullable().default(null),
  /** The host checks that this process does not descend from a focus. */
  pid: z.int().min(2),
});

export const approvalDecideResult = z.object({
  approval: approvalView,
  /** How many calls were decided: others that the pattern is about go along. */
  decided: z.number(),
});

export const approvalForgetParams = z.strictObject({ rule_id: idText, pid: z.int().min(2) });
