/** One turn: what was said, what was called, and what it took. */
import { formatCost, formatDuration, formatTime, formatTokens } from '../shared/duration.ts';
import { RichText } from '../shared/rich-text.tsx';
import type { Turn } from './conversation.ts';
import type { FocusStore } from './store.ts';
import { ToolCall } from './tool-call.tsx';

export function TurnArticle({ turn, store }: { turn: Turn; store: FocusStore }) {
  const isChosen = store.shownTurn.value?.turn === turn.turn;
  const at = new Date(turn.answeredAt).toISOString();
  return (
    <>
      <div class={isChosen ? 'turn-head chosen' : 'turn-head'}>
        <b>{turn.turn === 0 ? 'Task' : `Turn ${turn.turn}`}</b>
        <span class="meta">{formatTime(at)}</span>
        <span class="grow" />
        <span class="meta cut">{turnFacts(turn)}</span>
      </div>
      {turn.text !== '' && (
        <div class="turn-text">
          <RichText text={turn.text} onOpen={store.post} />
        </div>
      )}
      {turn.calls.map((call) => (
        <ToolCall key={call.id} call={call} store={store} />
      ))}
      {turn.remarks.map((remark) => (
        <div key={remark} class="turn-text remark">
          <RichText text={remark} onOpen={store.post} />
        </div>
      ))}
    </>
  );
}

function turnFacts({ turn, usage, cost, startedAt, answeredAt }: Turn): string {
  if (turn === 0) return '';
  const facts = [formatDuration(answeredAt - startedAt)];
  const about = usage?.estimated ? '≈ ' : '';
  if (cost !== null) facts.unshift(about + formatCost(cost));
  if (usage) {
    const cached = usage.cacheRead > 0 ? `, ${formatTokens(usage.cacheRead)} cached` : '';
    facts.unshift(`${about}${formatTokens(usage.input)} in${cached}`, `${about}${formatTokens(usage.output)} out`);
  }
  return facts.join(' · ');
}
