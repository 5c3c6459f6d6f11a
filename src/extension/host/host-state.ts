/** How the host is, from this window's side, and how that is told to a person. */
import type { HostClient } from '../../client/host-client.ts';
import type { ViewCommand, ViewState } from '../../protocol/webview.ts';

export type HostState =
  /** Nobody has needed it yet. */
  | { kind: 'idle' }
  | { kind: 'untrusted' }
  | { kind: 'starting'; message: string }
  | { kind: 'ready'; client: HostClient }
  /** Not there. It comes back by itself where `next` does not say otherwise. */
  | { kind: 'down'; message: string }
  /** It says why it cannot serve, and what a person can do. */
  | { kind: 'failed'; message: string; next: string };

const START = { command: 'startHost', title: 'Start Animus' } as const;
const TRY_AGAIN = { command: 'startHost', title: 'Try Again' } as const;
const LOGS = { command: 'showLogs', title: 'Show Logs' } as const;

export function viewStateOf(state: HostState): ViewState {
  switch (state.kind) {
    case 'idle':
      return { kind: 'down', message: 'Animus has not been started in this window.', actions: [START] };
    case 'untrusted':
      return {
        kind: 'untrusted',
        message: 'This folder is in Restricted Mode, so Animus has started nothing and read nothing in it.',
        actions: [{ command: 'trust', title: 'Manage Workspace Trust' }],
      };
    case 'starting':
      return { kind: 'starting', message: state.message, actions: [LOGS] };
    case 'ready':
      return { kind: 'ready', message: '', actions: [] };
    case 'down':
      return { kind: 'down', message: state.message, actions: [START, LOGS] };
    case 'failed':
      return { kind: 'failed', message: joinSentences(state.message, state.next), actions: [TRY_AGAIN, LOGS] };
  }
}

export const COMMAND_ICONS: Record<ViewCommand, string> = {
  submitWork: 'add',
  runDemo: 'play',
  chooseModel: 'hubot',
  setApiKey: 'key',
  trust: 'workspace-trusted',
  startHost: 'play',
  restartHost: 'debug-restart',
  showLogs: 'output',
  showLedger: 'book',
  answer: 'reply',
};

export function joinSentences(first: string, second: string): string {
  const left = first.trim();
  return second === '' ? left : `${left}${/[.!?:…]$/.test(left) ? '' : '.'} ${second.trim()}`;
}
