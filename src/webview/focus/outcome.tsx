/** What came of it, at the end of the conversation. */
import type { WorkView } from '../../protocol/work.ts';
import { formatDuration } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import type { Hue, IconName } from '../shared/icon-names.ts';
import { PlainText } from '../shared/plain-text.tsx';
import { RichText } from '../shared/rich-text.tsx';
import { visibleLine, visibleText } from '../shared/visible-text.ts';
import type { FocusStore } from './store.ts';
import { TurnHooks } from './turn-article.tsx';

/** An item's outcome is shown where its last focus ended; a focus that failed says why in any case. */
export function hasOutcome({ focus, item }: FocusStore): boolean {
  if (!focus.value || focus.value.status === 'running') return false;
  return focus.value.error !== null || isOutcomeHere(focus.value.attempt, item.value) || item.value?.wait != null;
}

function isOutcomeHere(attempt: number, item: FocusStore['item']['value']): boolean {
  return item?.outcome != null && item.attempts <= attempt;
}

function endOf(state: WorkView['state'], success: boolean): { word: string; icon: IconName; hue: Hue } {
  if (state === 'cancelled') return { word: 'Cancelled', icon: 'circle-slash', hue: 'idle' };
  if (success) return { word: 'Success', icon: 'pass', hue: 'completed' };
  return { word: 'Failure', icon: 'error', hue: 'dead' };
}

export function OutcomeArticle({ store }: { store: FocusStore }) {
  const focus = store.focus.value;
  const item = store.item.value;
  if (!focus || !item) return null;
  const outcome = isOutcomeHere(focus.attempt, item) ? item.outcome : null;
  const error = outcome?.error ?? focus.error;
  // That it was cancelled says the head, and by whom the summary.
  const failure = error?.kind === 'cancelled' ? null : error;
  const ended = outcome && endOf(item.state, outcome.success);
  return (
    <div class="outcome">
      <div class="turn-head">
        {ended && <Icon name={ended.icon} hue={ended.hue} />}
        <b>{ended ? ended.word : item.wait && !focus.error ? 'Waiting' : 'This focus failed'}</b>
        <span class="grow" />
        {outcome && <span class="meta">{formatDuration(outcome.duration_ms)}</span>}
      </div>
      <TurnHooks groups={store.looseHooks.value} />
      <div class="turn-text">
        {outcome && <RichText text={outcome.summary} onOpen={store.post} />}
        {failure && (
          <p class="outcome-error">
            <span class="word hue-dead">{visibleLine(failure.kind)}</span> {visibleText(failure.message)}
          </p>
        )}
        {item.wait && <p>{visibleText(item.wait.next)}</p>}
        {outcome?.data !== undefined && <PlainText text={JSON.stringify(outcome.data, null, 2)} />}
      </div>
    </div>
  );
}
