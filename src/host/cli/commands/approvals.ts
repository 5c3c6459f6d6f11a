/** animus approvals: what asks for a person's permission, and the person's answers. */
import type { ApprovalScope, ApprovalView, PermissionRuleView } from '../../../protocol/approvals.ts';
import { shortId } from '../../../rendezvous/ids.ts';
import { asPerson } from '../as-person.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, withHost } from '../session.ts';
import { plain, plainName, table } from '../terminal.ts';
import { checkedId } from './work.ts';

export async function approvalsList(session: CliSession): Promise<number> {
  const { terminal, json } = session;
  const listed = await withHost(session, (client) => client.request('approval/list', {}));
  if (json) {
    terminal.out(JSON.stringify(listed));
    return EXIT.done;
  }
  if (listed.approvals.length === 0) terminal.out('Nothing asks for your permission.');
  for (const approval of listed.approvals) terminal.out(`${describeApproval(approval)}\n`);
  if (listed.approvals.length > 0) {
    terminal.out('animus approvals allow ID | deny ID   --focus: for this focus   --rule: for all work here');
  }
  if (listed.rules.length > 0) terminal.out(`\n${rulesTable(listed.rules, terminal.width)}`);
  return EXIT.done;
}

/** The command, what a file would become, or the arguments whole: what is allowed is what stands here. */
export function describeApproval(approval: ApprovalView): string {
  const { short_id, tool, subject, preview, remark, work_item_id: work } = approval;
  const isDifference = preview !== null && subject?.kind === 'path';
  const about = isDifference ? `  ${plainName(subject.text)}` : '';
  return [
    `${short_id}  ${tool}${about}  for the work ${shortId(work)}`,
    ...(remark === null ? [] : [indented(plain(remark))]),
    ...(subject?.leads_to === undefined ? [] : [indented(`It leads to ${plainName(subject.leads_to)}`)]),
    ...(isDifference ? [] : [indented(plain(argumentsText(approval)))]),
    ...(preview === null ? [] : [indented(plain(preview.trimEnd()))]),
  ].join('\n');
}

function argumentsText({ subject, arguments: input }: ApprovalView): string {
  return subject?.kind === 'command' ? subject.text : JSON.stringify(input, null, 2);
}

const indented = (text: string) =>
  text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');

function rulesTable(rules: readonly PermissionRuleView[], width: number): string {
  const rows = rules.map(({ short_id, decision, pattern, created_by }) => [short_id, decision, pattern, created_by]);
  return table([['RULE', 'DECISION', 'PATTERN', 'BY'], ...rows], width);
}

export type DecideOptions = { focus?: boolean; rule?: boolean; pattern?: string; reason?: string };

export const approvalsAllow = (session: CliSession, options: DecideOptions, id: string) =>
  decide(session, 'allow', options, id);

export const approvalsDeny = (session: CliSession, options: DecideOptions, id: string) =>
  decide(session, 'deny', options, id);

async function decide(
  session: CliSession,
  decision: 'allow' | 'deny',
  { focus, rule, pattern, reason }: DecideOptions,
  id: string,
): Promise<number> {
  const scope: ApprovalScope = rule ? 'rule' : focus ? 'focus' : 'once';
  const asked = { id: checkedId(id), decision, scope, pid: process.pid };
  const more = { pattern: pattern ?? null, reason: reason ?? null };
  const result = await asPerson(session, (client) => client.request('approval/decide', { ...asked, ...more }));
  const { approval, decided } = result;
  const others = decided > 1 ? `, and ${decided - 1} more that it is about` : '';
  session.terminal.out(
    session.json ? JSON.stringify(result) : `${approval.state}: ${approval.tool} ${approval.short_id}${others}`,
  );
  return EXIT.done;
}

export async function approvalsForget(session: CliSession, _options: object, id: string): Promise<number> {
  const asked = { rule_id: checkedId(id), pid: process.pid };
  const { rule } = await asPerson(session, (client) => client.request('approval/forget', asked));
  const text = `forgotten: ${rule.decision} ${plain(rule.pattern)}`;
  session.terminal.out(session.json ? JSON.stringify({ rule }) : text);
  return EXIT.done;
}
