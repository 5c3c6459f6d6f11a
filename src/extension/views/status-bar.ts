/** The status bar's item: the most urgent first, coloured only where something waits for a person or the host is down. */
import * as vscode from 'vscode';
import type { HostConnection } from '../host/connection.ts';
import { viewStateOf } from '../host/host-state.ts';
import type { WorkModel } from '../work/work-model.ts';
import { groupOf } from '../work/work-rows.ts';

export type StatusText = { text: string; tooltip: string; background: 'warning' | 'error' | null };

export function createStatusBar(connection: HostConnection, model: WorkModel): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('animus.status', vscode.StatusBarAlignment.Left, 0);
  item.name = 'Animus';
  item.command = 'animus.whatNext';
  const show = () => {
    const { text, tooltip, background } = statusText(connection, model);
    item.text = text;
    item.tooltip = tooltip;
    item.accessibilityInformation = { label: tooltip, role: 'button' };
    item.backgroundColor = background ? new vscode.ThemeColor(`statusBarItem.${background}Background`) : undefined;
  };
  const stops = [connection.onStateChange(show), model.onChange(show)];
  show();
  item.show();
  return vscode.Disposable.from(item, ...stops);
}

function statusText(connection: HostConnection, model: WorkModel): StatusText {
  const { kind, message } = viewStateOf(connection.state);
  switch (kind) {
    case 'ready':
      return countsText(model);
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

function countsText(model: WorkModel): StatusText {
  const count = (group: string) => model.all().filter(({ item }) => groupOf(item) === group).length;
  const [waiting, running, paused] = [count('waiting'), count('running'), count('paused')];
  const asking = model.all().filter(({ item }) => item.wait?.kind === 'approval' && groupOf(item) === 'waiting').length;
  const facts = [
    model.allPaused ? 'all paused' : '',
    asking > 0 ? `${asking} to approve` : '',
    waiting - asking > 0 ? `${waiting - asking} waiting` : '',
    running > 0 ? `${running} running` : '',
    paused > 0 && !model.allPaused ? `${paused} paused` : '',
  ].filter(Boolean);
  if (facts.length === 0) return { text: '$(hubot) Animus', tooltip: 'Animus: nothing to do', background: null };
  const icon = waiting > 0 ? '$(bell-dot)' : running > 0 ? '$(loading~spin)' : '$(debug-pause)';
  const tooltip = `Animus: ${facts.join(', ').replace('waiting', 'waiting for you')}`;
  return { text: `${icon} ${facts.join(' · ')}`, tooltip, background: waiting > 0 ? 'warning' : null };
}
