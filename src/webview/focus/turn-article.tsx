/** One turn: what was said, what was called, and what it took. */
import { formatCost, formatDuration, formatTime, formatTokens } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import { IconButton } from '../shared/icon-button.tsx';
import { RichText } from '../shared/rich-text.tsx';
import { hooksOfCall, hooksOfTurn, type Turn } from './conversation.ts';
import { HookRuns } from './hook-runs.tsx';
import type { HookGroup } from './hooks.ts';
import type { FocusStore } from './store.ts';
import { ToolCall } from './tool-call.tsx';

type Props = { turn: Turn; isLeft: boolean; store: FocusStore };

export function TurnArticle({ turn, isLeft, store }: Props) {
  const isChosen = store.shownTurn.value?.turn === turn.turn;
  const at = new Date(turn.answeredAt).toISOString();
  return (
    <>
      <div class={isChosen ? 'turn-head chosen' : 'turn-head'}>
        <b>{turn.turn === 0 ? 'Task' : `Turn ${turn.turn}`}</b>
        <span class="meta">{formatTime(at)}</span>
        {isLeft && (
          <span class="meta left-count">
            <Icon name="eye-closed" size={14} /> left the context
          </span>
        )}
        <span class="grow" />
        <span class="meta cut">{turnFacts(turn)}</span>
        {turn.turn > 0 && (
          <IconButton
            icon="eye"
            label={`What the Model Saw at Turn ${turn.turn}`}
            onPress={() => store.post({ type: 'show_context', turn: turn.turn })}
          />
        )}
      </div>
      <TurnHooks groups={hooksOfTurn(turn, false)} />
      {turn.text !== '' && (
        <div class="turn-text">
          <RichText text={turn.text} onOpen={store.post} />
        </div>
      )}
      {turn.calls.map((call) => (
        <ToolCall key={call.id} call={call} hooks={hooksOfCall(turn, call)} store={store} />
      ))}
      {turn.remarks.map((remark) => (
        <div key={remark} class="turn-text remark">
          <RichText text={remark} onOpen={store.post} />
        </div>
      ))}
      <TurnHooks groups={hooksOfTurn(turn, true)} />
    </>
  );
}

export function TurnHooks({ groups }: { groups: readonly HookGroup[] }) {
  if (groups.length === 0) return null;
  return (
    <div class="turn-hooks">
      <HookRuns groups={groups} />
    </div>
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
