/** What the status bar's item opens: what waits for a person, what runs, and what can be done. */
import * as vscode from 'vscode';
import { TERMINAL_STATES, type WorkView } from '../../protocol/work.ts';
import { viewStateOf } from '../host/host-state.ts';
import type { KnownWork } from '../work/work-model.ts';
import { groupOf, reasonRows, topOf } from '../work/work-rows.ts';
import type { Command, Parts } from './command.ts';
import { workChoice } from './work-choice.ts';

const isOpen = ({ state }: WorkView) => !TERMINAL_STATES.includes(state);

type Choice = vscode.QuickPickItem & { command?: string; args?: readonly unknown[] };

export const whatNext: Command = async (parts) => {
  const picked = await vscode.window.showQuickPick(choices(parts), { title: 'Animus', placeHolder: 'What next?' });
  if (picked?.command) await vscode.commands.executeCommand(picked.command, ...(picked.args ?? []));
};

function choices(parts: Parts): Choice[] {
  const { connection, model } = parts;
  const state = viewStateOf(connection.state);
  const separator = (label: string): Choice => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const fixes = state.actions.map(({ command, title }): Choice => ({ label: title, command: `animus.${command}` }));
  if (state.kind !== 'ready') return [separator(state.message), ...fixes, separator('commands'), ...commands()];
  const waiting = topOf(model, 'waiting').map((known) => actOn(known, parts));
  const running = topOf(model, 'running').map((known) => actOn(known, parts));
  return [
    ...(waiting.length > 0 ? [separator('waiting for you'), ...waiting] : []),
    ...(running.length > 0 ? [separator('running'), ...running] : []),
    separator('commands'),
    ...(model.allPaused
      ? [choice('Resume All Work', 'debug-continue', 'resumeAll')]
      : model.all().some(({ item }) => isOpen(item))
        ? [choice('Pause All Work', 'debug-pause', 'pauseAll')]
        : []),
    ...commands(),
  ];
}

/** What helps comes before what shows. */
function actOn(known: KnownWork, { model }: Parts): Choice {
  const choice = workChoice(known, model);
  const action = reasonRows(known).find(({ kind }) => kind === 'action');
  if (groupOf(known.item) === 'waiting' && action?.kind === 'action') {
    return { ...choice, detail: action.title, command: action.command, args: action.args };
  }
  return { ...choice, command: 'animus.openFocus', args: [{ workId: known.item.id }] };
}

function choice(label: string, icon: string, command: string): Choice {
  return { label, iconPath: new vscode.ThemeIcon(icon), command: `animus.${command}` };
}

function commands(): Choice[] {
  return [
    choice('Submit Work…', 'add', 'submitWork'),
    choice('Show Ledger', 'book', 'showLedger'),
    choice('Choose Model…', 'hubot', 'chooseModel'),
    choice('Run Demo', 'play', 'runDemo'),
    choice('Show Logs', 'output', 'showLogs'),
  ];
}
