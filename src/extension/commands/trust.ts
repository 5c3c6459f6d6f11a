/** Animus: Trust This Folder. VS Code's own question; a trusted window grants the host's record. */
import * as vscode from 'vscode';
import type { Command } from './command.ts';

export const trust: Command = async ({ connection, place }) => {
  if (!vscode.workspace.isTrusted) {
    await vscode.commands.executeCommand('workbench.trust.manage');
    return;
  }
  await connection.request('trust/grant', { folder: place().folder, pid: process.pid });
  void vscode.window.showInformationMessage('Animus: this folder is trusted; agents may work in it.');
};
