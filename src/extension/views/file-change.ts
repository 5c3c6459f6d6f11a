/** What work did to a file, beside what was there before; and undoing it. */
import * as vscode from 'vscode';
import type { FileChangeView } from '../../protocol/changes.ts';
import { messageText, plainLine } from '../plain-text.ts';
import type { Services } from '../services.ts';
import { fileInWorkspace } from './view-requests.ts';

/** What a file held before a change: `animus-before:/<path>?<id of the change>`. */
export const BEFORE_SCHEME = 'animus-before';

/** Gives the text of a document of BEFORE_SCHEME. */
export function beforeContent({ connection }: Pick<Services, 'connection'>): vscode.TextDocumentContentProvider {
  return {
    provideTextDocumentContent: async ({ query }) => {
      const { before } = await connection.request('change/show', { id: query });
      return before ?? '';
    },
  };
}

/** The file as it was beside the file as it is: what came after this change shows too. */
export async function openChange({ id, path, kind }: FileChangeView): Promise<void> {
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

export async function undoChange(
  { connection }: Pick<Services, 'connection'>,
  { id, path }: FileChangeView,
): Promise<void> {
  await connection.request('change/undo', { id, pid: process.pid });
  void vscode.window.showInformationMessage(`Animus: ${messageText(plainLine(path, 100))} is as it was before.`);
}
