/** Animus: Review Changes: what work did to files, each beside what was there before, and undoing it. */
import * as vscode from 'vscode';
import type { FileChangeView } from '../../protocol/changes.ts';
import { choiceText, messageText, plainLine } from '../plain-text.ts';
import { fileInWorkspace } from '../views/view-requests.ts';
import { hasBegun } from '../work/work-rows.ts';
import type { Command, Parts } from './command.ts';
import { namedWork, pickWork } from './pick-work.ts';

/** What a file held before a change: `animus-before:/<path>?<id of the change>`. */
export const BEFORE_SCHEME = 'animus-before';

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

/** Gives the text of a document of BEFORE_SCHEME. */
export function beforeContent({ connection }: Parts): vscode.TextDocumentContentProvider {
  return {
    provideTextDocumentContent: async ({ query }) => {
      const { before } = await connection.request('change/show', { id: query });
      return before ?? '';
    },
  };
}

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
    if (chosen) void open(chosen.change).catch(parts.onError);
  });
  pick.onDidTriggerItemButton(({ item }) => {
    void undo(parts, item.change)
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

/** The file as it was beside the file as it is: what came after this change shows too. */
async function open({ id, path, kind }: FileChangeView): Promise<void> {
  const before = vscode.Uri.from({ scheme: BEFORE_SCHEME, path: `/${path}`, query: id });
  const file = fileInWorkspace(path);
  const name = messageText(plainLine(path.split('/').at(-1) ?? path, 80));
  if (!file) {
    void vscode.window.showWarningMessage(`Animus: ${name} is not there any more.`);
    return;
  }
  const title = `${name} (${kind === 'created' ? 'did not exist' : 'before'} \u2194 now)`;
  await vscode.commands.executeCommand('vscode.diff', before, vscode.Uri.file(file), title);
}

async function undo({ connection }: Parts, { id, path }: FileChangeView): Promise<void> {
  await connection.request('change/undo', { id, pid: process.pid });
  void vscode.window.showInformationMessage(`Animus: ${messageText(plainLine(path, 100))} is as it was before.`);
}
