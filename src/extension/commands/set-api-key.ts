/** Animus: Set API Key. Kept in VS Code's secret storage; the host gets it over its connection and holds it in memory only. */
import * as vscode from 'vscode';
import { keyComplaint, secretName } from '../host/api-key.ts';
import type { Command } from './command.ts';

const ANTHROPIC_KEY = secretName('anthropic');

export const setApiKey: Command = async ({ secrets }) => {
  const present = (await secrets.get(ANTHROPIC_KEY)) !== undefined;
  const value = await vscode.window.showInputBox({
    title: 'Animus: Set API Key',
    prompt: present
      ? 'The key for Anthropic. It replaces the stored one; leave it empty to remove that.'
      : "The key for Anthropic. It is kept in VS Code's secret storage.",
    placeHolder: 'sk-ant-…',
    password: true,
    ignoreFocusOut: true,
    validateInput: keyComplaint,
  });
  if (value === undefined) return;
  if (value.trim() === '') {
    if (!present) return;
    await secrets.delete(ANTHROPIC_KEY);
    void vscode.window.showInformationMessage(
      'Animus: the key was removed. A running Animus forgets it when it restarts.',
    );
    return;
  }
  // Whoever stores it is heard by main.ts, which offers it to the host.
  await secrets.store(ANTHROPIC_KEY, value.trim());
  void vscode.window.showInformationMessage('Animus: the key is stored. Work that waited for it goes on.');
};
