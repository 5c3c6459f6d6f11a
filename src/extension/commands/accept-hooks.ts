/** Animus: Accept Workspace Hooks…: a person reads what would run, and lets it. */
import * as vscode from 'vscode';
import type { HookView } from '../../protocol/hooks.ts';
import { choiceText, plainText } from '../plain-text.ts';
import type { Command } from './command.ts';

export const acceptHooks: Command = async ({ connection }) => {
  const { hooks } = await connection.request('hook/list', {});
  const asking = hooks.filter((hook) => asksAcceptance(hook));
  if (asking.length === 0) {
    void vscode.window.showInformationMessage('Animus: no hook of this folder waits to be accepted.');
    return undefined;
  }
  const choices = asking.map((hook) => {
    const state = hook.state === 'new' ? 'new' : 'changed since it was accepted';
    return { label: choiceText(hook.name), description: state, detail: choiceText(hook.description ?? ''), hook };
  });
  const picked = await vscode.window.showQuickPick(choices, { title: 'Animus: Accept Workspace Hooks' });
  if (!picked) return undefined;
  const { name, hash, command, folder } = picked.hook;
  if (hash === null) return undefined;
  const file = vscode.Uri.joinPath(vscode.Uri.file(folder), 'HOOK.md');
  await vscode.window.showTextDocument(file, { preview: true, preserveFocus: true });
  const detail = plainText(`It runs: ${command}\n\nWhat is in ${folder} runs as you. A change asks again.`);
  const choice = await vscode.window.showWarningMessage(`Let the hook ${name} run?`, { modal: true, detail }, 'Accept');
  if (choice === undefined) return undefined;
  await connection.request('hook/accept', { name, hash, pid: process.pid });
  return name;
};

export const asksAcceptance = ({ state, hash }: HookView) => (state === 'new' || state === 'changed') && hash !== null;
