/** What a page may ask of the window besides its own data: to open a file of the workspace, a link, a command of ours. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { FromFocusView, FromLedgerView } from '../../protocol/webview.ts';
import { messageText, plainLine } from '../plain-text.ts';

export type ViewRequest = Extract<
  FromLedgerView | FromFocusView,
  { type: 'open_file' | 'open_link' | 'open_focus' | 'command' }
>;

const LINK_SCHEMES = ['http:', 'https:', 'mailto:'];

export async function answerViewRequest(request: ViewRequest): Promise<void> {
  switch (request.type) {
    case 'open_file':
      await openFile(request.path, request.line);
      return;
    case 'open_link':
      await openLink(request.href);
      return;
    case 'open_focus':
      await vscode.commands.executeCommand('animus.openFocus', { focusId: request.focus_id });
      return;
    case 'command':
      await vscode.commands.executeCommand(`animus.${request.command}`);
      return;
  }
}

async function openFile(name: string, line: number | undefined): Promise<void> {
  const file = fileInWorkspace(name);
  if (!file) {
    void vscode.window.showWarningMessage(
      `Animus: ${messageText(plainLine(name, 100))} is no file of this workspace, so it is not opened.`,
    );
    return;
  }
  const at = new vscode.Position(Math.max(0, (line ?? 1) - 1), 0);
  const selection = line === undefined ? {} : { selection: new vscode.Range(at, at) };
  await vscode.window.showTextDocument(vscode.Uri.file(file), { preview: true, ...selection });
}

/** The real path, where it lies within a folder of the workspace: a link that leads out of it does not. */
export function fileInWorkspace(name: string): string | undefined {
  for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
    const found = fileWithin(uri.fsPath, name);
    if (found) return found;
  }
  return undefined;
}

export function fileWithin(folder: string, name: string): string | undefined {
  try {
    const root = realpathSync(folder);
    const file = realpathSync(path.resolve(root, name));
    const relative = path.relative(root, file);
    const isInside = relative !== '' && relative.split(path.sep)[0] !== '..' && !path.isAbsolute(relative);
    return isInside ? file : undefined;
  } catch {
    // There is no such file.
    return undefined;
  }
}

async function openLink(href: string): Promise<void> {
  const scheme = URL.canParse(href) ? new URL(href).protocol : '';
  if (LINK_SCHEMES.includes(scheme)) {
    await vscode.env.openExternal(vscode.Uri.parse(href, true));
    return;
  }
  void vscode.window.showWarningMessage('Animus: only web and mail links are opened, and this is neither.');
}
