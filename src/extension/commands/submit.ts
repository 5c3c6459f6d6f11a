/** Submitting from the editor, and what happens on the screen after it. */
import * as vscode from 'vscode';
import type { Params, Result } from '../../protocol/requests.ts';
import { messageText } from '../plain-text.ts';
import { labelOf } from '../work/work-rows.ts';
import type { Parts } from './command.ts';

/** Gives the id of the item that is really worked on. */
export async function submit(parts: Parts, asked: Params<'work/submit'>): Promise<string> {
  return showSubmitted(parts, await parts.connection.request('work/submit', asked));
}

/** The same, of a submission that was made in another way. */
export async function showSubmitted(parts: Parts, result: Result<'work/submit'>): Promise<string> {
  const id = result.kind === 'merged' ? result.canonical_id : result.id;
  parts.model.refresh(id);
  await vscode.commands.executeCommand('animus.work.focus');
  if (result.kind === 'merged') {
    const { item } = await parts.connection.request('work/show', { id });
    void vscode.window.showInformationMessage(
      `Animus: the same is being worked on already: ${messageText(labelOf(item))}`,
    );
  }
  return id;
}
