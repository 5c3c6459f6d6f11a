/** Animus: Review Changes: what work did to files, each beside what was there before, and undoing it. */
import * as vscode from 'vscode';
import type { FileChangeView } from '../../protocol/changes.ts';
import { choiceText, plainLine } from '../plain-text.ts';
import { openChange, undoChange } from '../views/file-change.ts';
import { hasBegun } from '../work/work-rows.ts';
import type { Command, Parts } from './command.ts';
import { namedWork, pickWork } from './pick-work.ts';

const UNDO: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('discard'), tooltip: 'Undo This Change' };

type ChangeItem = vscode.QuickPickItem & { change: FileChangeView };

export const reviewChanges: Command = async (parts, argument) => {
  const id = namedWork(argument) ?? (await pickWork(parts, 'Animus: Review Changes', ({ item }) => hasBegun(item)));
  if (!id) return undefined;
  const changes = await list(parts, id);
  if (changes.length === 0) {
    void vscode.window.showInformationMessage('Animus: this work changed no file.');
    return undefined;
  }
  return showList(parts, id, changes);
};

async function list({ connection }: Parts, id: string): Promise<FileChangeView[]> {
  return (await connection.request('change/list', { id })).changes.reverse();
}

async function showList(parts: Parts, id: string, changes: readonly FileChangeView[]): Promise<string> {
  const pick = vscode.window.createQuickPick<ChangeItem>();
  pick.title = 'Animus: Review Changes, the newest first';
  pick.placeholder = 'Enter shows what changed';
  pick.items = changes.map(choice);
  pick.ignoreFocusOut = true;
  pick.onDidAccept(() => {
    const [chosen] = pick.activeItems;
    if (chosen) void openChange(chosen.change).catch(parts.onError);
  });
  pick.onDidTriggerItemButton(({ item }) => {
    void undoChange(parts, item.change)
      .then(async () => {
        pick.items = (await list(parts, id)).map(choice);
      })
      .catch(parts.onError);
  });
  pick.onDidHide(() => pick.dispose());
  pick.show();
  return id;
}

function choice(change: FileChangeView): ChangeItem {
  const { path, kind, added, removed, undone_at, undoable } = change;
  const undone = undone_at === null ? '' : ' · undone';
  return {
    change,
    label: choiceText(plainLine(path, 200)),
    description: `+${added} \u2212${removed}${kind === 'created' ? ' · new' : ''}${undone}`,
    buttons: undone_at === null && undoable ? [UNDO] : [],
  };
}
