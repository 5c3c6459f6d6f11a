/** What came of it, at the end of the conversation. */
import { formatDuration } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import { PlainText } from '../shared/plain-text.tsx';
import { RichText } from '../shared/rich-text.tsx';
import { visibleLine, visibleText } from '../shared/visible-text.ts';
import type { FocusStore } from './store.ts';

/** An item's outcome is shown where its last focus ended; a focus that failed says why in any case. */
export function hasOutcome({ focus, item }: FocusStore): boolean {
  if (!focus.value || focus.value.status === 'running') return false;
  return focus.value.error !== null || isOutcomeHere(focus.value.attempt, item.value) || item.value?.wait != null;
}

function isOutcomeHere(attempt: number, item: FocusStore['item']['value']): boolean {
  return item?.outcome != null && item.attempts <= attempt;
}

export function OutcomeArticle({ store }: { store: FocusStore }) {
  const focus = store.focus.value;
  const item = store.item.value;
  if (!focus || !item) return null;
  const outcome = isOutcomeHere(focus.attempt, item) ? item.outcome : null;
  const error = outcome?.error ?? focus.error;
  const isSuccess = outcome?.success === true;
  return (
    <div class="outcome">
      <div class="turn-head">
        {outcome && <Icon name={isSuccess ? 'pass' : 'error'} hue={isSuccess ? 'completed' : 'dead'} />}
        <b>
          {outcome ? (isSuccess ? 'Success' : 'Failure') : item.wait && !focus.error ? 'Waiting' : 'This focus failed'}
        </b>
        <span class="grow" />
        {outcome && <span class="meta">{formatDuration(outcome.duration_ms)}</span>}
      </div>
      <div class="turn-text">
        {outcome && <RichText text={outcome.summary} onOpen={store.post} />}
        {error && (
          <p class="outcome-error">
            <span class="word hue-dead">{visibleLine(error.kind)}</span> {visibleText(error.message)}
          </p>
        )}
        {item.wait && <p>{visibleText(item.wait.next)}</p>}
        {outcome?.data !== undefined && <PlainText text={JSON.stringify(outcome.data, null, 2)} />}
      </div>
    </div>
  );
}
