/** Animus: Approve…: a person sees exactly what would run, and decides. */
import * as vscode from 'vscode';
import * as z from 'zod';
import type { ApprovalScope, ApprovalView } from '../../protocol/approvals.ts';
import { choiceText, plainLine, plainText } from '../plain-text.ts';
import { labelOf } from '../work/work-rows.ts';
import type { Command, Parts } from './command.ts';
import { namedWork } from './pick-work.ts';

/** A focus editor asks about one call. */
const named = z.looseObject({ approvalId: z.uuid() });

/** A modal dialog has room for so much; what is longer is shown in an editor first. */
const DIALOG_MAX = 1500;

export const approve: Command = async (parts, argument) => {
  const workId = namedWork(argument);
  const approvalId = named.safeParse(argument).data?.approvalId;
  const { approvals } = await parts.connection.request('approval/list', approvalId ? { limit: 500 } : {});
  const own = approvals.filter(({ id, work_item_id }) => {
    return approvalId ? id === approvalId : workId === undefined || work_item_id === workId;
  });
  if (own.length === 0) {
    void vscode.window.showInformationMessage('Animus: nothing asks for your permission.');
    return undefined;
  }
  const approval = own.length === 1 ? own[0] : await pickApproval(parts, own);
  return approval && reviewApproval(parts, approval);
};

async function pickApproval({ model }: Parts, approvals: readonly ApprovalView[]): Promise<ApprovalView | undefined> {
  const choices = approvals.map((approval) => {
    const item = model.get(approval.work_item_id)?.item;
    const label = choiceText(plainLine(`${approval.tool}  ${shownOf(approval)}`, 100));
    return { label, description: item ? choiceText(labelOf(item)) : approval.short_id, approval };
  });
  const picked = await vscode.window.showQuickPick(choices, { title: 'Animus: Approve', placeHolder: 'Which call?' });
  return picked?.approval;
}

/** Asks about one call. What does not fit the dialog lies open beside it, whole. */
export async function reviewApproval(parts: Parts, approval: ApprovalView): Promise<string | undefined> {
  const shown = wholeOf(approval);
  const fits = shown.length <= DIALOG_MAX;
  if (!fits) await openWhole(approval, shown);
  const detail = fits ? shown : `It is longer than fits here: it lies open, whole.\n\n${shown.slice(0, 300)}…`;
  const choices: (vscode.MessageItem & { decide?: Decide })[] = [
    { title: 'Allow Once', decide: { decision: 'allow', scope: 'once' } },
    ...(approval.pattern === null
      ? []
      : [
          { title: 'Allow for This Focus', decide: { decision: 'allow', scope: 'focus' } as const },
          { title: 'Always Allow This', decide: { decision: 'allow', scope: 'rule' } as const },
        ]),
    { title: 'Deny…', decide: { decision: 'deny', scope: 'once' } },
  ];
  const title = `Allow ${plainLine(approval.tool, 60)}?`;
  const choice = await vscode.window.showWarningMessage(title, { modal: true, detail }, ...choices);
  if (!choice?.decide) return undefined;
  return decideApproval(parts, approval, choice.decide);
}

type Decide = { decision: 'allow' | 'deny'; scope: ApprovalScope };

async function decideApproval(
  { connection, model }: Parts,
  approval: ApprovalView,
  { decision, scope }: Decide,
): Promise<string | undefined> {
  let reason: string | null = null;
  if (decision === 'deny') {
    const prompt = 'Why not? The agent is told. It may be left empty.';
    const said = await vscode.window.showInputBox({ title: 'Animus: Deny', prompt, ignoreFocusOut: true });
    if (said === undefined) return undefined;
    reason = said.trim() || null;
  }
  await connection.request('approval/decide', { id: approval.id, decision, scope, reason, pid: process.pid });
  model.refresh(approval.work_item_id);
  return approval.id;
}

/** What the call is about in a line: the command, the path and where it leads, the address. */
export function shownOf({ subject, arguments: input }: ApprovalView): string {
  if (!subject) return JSON.stringify(input);
  return subject.leads_to === undefined ? subject.text : `${subject.text} → ${subject.leads_to}`;
}

/**
 * All that is decided about: the command as it is, or every argument; where a path leads; and the diff, where there is one.
 * Before it why it is asked again.
 */
export function wholeOf({ subject, arguments: input, preview, remark }: ApprovalView): string {
  const asked = subject?.kind === 'command' ? subject.text : JSON.stringify(input, null, 2);
  const leads = subject?.leads_to === undefined ? null : `The path leads to ${subject.leads_to}`;
  return plainText([remark, leads, asked, preview].filter((part) => part !== null).join('\n\n'));
}

async function openWhole(approval: ApprovalView, content: string): Promise<void> {
  const language = approval.preview === null ? 'plaintext' : 'diff';
  const document = await vscode.workspace.openTextDocument({ content, language });
  await vscode.window.showTextDocument(document, { preview: true, preserveFocus: true });
}
