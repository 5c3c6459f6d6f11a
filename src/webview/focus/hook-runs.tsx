/** What each hook did, with its reason and what it changed. All of it is a program's words, and stays text. */
import { useState } from 'preact/hooks';
import type { HookRunView } from '../../protocol/focus.ts';
import { formatCount, formatDuration } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import { PlainText } from '../shared/plain-text.tsx';
import { visibleText } from '../shared/visible-text.ts';
import { eventWord, type HookGroup, hookHue, hookWord, nameOfHook } from './hooks.ts';

export function HookRuns({ groups }: { groups: readonly HookGroup[] }) {
  const runs = groups.flatMap((group) => group.runs);
  if (runs.length === 0) return null;
  return (
    <ul class="hook-runs" aria-label="Hooks">
      {runs.map((run) => (
        <OneRun key={run.id} run={run} />
      ))}
    </ul>
  );
}

function OneRun({ run }: { run: HookRunView }) {
  const [isOpen, setIsOpen] = useState(false);
  const { reason, patch, patch_length, stderr_tail: stderr } = run;
  const word = isOpen ? 'Hide' : 'Show';
  const hasMore = patch_length !== null || stderr !== '';
  return (
    <li>
      <div class="call-line">
        <Icon name="shield" hue={hookHue(run)} size={14} />
        <span class="dim">Hook</span>
        <span class="mono">{nameOfHook(run)}</span>
        <span class={`word hue-${hookHue(run)}`}>{hookWord(run)}</span>
        <span class="meta">{`${eventWord(run.event)}, ${formatDuration(run.duration_ms)}`}</span>
        {hasMore && (
          <button
            type="button"
            class="text-button"
            aria-expanded={isOpen}
            aria-label={`${word} what the hook ${nameOfHook(run)} did ${eventWord(run.event)}`}
            onClick={() => setIsOpen(!isOpen)}
          >
            {word}
          </button>
        )}
      </div>
      {reason !== null && <p class="hook-reason">{visibleText(reason)}</p>}
      {isOpen && patch !== null && <PlainText text={JSON.stringify(patch, null, 2)} />}
      {isOpen && patch === null && patch_length !== null && (
        <p class="hook-reason dim">{`Its patch of ${formatCount(patch_length)} characters is too long to be shown here.`}</p>
      )}
      {isOpen && stderr !== '' && (
        <>
          <p class="hook-reason dim">Its standard error</p>
          <PlainText text={stderr} />
        </>
      )}
    </li>
  );
}
