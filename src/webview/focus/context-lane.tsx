/** How full the context was: a step for each prompt; where it drops, what left it. */
import { formatTokens } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import type { ContextPoint, Timeline } from './timeline.ts';

const HEIGHT = 36;
/** Room for the labels above the line. */
const HEADROOM = 6;
const DROP_FROM = 0.05;
/** Labels nearer to each other would overlap. */
const APART = 0.07;

export function ContextLane({ timeline }: { timeline: Timeline }) {
  const { context, scale, mostTokens } = timeline;
  const last = context.at(-1);
  if (!last) return <div class="lane tall wide-only" />;
  const x = (time: number) => (scale.placeOf(time) * 1000).toFixed(1);
  const y = ({ tokens }: ContextPoint) => (HEIGHT - 2 - (tokens / mostTokens) * (HEIGHT - HEADROOM)).toFixed(1);
  const steps = context.map((point) => `${x(point.start)} ${y(point)}L${x(point.end)} ${y(point)}`);
  const line = `M${steps.join('L')}`;
  const [first = last] = context;
  const label = `Context: ${formatTokens(last.tokens)} tokens in the newest prompt, ${formatTokens(mostTokens)} at most`;
  return (
    <div class="lane tall wide-only" role="img" aria-label={label}>
      <svg viewBox={`0 0 1000 ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <path class="area" d={`${line}L${x(last.end)} ${HEIGHT}L${x(first.start)} ${HEIGHT}Z`} />
        <path class="line" d={line} />
      </svg>
      {dropsOf(timeline).map(({ turn, place, tokens }) => (
        <span key={turn} class="drop" style={{ left: `${place * 100}%` }}>
          <Icon name="fold" size={12} />−{formatTokens(tokens)}
        </span>
      ))}
      <span class="newest">{formatTokens(last.tokens)}</span>
    </div>
  );
}

/** Where much left the context at once. */
function dropsOf({ context, scale, mostTokens }: Timeline) {
  const drops: { turn: number; place: number; tokens: number }[] = [];
  for (const [at, { turn, tokens, start }] of context.entries()) {
    const drop = (context[at - 1]?.tokens ?? 0) - tokens;
    const place = scale.placeOf(start);
    const isClear = place - (drops.at(-1)?.place ?? -1) > APART && place < 1 - APART;
    if (drop > mostTokens * DROP_FROM && isClear) drops.push({ turn, place, tokens: drop });
  }
  return drops;
}
