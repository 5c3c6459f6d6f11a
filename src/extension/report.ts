/** What went wrong, said to a person with a way on. */
import * as vscode from 'vscode';
import { HostGone } from '../client/host-client.ts';
import { AnimusError, type ErrorKind } from '../protocol/errors.ts';
import { joinSentences } from './host/host-state.ts';
import { messageText } from './plain-text.ts';

type Way = { title: string; command: string };

const ASKING: readonly ErrorKind[] = ['untrusted_folder', 'faculty_not_accepted', 'not_enrolled'];

export function report(error: unknown, log: (level: 'error', message: string) => void): void {
  log('error', error instanceof Error ? (error.stack ?? error.message) : String(error));
  const { text, ways } = describe(error);
  const { showErrorMessage, showWarningMessage } = vscode.window;
  // That somebody has to trust or to accept first is no fault.
  const isAsked = error instanceof AnimusError && ASKING.includes(error.kind);
  const show = isAsked ? showWarningMessage : showErrorMessage;
  void show(`Animus: ${messageText(text)}`, ...ways).then(async (way) => {
    if (way) await vscode.commands.executeCommand(way.command);
  });
}

function describe(error: unknown): { text: string; ways: Way[] } {
  const logs = { title: 'Show Logs', command: 'animus.showLogs' };
  if (error instanceof HostGone)
    return { text: 'it ended while it was asked. What was recorded is kept.', ways: [logs] };
  if (!(error instanceof AnimusError))
    return { text: error instanceof Error ? error.message : String(error), ways: [logs] };
  const text = joinSentences(error.message, error.next);
  if (error.kind === 'untrusted_folder') {
    const manage = { title: 'Manage Workspace Trust', command: 'workbench.trust.manage' };
    const grant = { title: 'Trust This Folder', command: 'animus.trust' };
    return { text, ways: [vscode.workspace.isTrusted ? grant : manage] };
  }
  if (error.kind === 'faculty_not_accepted') {
    return { text: error.message, ways: [{ title: 'Review…', command: 'animus.acceptFaculties' }] };
  }
  if (error.kind === 'not_enrolled') {
    return { text: error.message, ways: [{ title: 'Who May Decide…', command: 'animus.whoMayDecide' }] };
  }
  return { text, ways: [logs] };
}
