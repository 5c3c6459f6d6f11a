/** The rows of what comes before and after the turns. */
import { formatDuration } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import type { Hue, IconName } from '../shared/icon-names.ts';
import type { PhaseRow } from './steps.ts';
import type { FocusStore } from './store.ts';

type Line = { icon: IconName; hue: Hue; note: string; duration?: number };

const NAMES: Record<PhaseRow['phase'], string> = {
  orient: 'Orient',
  engage: 'Engage',
  consolidate: 'Consolidate',
  recover: 'Recover',
};

export function PhaseLine({ row, store }: { row: PhaseRow; store: FocusStore }) {
  const line = row.phase === 'orient' ? orientLine(row, store) : endLine(row, store);
  return (
    <>
      <span class="twistie" />
      <Icon name={line.icon} hue={line.hue} spins={line.icon === 'loading'} />
      <span class={line.hue === 'idle' && row.phase !== 'orient' ? 'dim' : ''}>{NAMES[row.phase]}</span>
      <span class="description cut grow">{line.note}</span>
      {line.duration !== undefined && <span class="meta duration">{formatDuration(line.duration)}</span>}
    </>
  );
}

function orientLine({ turn }: PhaseRow, { turns, isRunning }: FocusStore): Line {
  const task = turns.value[0];
  if (turn === null || task?.turn !== 0) {
    return { icon: isRunning.value ? 'loading' : 'compass', hue: isRunning.value ? 'running' : 'idle', note: '' };
  }
  return { icon: 'compass', hue: 'note', note: 'the task', duration: task.endedAt - task.startedAt };
}

function endLine({ phase }: PhaseRow, { focus, item }: FocusStore): Line {
  const { status, phase: current } = focus.value ?? {};
  if (status === 'running') {
    return current === phase
      ? { icon: 'loading', hue: 'running', note: 'running' }
      : { icon: 'circle-large-outline', hue: 'idle', note: 'not started' };
  }
  if (status === 'completed') {
    const success = item.value?.outcome?.success ?? true;
    return { icon: 'pass', hue: 'completed', note: success ? 'done' : 'done, without success' };
  }
  if (status === 'failed') return { icon: 'error', hue: 'dead', note: focus.value?.error?.kind ?? 'failed' };
  if (status === 'parked') return { icon: 'debug-pause', hue: 'idle', note: 'waits' };
  return { icon: 'circle-slash', hue: 'idle', note: 'not reached' };
}
