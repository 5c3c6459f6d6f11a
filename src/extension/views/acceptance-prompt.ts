/** Says once that a folder brings hooks or faculties along which nobody has accepted as they are now. */
import * as vscode from 'vscode';
import { waitsForAcceptance } from '../commands/accept-faculties.ts';
import { asksAcceptance } from '../commands/accept-hooks.ts';
import { messageText } from '../plain-text.ts';
import type { Services } from '../services.ts';

export function promptForAcceptance({ connection, log }: Services): vscode.Disposable {
  const told = new Set<string>();
  const lookAtHooks = async () => {
    const { hooks } = await connection.request('hook/list', {});
    const asking = hooks.filter((hook) => asksAcceptance(hook) && !told.has(`${hook.name} ${hook.hash}`));
    if (asking.length === 0) return;
    for (const { name, hash } of asking) told.add(`${name} ${hash}`);
    await offer('hooks', asking, 'animus.acceptHooks');
  };
  const lookAtFaculties = async () => {
    const { workspace } = await connection.request('faculty/list', {});
    if (!waitsForAcceptance(workspace) || told.has(`faculties ${workspace.hash}`)) return;
    told.add(`faculties ${workspace.hash}`);
    const names = workspace.names.map((name) => ({ name }));
    await offer('faculties', names, 'animus.acceptFaculties');
  };
  const stop = connection.onStateChange(({ kind }) => {
    if (kind !== 'ready') return;
    for (const look of [lookAtHooks, lookAtFaculties]) {
      look().catch((error: unknown) => {
        // The next host's `ready` looks again, and whoever opens the list is told what is wrong.
        log('warn', `What the folder brings along is not known: ${String(error)}`);
      });
    }
  });
  return vscode.Disposable.from(stop);
}

async function offer(what: string, named: readonly { name: string }[], command: string): Promise<void> {
  const names = named.map(({ name }) => name).join(', ');
  const message = messageText(`Animus: ${what} of this folder wait for you to accept them: ${names}`);
  const choice = await vscode.window.showInformationMessage(message, 'Review…');
  if (choice === 'Review…') await vscode.commands.executeCommand(command);
}
