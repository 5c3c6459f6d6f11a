/** The words' icons and colours, the same in every view. */
import type { EntryType, FocusView } from '../../protocol/focus.ts';
import type { WorkView } from '../../protocol/work.ts';
import type { Hue, IconName } from './icon-names.ts';

export const ENTRY_TYPES: readonly EntryType[] = ['plan', 'finding', 'decision', 'step', 'error', 'note'];

export const ENTRY_ICONS: Record<EntryType, IconName> = {
  plan: 'map',
  finding: 'lightbulb',
  decision: 'law',
  step: 'milestone',
  error: 'error',
  note: 'note',
};

export type Sign = { icon: IconName; hue: Hue; word: string };

const WORK_SIGNS: Record<WorkView['state'], Sign> = {
  queued: { icon: 'circle-large-outline', hue: 'idle', word: 'queued' },
  running: { icon: 'loading', hue: 'running', word: 'running' },
  waiting: { icon: 'debug-pause', hue: 'idle', word: 'waiting' },
  completed: { icon: 'pass', hue: 'completed', word: 'completed' },
  dead: { icon: 'error', hue: 'dead', word: 'dead' },
  cancelled: { icon: 'circle-slash', hue: 'idle', word: 'cancelled' },
  merged: { icon: 'git-merge', hue: 'merged', word: 'merged' },
};

const FOCUS_SIGNS: Record<FocusView['status'], Sign> = {
  running: { icon: 'loading', hue: 'running', word: 'Running' },
  parked: { icon: 'debug-pause', hue: 'idle', word: 'Parked' },
  completed: { icon: 'pass', hue: 'completed', word: 'Completed' },
  failed: { icon: 'error', hue: 'dead', word: 'Failed' },
  cancelled: { icon: 'circle-slash', hue: 'idle', word: 'Cancelled' },
  released: { icon: 'debug-restart', hue: 'idle', word: 'Released to another host' },
};

export function workSign(item: WorkView): Sign {
  if (item.state === 'queued' && item.reason?.startsWith('unroutable')) {
    return { icon: 'debug-disconnect', hue: 'you', word: 'unroutable' };
  }
  if (item.state === 'waiting' && item.wait?.kind === 'credentials') {
    return { icon: 'bell-dot', hue: 'you', word: 'waiting for a key' };
  }
  // Without a vendor's model in it, it is a provider that asked for a pause.
  if (item.state === 'waiting' && item.wait?.kind === 'model' && String(item.wait.targets[0]).startsWith('vscode/')) {
    return { icon: 'bell-dot', hue: 'you', word: 'waiting for a model' };
  }
  return WORK_SIGNS[item.state];
}

export function focusSign(focus: FocusView): Sign {
  return FOCUS_SIGNS[focus.status];
}

/** Enough of an id to tell neighbours apart in a row; the end of it, because the beginning is the time. */
export function tailOfId(id: string): string {
  return `#${id.slice(-4)}`;
}
