/** Animus: Inspect Child Work. The work that other work submitted, as a list; picking one opens its focus. */
import * as vscode from 'vscode';
import type { Command } from './command.ts';
import { namedWork, pickWork } from './pick-work.ts';
import { workChoice } from './work-choice.ts';

export const inspectChildWork: Command = async (parts, argument) => {
  const { connection, model } = parts;
  const hasChildren = ({ item }: { item: { id: string } }) => model.childrenOf(item.id).length > 0;
  const parent = namedWork(argument) ?? (await pickWork(parts, 'Animus: Inspect Child Work', hasChildren));
  const { items } = parent ? await connection.request('work/list', { parent, limit: 200 }) : { items: [] };
  if (items.length === 0) {
    if (parent || !model.all().some(hasChildren)) {
      void vscode.window.showInformationMessage(
        'Animus: no child work here. Work has children when its agent submits more.',
      );
    }
    return undefined;
  }
  const rows = items.map((item) => {
    const known = model.get(item.id) ?? { item, foci: null, activity: null };
    return workChoice(known, model);
  });
  const title = `Child work (${items.length})`;
  const picked = await vscode.window.showQuickPick(rows, { title, placeHolder: 'Open the focus of …' });
  if (picked) await vscode.commands.executeCommand('animus.openFocus', { workId: picked.id });
  return picked?.id;
};
