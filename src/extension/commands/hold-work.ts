/** Animus: Pause and Resume, of one item with all below it, or of all work of the folder. */
import * as vscode from 'vscode';
import { TERMINAL_STATES, type WorkView } from '../../protocol/work.ts';
import type { Command, Parts } from './command.ts';
import { namedWork, pickWork } from './pick-work.ts';

const isOpen = ({ state }: WorkView) => !TERMINAL_STATES.includes(state);

export const pauseWork: Command = async (parts, argument) => {
  const wanted = (item: WorkView) => isOpen(item) && !item.paused;
  const id = await chosen(parts, argument, 'Pause Work', wanted, 'there is no open work to pause');
  if (!id) return undefined;
  const { item } = await parts.connection.request('work/pause', { id });
  parts.model.refresh(item.id);
  return item.id;
};

export const resumeWork: Command = async (parts, argument) => {
  const id = await chosen(parts, argument, 'Resume Work', ({ paused }) => paused, 'no work is paused here');
  if (!id) return undefined;
  const { item, all_paused } = await parts.connection.request('work/resume', { id, pid: process.pid });
  parts.model.refresh(item.id);
  if (all_paused) void offerAll();
  return item.id;
};

export const pauseAll: Command = async ({ connection, model }) => {
  const { paused } = await connection.request('work/pause_all', {});
  model.refreshAll();
  return paused;
};

export const resumeAll: Command = async ({ connection, model }) => {
  const { resumed } = await connection.request('work/resume_all', { pid: process.pid });
  model.refreshAll();
  return resumed;
};

async function offerAll(): Promise<void> {
  const choice = await vscode.window.showInformationMessage(
    'Animus: all work here is paused, so this waits for that.',
    'Resume All Work',
  );
  if (choice) await vscode.commands.executeCommand('animus.resumeAll');
}

/** The item that a row or a command names, the one whose focus is in front, or one that is picked. */
async function chosen(
  parts: Parts,
  argument: unknown,
  title: string,
  wanted: (item: WorkView) => boolean,
  none: string,
): Promise<string | undefined> {
  const inFront = parts.panels.activeItem();
  const named = namedWork(argument) ?? (inFront && wanted(inFront) ? inFront.id : undefined);
  if (named) return named;
  const picked = await pickWork(parts, `Animus: ${title}`, ({ item }) => wanted(item));
  if (picked === undefined && parts.model.loaded && !parts.model.all().some(({ item }) => wanted(item))) {
    void vscode.window.showInformationMessage(`Animus: ${none}.`);
  }
  return picked;
}
