/** Animus: Retry Work, Follow Up: new work that comes after finished work, and knows what was recorded. */
import * as vscode from 'vscode';
import { TERMINAL_STATES, type WorkView } from '../../protocol/work.ts';
import { uuidv7 } from '../../rendezvous/ids.ts';
import { messageText } from '../plain-text.ts';
import { hasFailed, labelOf } from '../work/work-rows.ts';
import type { Command, Parts } from './command.ts';
import { namedWork, pickWork } from './pick-work.ts';
import { showSubmitted } from './submit.ts';

const isFinished = ({ state }: WorkView) => TERMINAL_STATES.includes(state) && state !== 'merged';

export const retryWork: Command = async (parts, argument) => {
  const id = await namedOrPicked(parts, argument, 'Retry Work', hasFailed, 'no work here has failed');
  if (!id) return undefined;
  const asked = { id, new_id: uuidv7(), source: 'vscode' as const };
  return showSubmitted(parts, await parts.connection.request('work/retry', asked));
};

export const followUp: Command = async (parts, argument) => {
  const id = await namedOrPicked(parts, argument, 'Follow Up', isFinished, 'no work here has finished yet');
  if (!id) return undefined;
  const { item } = await parts.connection.request('work/show', { id });
  const text = await vscode.window.showInputBox({
    title: 'Animus: Follow Up',
    prompt: `What is ${item.faculty} to do next? It starts from what was recorded: ${messageText(labelOf(item))}`,
    ignoreFocusOut: true,
  });
  const description = text?.trim();
  if (!description) return undefined;
  const { model } = parts.settings();
  const asked = { id, new_id: uuidv7(), source: 'vscode' as const, description, model };
  return showSubmitted(parts, await parts.connection.request('work/follow_up', asked));
};

async function namedOrPicked(
  parts: Parts,
  argument: unknown,
  title: string,
  wanted: (item: WorkView) => boolean,
  none: string,
): Promise<string | undefined> {
  const named = namedWork(argument);
  if (named) return named;
  const picked = await pickWork(parts, `Animus: ${title}`, ({ item }) => wanted(item));
  if (picked === undefined && parts.model.loaded && !parts.model.all().some(({ item }) => wanted(item))) {
    void vscode.window.showInformationMessage(`Animus: ${none}.`);
  }
  return picked;
}
