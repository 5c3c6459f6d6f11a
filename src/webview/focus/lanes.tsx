/** The timeline: time from left to right, a lane for each kind of thing. The chosen turn is a band through all of them. */
import { formatDuration, formatTime } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import { visibleLine } from '../shared/visible-text.ts';
import { ENTRY_ICONS } from '../shared/vocabulary.ts';
import { ContextLane } from './context-lane.tsx';
import { CostLane } from './cost-lane.tsx';
import { hookHue, hookLine, lengthOfHooks, worstOf } from './hooks.ts';
import { goToNextTurn, goToTurn, type Scrollers } from './navigation.ts';
import { nameOfBlock } from './steps.ts';
import type { FocusStore } from './store.ts';
import type { Span } from './time-scale.ts';
import type { Timeline } from './timeline.ts';
import { argumentSummary, callSign, toolIcon } from './tools.ts';

type Props = { store: FocusStore; scrollers: Scrollers };
type LaneProps = { timeline: Timeline; store: FocusStore; go(turn: number): void };

const LANE = 20;

export function Lanes({ store, scrollers }: Props) {
  const timeline = store.timeline.value;
  if (!timeline || timeline.models.length === 0) return null;
  const go = (turn: number) => goToTurn(store, scrollers, turn);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    goToNextTurn(store, scrollers, event.key === 'ArrowLeft' ? -1 : 1);
  };
  const { scale, toolLanes } = timeline;
  const hasCosts = timeline.costs.length > 0;
  return (
    <section class="lanes" aria-label="Timeline" onKeyDown={onKeyDown}>
      <div class="lane-names" aria-hidden="true">
        <span class="ruler" />
        <span>Blocks</span>
        <span>Model</span>
        <span style={{ height: `${toolLanes * LANE}px` }}>Tools</span>
        <span class="wide-only">Ledger</span>
        {timeline.hooks.length > 0 && <span class="wide-only">Hooks</span>}
        <span class="wide-only tall">Context</span>
        {hasCosts && <span class="wide-only cost">Cost</span>}
      </div>
      <div class="lane-area">
        <Band timeline={timeline} store={store} />
        <div class="lane ruler" aria-hidden="true">
          {scale.ticks.map(({ place, label }) => (
            <span key={label} class="tick" style={{ left: percent(place) }}>
              {label}
            </span>
          ))}
          {scale.cuts.map(({ place, start, end }) => (
            <span
              key={start}
              class="time-cut"
              style={{ left: percent(place) }}
              title={`${formatDuration(end - start)} cut`}
            >
              {'//'}
            </span>
          ))}
        </div>
        <BlockLane timeline={timeline} />
        <ModelLane timeline={timeline} store={store} go={go} />
        <ToolLane timeline={timeline} store={store} go={go} />
        <MarkLane timeline={timeline} store={store} go={go} />
        {timeline.hooks.length > 0 && <HookLane timeline={timeline} go={go} />}
        <ContextLane timeline={timeline} />
        {hasCosts && <CostLane timeline={timeline} total={totalOf(store)} />}
        {store.isRunning.value && <div class="now" style={{ left: percent(scale.placeOf(timeline.end)) }} />}
      </div>
    </section>
  );
}

function totalOf({ focus }: FocusStore) {
  return { dollars: focus.value?.cost_usd ?? null, estimated: focus.value?.estimated ?? false };
}

function Band({ timeline, store }: { timeline: Timeline; store: FocusStore }) {
  const shown = store.shownTurn.value;
  if (!shown || shown.turn === 0) return null;
  return <div class="band" style={placed(timeline, { start: shown.startedAt, end: shown.endedAt })} />;
}

function BlockLane({ timeline }: { timeline: Timeline }) {
  return (
    <div class="lane">
      {timeline.blocks.map((bar) => (
        <div key={bar.number} class={bar.block.isOpen ? 'block-bar open' : 'block-bar'} style={placed(timeline, bar)}>
          <b>{nameOfBlock(bar.block, bar.number)}</b>
          <span class="cut">{visibleLine(bar.block.title ?? '')}</span>
        </div>
      ))}
    </div>
  );
}

