/** Says once that a folder brings hooks along which nobody has accepted as they are now. */
import * as vscode from 'vscode';
import { asksAcceptance } from '../commands/accept-hooks.ts';
import type { Services } from '../services.ts';

export function promptForHooks({ connection, log }: Services): vscode.Disposable {
  const told = new Set<string>();
  const look = async () => {
    const { hooks } = await connection.request('hook/list', {});
    const asking = hooks.filter((hook) => asksAcceptance(hook) && !told.has(`${hook.name} ${hook.hash}`));
    if (asking.length === 0) return;
    for (const { name, hash } of asking) told.add(`${name} ${hash}`);
    const names = asking.map(({ name }) => name).join(', ');
    const message = `Animus: hooks of this folder wait for you to accept them: ${names}`;
    const choice = await vscode.window.showInformationMessage(message, 'Review…');
    if (choice === 'Review…') await vscode.commands.executeCommand('animus.acceptHooks');
  };
  const stop = connection.onStateChange(({ kind }) => {
    if (kind !== 'ready') return;
    look().catch((error: unknown) => {
      // The next host's `ready` looks again, and whoever opens the list is told what is wrong.
      log('warn', `The hooks of the folder are not known: ${String(error)}`);
    });
  });
  return vscode.Disposable.from(stop);
}
