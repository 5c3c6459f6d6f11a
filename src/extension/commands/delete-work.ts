/** Animus: Delete Work. Finished work for good, after a question: its ledger goes with it. */
import * as vscode from 'vscode';
import { TERMINAL_STATES } from '../../protocol/work.ts';
import { messageText } from '../plain-text.ts';
import { labelOf } from '../work/work-rows.ts';
import type { Command } from './command.ts';
import { namedWork, pickWork } from './pick-work.ts';

export const deleteWork: Command = async (parts, argument) => {
  const hasEnded = ({ item }: { item: { state: (typeof TERMINAL_STATES)[number] } }) =>
    TERMINAL_STATES.includes(item.state);
  const id = namedWork(argument) ?? (await pickWork(parts, 'Animus: Delete Work', hasEnded));
  if (!id) return undefined;
  const { items } = await parts.connection.request('work/tree', { id });
  const [item] = items;
  if (!item) return undefined;
  const below = items.length - 1;
  const also = below === 0 ? '' : ` and ${below === 1 ? 'the work' : `the ${below} items`} below it`;
  const choice = await vscode.window.showWarningMessage(
    `Delete “${messageText(labelOf(item))}”${also} for good?`,
    { modal: true, detail: 'Its ledger, its conversations and its outcome go with it. Nothing brings them back.' },
    'Delete Work',
  );
  if (choice === undefined) return undefined;
  await parts.connection.request('work/delete', { id: item.id, pid: process.pid });
  parts.model.refreshAll();
  return item.id;
};
