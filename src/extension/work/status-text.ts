/** What the status bar says while the host is there. Knows nothing of VS Code. */
import type { Figures } from '../host/host-figures.ts';
import { plainLine } from '../plain-text.ts';

export type StatusText = { text: string; tooltip: string; background: 'warning' | 'error' | null };
export type Counts = {
  /** For a person, those with a call to approve among them. */
  waiting: number;
  toApprove: number;
  running: number;
  paused: number;
  /** By a person; what `Figures` say of a pause is the host's. */
  allPaused: boolean;
};

const REASON_WIDTH = 300;
const CENT = 0.005;

/** What waits for a person comes before what runs; where nothing begins that is said first. */
export function countsText(
  { waiting, toApprove, running, paused, allPaused }: Counts,
  { paused: reason, todayUsd }: Figures,
): StatusText {
  const spent = todayUsd !== null && todayUsd >= CENT ? `$${todayUsd.toFixed(2)} today` : '';
  const isHeld = reason !== null && !allPaused;
  const facts = [
    allPaused ? 'all paused' : '',
    isHeld ? 'nothing begins' : '',
    toApprove > 0 ? `${toApprove} to approve` : '',
    waiting > toApprove ? `${waiting - toApprove} waiting` : '',
    running > 0 ? `${running} running` : '',
    paused > 0 && !allPaused ? `${paused} paused` : '',
  ].filter((fact) => fact !== '');
  const told = [...facts, spent]
    .filter((fact) => fact !== '')
    .join(', ')
    .replace('waiting', 'waiting for you');
  const why = isHeld ? ` (${plainLine(reason, REASON_WIDTH)})` : '';
  const tooltip = `Animus: ${told === '' ? 'nothing to do' : told}${why}`;
  const background = waiting > 0 || isHeld ? 'warning' : null;
  if (facts.length === 0) return { text: '$(hubot) Animus', tooltip, background };
  const icon = waiting > 0 ? '$(bell-dot)' : running > 0 ? '$(loading~spin)' : '$(debug-pause)';
  return { text: `${icon} ${[...facts, spent].filter((fact) => fact !== '').join(' · ')}`, tooltip, background };
}
