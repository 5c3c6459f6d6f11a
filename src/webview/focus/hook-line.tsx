/** What hooks did in the steps: a row of its own, and on a folded turn a mark where they did more than allow. */
import type { HookRunView } from '../../protocol/focus.ts';
import { formatDuration } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import { hookHue, hookLine, hookWord, lengthOfHooks, nameOfHook, worstOf } from './hooks.ts';

export function HookLine({ runs }: { runs: readonly HookRunView[] }) {
  const worst = worstOf(runs);
  return (
    <>
      <Icon name="shield" hue={worst && hookHue(worst)} size={14} />
      <span class="hidden">Hooks</span>
      <span class="cut grow dim">{hookLine(runs)}</span>
      <span class="meta duration">{formatDuration(lengthOfHooks(runs))}</span>
    </>
  );
}

export function HookMark({ runs }: { runs: readonly HookRunView[] }) {
  const worst = worstOf(runs);
  if (!worst || worst.outcome === 'allowed') return null;
  const label = `Hook ${nameOfHook(worst)} ${hookWord(worst)}`;
  return (
    <span class="hook-mark" title={label}>
      <Icon name="shield" hue={hookHue(worst)} size={14} />
      <span class="hidden">{label}</span>
    </span>
  );
}
