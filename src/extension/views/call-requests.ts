/** What a focus page may ask about its calls and turns. Deciding and undoing are asked of the person once more, by VS Code. */
import * as vscode from 'vscode';
import { AnimusError } from '../../protocol/errors.ts';
import type { FromFocusView, ToFocusView } from '../../protocol/webview.ts';
import { messageText, plainLine } from '../plain-text.ts';
import type { Services } from '../services.ts';
import { openChange, undoChange } from './file-change.ts';

export type CallRequest = Extract<
  FromFocusView,
  { type: 'load_change' | 'open_change' | 'undo_change' | 'approve' | 'show_context' }
>;

type Page = { focusId: string; send(message: ToFocusView): Promise<unknown> };

export async function answerCallRequest(services: Services, page: Page, request: CallRequest): Promise<void> {
  switch (request.type) {
    case 'load_change':
      await page.send({ type: 'change', call_id: request.call_id, ...(await readChange(services, request.call_id)) });
      return;
    case 'open_change':
      await openChange((await services.connection.request('change/show', { id: request.call_id })).change);
      return;
    case 'undo_change':
      await undo(services, page, request.call_id);
      return;
    case 'approve':
      await vscode.commands.executeCommand('animus.approve', { approvalId: request.approval_id });
      return;
    case 'show_context':
      await vscode.commands.executeCommand('animus.showContext', { focusId: page.focusId, turn: request.turn });
      return;
  }
}

/** A page that waits is told too that there is nothing to show, and why. */
async function readChange({ connection }: Services, id: string) {
  try {
    const { change } = await connection.request('change/show', { id });
    return { change, problem: null };
  } catch (error) {
    if (!(error instanceof AnimusError)) throw error;
    return { change: null, problem: error.message };
  }
}

async function undo(services: Services, page: Page, id: string): Promise<void> {
  const { change } = await services.connection.request('change/show', { id });
  const file = messageText(plainLine(change.path, 100));
  const detail = 'The file becomes what it was before this call. Where something changed it since, nothing is done.';
  const choice = await vscode.window.showWarningMessage(
    `Undo the change of ${file}?`,
    { modal: true, detail },
    'Undo This Change',
  );
  if (choice === undefined) return;
  await undoChange(services, change);
  await page.send({ type: 'change', call_id: id, ...(await readChange(services, id)) });
}
