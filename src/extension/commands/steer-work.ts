/** Animus: Cancel Work, Send Message to Work: what a person does about work that is open. */
import * as vscode from 'vscode';
import { TERMINAL_STATES, type WorkView } from '../../protocol/work.ts';
import { uuidv7 } from '../../rendezvous/ids.ts';
import { messageText } from '../plain-text.ts';
import { labelOf } from '../work/work-rows.ts';
import type { Command, Parts } from './command.ts';
import { namedWork, pickWork } from './pick-work.ts';

const isOpen = ({ state }: WorkView) => !TERMINAL_STATES.includes(state);

export const cancelWork: Command = async (parts, argument) => {
  const item = await openItem(parts, argument, 'Cancel Work');
  if (!item) return undefined;
  const { items } = await parts.connection.request('work/tree', { id: item.id });
  const below = items.filter((other) => other.id !== item.id && isOpen(other)).length;
  const also = below === 0 ? '' : ` and ${below === 1 ? 'the open work' : `the ${below} open items`} below it`;
  const choice = await vscode.window.showWarningMessage(
    `Cancel “${messageText(labelOf(item))}”${also}?`,
    { modal: true, detail: 'What was recorded stays in the ledger. Cancelled work can be tried again.' },
    'Cancel Work',
  );
  if (choice === undefined) return undefined;
  const result = await parts.connection.request('work/cancel', { id: item.id, tree: true });
  parts.model.refresh(item.id);
  return result.item.id;
};

export const sendMessage: Command = async (parts, argument) => {
  const item = await openItem(parts, argument, 'Send Message to Work');
  if (!item) return undefined;
  const said = await vscode.window.showInputBox({
    title: 'Animus: Send Message to Work',
    prompt: `It is heard at the end of the turn that is under way: ${messageText(labelOf(item))}`,
    ignoreFocusOut: true,
  });
  const text = said?.trim();
  if (!text) return undefined;
  await parts.connection.request('work/message', { id: item.id, message_id: uuidv7(), text });
  return item.id;
};

/** The item that a row or a command names, the one whose focus is in front, or one that is picked. */
async function openItem(parts: Parts, argument: unknown, title: string): Promise<WorkView | undefined> {
  const inFront = parts.panels.activeItem();
  const id =
    namedWork(argument) ??
    (inFront && isOpen(inFront) ? inFront.id : await pickWork(parts, `Animus: ${title}`, ({ item }) => isOpen(item)));
  if (id) return (await parts.connection.request('work/show', { id })).item;
  if (parts.model.loaded && !parts.model.all().some(({ item }) => isOpen(item))) {
    void vscode.window.showInformationMessage('Animus: no work is open here.');
  }
  return undefined;
}
