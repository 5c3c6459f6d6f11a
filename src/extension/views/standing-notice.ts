/** Says once to a window that what is decided in it does not count. */
import * as vscode from 'vscode';
import type { Standing } from '../host/window-person.ts';

const TEXT = {
  stranger:
    'Animus: somebody else decides in this folder already. To approve and answer in this window too, let it in with a code.',
  removed:
    'Animus: this VS Code may not decide in this folder any more. Somebody took that back or started over with who may. If that was not you, look at what was approved since.',
};

export function createStandingNotice(): (standing: Exclude<Standing, 'enrolled'>) => void {
  const told = new Set<Standing>();
  return (standing) => {
    if (told.has(standing)) return;
    told.add(standing);
    const { showInformationMessage, showWarningMessage } = vscode.window;
    const show = standing === 'removed' ? showWarningMessage : showInformationMessage;
    void show(TEXT[standing], 'Who May Decide…').then(async (picked) => {
      if (picked) await vscode.commands.executeCommand('animus.whoMayDecide');
    });
  };
}
