/** The status bar's item: the most urgent first, coloured only where something waits for a person or the host is down. */
import * as vscode from 'vscode';
import type { HostConnection } from '../host/connection.ts';
import type { Figures, HostFigures } from '../host/host-figures.ts';
import { viewStateOf } from '../host/host-state.ts';
import { type Counts, countsText, type StatusText } from '../work/status-text.ts';
import type { WorkModel } from '../work/work-model.ts';
import { groupOf } from '../work/work-rows.ts';

export function createStatusBar(connection: HostConnection, model: WorkModel, figures: HostFigures): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('animus.status', vscode.StatusBarAlignment.Left, 0);
  item.name = 'Animus';
  item.command = 'animus.whatNext';
  const show = () => {
    const { text, tooltip, background } = statusText(connection, model, figures.figures);
    item.text = text;
    item.tooltip = tooltip;
    item.accessibilityInformation = { label: tooltip, role: 'button' };
    item.backgroundColor = background ? new vscode.ThemeColor(`statusBarItem.${background}Background`) : undefined;
  };
  const stops = [connection.onStateChange(show), model.onChange(show), figures.onChange(show)];
  show();
  item.show();
  return vscode.Disposable.from(item, ...stops);
}

function statusText(connection: HostConnection, model: WorkModel, figures: Figures): StatusText {
  const { kind, message } = viewStateOf(connection.state);
  switch (kind) {
    case 'ready':
      return countsText(counted(model), figures);
    case 'starting':
      return { text: '$(loading~spin) Animus', tooltip: message, background: null };
    case 'untrusted':
      return { text: '$(shield) Animus', tooltip: message, background: null };
    case 'down':
    case 'failed': {
      const isIdle = connection.state.kind === 'idle';
      if (isIdle) return { text: '$(hubot) Animus', tooltip: message, background: null };
      return { text: '$(error) Animus stopped', tooltip: `Animus: ${message}`, background: 'error' };
    }
  }
}

function counted(model: WorkModel): Counts {
  const count = (group: string) => model.all().filter(({ item }) => groupOf(item) === group).length;
  const asking = model.all().filter(({ item }) => item.wait?.kind === 'approval' && groupOf(item) === 'waiting').length;
  return {
    waiting: count('waiting'),
    toApprove: asking,
    running: count('running'),
    paused: count('paused'),
    allPaused: model.allPaused,
  };
}