function ModelLane({ timeline, store, go }: LaneProps) {
  const shown = store.shownTurn.value?.turn;
  const stop = timeline.models.find(({ turn }) => turn === shown) ?? timeline.models[0];
  return (
    <div class="lane">
      {timeline.models.map((bar) => (
        <button
          key={bar.turn}
          type="button"
          class={`bar model${bar.turn === shown ? ' chosen' : ''}${bar.isLive ? ' live' : ''}`}
          style={placed(timeline, bar)}
          tabIndex={bar === stop ? 0 : -1}
          aria-label={`Turn ${bar.turn}, ${formatDuration(bar.end - bar.start)}${bar.isLive ? ', being written' : ''}`}
          title={`Turn ${bar.turn} · ${formatDuration(bar.end - bar.start)}`}
          onClick={() => go(bar.turn)}
        >
          <span>{bar.turn}</span>
        </button>
      ))}
    </div>
  );
}

function ToolLane({ timeline, go }: LaneProps) {
  return (
    <div class="lane" style={{ height: `${timeline.toolLanes * LANE}px` }}>
      {timeline.tools.map((bar) => {
        const sign = callSign(bar.call);
        const { left, width } = placed(timeline, bar);
        const kind = sign.hue === 'dead' ? 'failed' : bar.call.effect === 'read' ? 'reads' : 'acts';
        const about = `${bar.call.name} ${argumentSummary(bar.call.input)} · ${sign.word} · ${formatDuration(bar.end - bar.start)}`;
        return (
          <button
            key={bar.call.id}
            type="button"
            class={`bar tool ${kind}${sign.hue === 'running' ? ' live' : ''}`}
            style={{ left, width, top: `${bar.lane * LANE + 2}px` }}
            tabIndex={-1}
            aria-label={about}
            title={about}
            onClick={() => go(bar.turn)}
          >
            <Icon name={toolIcon(bar.call)} size={12} />
          </button>
        );
      })}
    </div>
  );
}

function MarkLane({ timeline, store, go }: LaneProps) {
  const turnAt = (time: number) => store.turns.value.find(({ endedAt }) => endedAt >= time)?.turn;
  return (
    <div class="lane wide-only">
      {timeline.marks.map((entry) => {
        const time = Date.parse(entry.created_at);
        const about = `${entry.entry_type} #${entry.seq}, ${formatTime(entry.created_at)}: ${visibleLine(entry.content.slice(0, 200))}`;
        return (
          <button
            key={entry.id}
            type="button"
            class="mark"
            style={{ left: percent(timeline.scale.placeOf(time)) }}
            tabIndex={-1}
            aria-label={about}
            title={about}
            onClick={() => go(turnAt(time) ?? 0)}
          >
            <Icon name={ENTRY_ICONS[entry.entry_type]} hue={entry.entry_type} size={14} />
          </button>
        );
      })}
    </div>
  );
}

/** Where hooks allowed, a line; where they did more, their sign. */
function HookLane({ timeline, go }: Pick<LaneProps, 'timeline' | 'go'>) {
  return (
    <div class="lane wide-only">
      {timeline.hooks.map(({ group, time }) => {
        const worst = worstOf(group.runs);
        const isPlain = worst?.outcome === 'allowed';
        const about = `Hooks of turn ${group.turn}: ${hookLine(group.runs)} · ${formatDuration(lengthOfHooks(group.runs))}`;
        return (
          <button
            key={group.key}
            type="button"
            class={isPlain ? 'mark plain' : 'mark'}
            style={{ left: percent(timeline.scale.placeOf(time)) }}
            tabIndex={-1}
            aria-label={about}
            title={about}
            onClick={() => go(group.turn)}
          >
            {isPlain ? <span /> : <Icon name="shield" hue={worst && hookHue(worst)} size={14} />}
          </button>
        );
      })}
    </div>
  );
}

function placed({ scale }: Timeline, { start, end }: Span): { left: string; width: string } {
  const left = scale.placeOf(start);
  return { left: percent(left), width: percent(Math.max(0, scale.placeOf(end) - left)) };
}

function percent(place: number): string {
  return `${(place * 100).toFixed(3)}%`;
}
