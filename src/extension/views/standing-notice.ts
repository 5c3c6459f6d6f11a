/** Says once to a window that what is decided in it does not count. */
import * as vscode from 'vscode';
import type { PersonKeyView } from '../../protocol/person.ts';
import type { Standing } from '../host/window-person.ts';
import { messageText } from '../plain-text.ts';

const REASON = {
  stranger: 'To approve and answer in this window too, let it in with a code.',
  lost: 'So did this VS Code, but its key is gone from the secret storage. Let it in again with a code, or start over.',
  removed:
    'This VS Code does not any more: somebody took that back, or started over with who may. If that was not you, look at what was approved since.',
};

/** Tells each reason once. `keys` are those who decide now. */
export function createStandingNotice() {
  const told = new Set<Standing>();
  return (standing: Exclude<Standing, 'enrolled'>, keys: readonly PersonKeyView[]): void => {
    if (told.has(standing)) return;
    told.add(standing);
    const { showInformationMessage, showWarningMessage } = vscode.window;
    const show =
      standing === 'stranger' && keys.every(({ kind }) => kind === 'vscode')
        ? showInformationMessage
        : showWarningMessage;
    void show(messageText(`Animus: ${whoDecides(keys)} ${REASON[standing]}`), 'Who May Decide…').then(
      async (picked) => {
        if (picked) await vscode.commands.executeCommand('animus.whoMayDecide');
      },
    );
  };
}

function whoDecides(keys: readonly PersonKeyView[]): string {
  const [first, ...others] = keys;
  if (!first) return 'nobody decides in this folder now.';
  const since = new Date(first.enrolled_at).toLocaleString();
  return others.length > 0
    ? `“${first.name}” and ${others.length} more decide in this folder, the first since ${since}.`
    : `“${first.name}” decides in this folder, since ${since}.`;
}
