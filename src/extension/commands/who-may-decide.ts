/** Animus: Who May Decide…: whose approvals, answers, trust and acceptance count in this folder, and letting one more in. */
import * as vscode from 'vscode';
import { enrollmentCode, type PersonKeyView } from '../../protocol/person.ts';
import { grantTrust } from '../host/greet.ts';
import { choiceText, plainText } from '../plain-text.ts';
import type { Command, Parts } from './command.ts';

type Choice = vscode.QuickPickItem & { run?: () => Promise<void> };

export const whoMayDecide: Command = async (parts) => {
  const { keys } = await parts.connection.request('person/list', {});
  const picked = await vscode.window.showQuickPick(choices(parts, keys), {
    title: 'Animus: Who May Decide',
    placeHolder: keys.length === 0 ? 'Nobody is enrolled in this folder yet' : 'Approve, answer, trust and accept',
  });
  await picked?.run?.();
};

function choices(parts: Parts, keys: readonly PersonKeyView[]): Choice[] {
  const isEnrolled = keys.some(({ own }) => own);
  const separator = (label: string): Choice => ({ label, kind: vscode.QuickPickItemKind.Separator });
  return [
    ...(keys.length > 0 ? [separator('may decide')] : []),
    ...keys.map((key) => keyChoice(parts, key, isEnrolled)),
    separator('let one more in'),
    ...(isEnrolled
      ? [
          choice('Let the Terminal Decide…', 'terminal', () => letTerminalIn(parts)),
          choice('Let Another Editor or Machine Decide…', 'key', () => showCode(parts)),
        ]
      : [
          choice('Let This Window Decide…', 'key', () => enrollWindow(parts, keys.length > 0)),
          ...(keys.length > 0 ? [choice('Start Over, Every Key Is Lost…', 'discard', () => startOver(parts))] : []),
        ]),
  ];
}

function choice(label: string, icon: string, run: () => Promise<void>): Choice {
  return { label, iconPath: new vscode.ThemeIcon(icon), run };
}

function keyChoice(parts: Parts, key: PersonKeyView, isEnrolled: boolean): Choice {
  const { name, kind, own, enrolled_at, last_used_at, invited_by } = key;
  const day = (time: string) => new Date(time).toLocaleDateString();
  const last = last_used_at === null ? 'has decided nothing yet' : `decided last on ${day(last_used_at)}`;
  return {
    label: choiceText(plainText(name)),
    description: own ? 'this VS Code' : '',
    detail: plainText(`since ${day(enrolled_at)}, ${last}${invited_by ? `; let in by ${invited_by}` : ''}`),
    iconPath: new vscode.ThemeIcon(kind === 'vscode' ? 'window' : kind === 'cli' ? 'terminal' : 'gear'),
    ...(isEnrolled ? { run: () => remove(parts, key) } : {}),
  };
}

async function remove({ connection }: Parts, { id, name, own }: PersonKeyView): Promise<void> {
  const detail = own
    ? 'You enroll it again with a code from elsewhere. Where nobody else is enrolled, whoever comes next may decide.'
    : 'What it has approved and accepted stays.';
  const question = `Take from ${plainText(name)} that it may decide?`;
  const picked = await vscode.window.showWarningMessage(question, { modal: true, detail }, 'Remove');
  if (picked === 'Remove') await connection.request('person/remove', { id, pid: process.pid });
}

const TERMINAL_DETAIL =
  'Its key lies in a file of yours. Where commands of agents are not confined, they could read that file, and with it approve what they ask for. ' +
  'In VS Code the key lies in the secret storage.';

/** The code is good for once, and typed into a terminal that the person sees. */
async function letTerminalIn({ connection, place }: Parts): Promise<void> {
  const options = { modal: true, detail: TERMINAL_DETAIL };
  const picked = await vscode.window.showWarningMessage('Let your terminal decide in this folder?', options, 'Allow');
  if (picked !== 'Allow') return;
  const { code } = await connection.request('person/invite', { pid: process.pid });
  const terminal = vscode.window.createTerminal({ name: 'Animus', cwd: place().folder });
  terminal.show();
  terminal.sendText(`animus person enroll ${code}`);
}

async function showCode({ connection }: Parts): Promise<void> {
  const { code } = await connection.request('person/invite', { pid: process.pid });
  const copy = 'Copy Code';
  const text = `Animus: ${code} is good for once and for ten minutes. Give it there to "Animus: Who May Decide…", or to animus person enroll.`;
  const picked = await vscode.window.showInformationMessage(text, copy);
  if (picked === copy) await vscode.env.clipboard.writeText(code);
}

async function enrollWindow(parts: Parts, needsCode: boolean): Promise<void> {
  const { connection, person, place } = parts;
  const code = needsCode ? await askForCode() : undefined;
  if (needsCode && code === undefined) return;
  const client = await connection.start();
  await person.enroll(client, code);
  await grantTrust(client, place().folder, process.pid);
  void vscode.window.showInformationMessage('Animus: this VS Code may decide in this folder from now on.');
}

/** It asks there whether it is meant. */
async function startOver({ place }: Parts): Promise<void> {
  const terminal = vscode.window.createTerminal({ name: 'Animus', cwd: place().folder });
  terminal.show();
  terminal.sendText('animus person reset');
}

async function askForCode(): Promise<string | undefined> {
  const given = await vscode.window.showInputBox({
    title: 'Animus: Let This Window Decide',
    prompt: 'A code from a window that may (Animus: Who May Decide…) or a terminal (animus person invite).',
    placeHolder: 'ABCD-2345',
    ignoreFocusOut: true,
    validateInput: (text) =>
      text === '' || enrollmentCode.safeParse(text).success ? undefined : 'A code looks like ABCD-2345.',
  });
  return given ? given : undefined;
}
