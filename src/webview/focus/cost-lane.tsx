/** What each turn cost, at the time when the model was asked. */
import { formatCost } from '../shared/duration.ts';
import type { CostBar, Timeline } from './timeline.ts';

const LEAST = 3;
const MOST = 14;

type Total = { dollars: number | null; estimated: boolean };

export function CostLane({ timeline, total }: { timeline: Timeline; total: Total }) {
  const { costs, scale } = timeline;
  const most = Math.max(...costs.map(({ cost }) => cost));
  const left = ({ start }: CostBar) => scale.placeOf(start) * 100;
  const height = ({ cost }: CostBar) => LEAST + (most === 0 ? 0 : (cost / most) * (MOST - LEAST));
  const about = total.estimated ? '≈ ' : '';
  const sum = total.dollars === null ? '' : about + formatCost(total.dollars);
  const label = `Cost: ${sum === '' ? 'the sum is unknown' : `${sum} in all`}, ${about}${formatCost(most)} at most in a turn`;
  return (
    <div class="lane cost wide-only" role="img" aria-label={label}>
      {costs.map((bar, at) => {
        const next = costs[at + 1];
        const room = (next ? left(next) : 100) - left(bar);
        return (
          <span
            key={bar.turn}
            class="cost-bar"
            style={{ left: `${left(bar)}%`, width: `min(9px, ${room}%)`, height: `${height(bar)}px` }}
            title={`Turn ${bar.turn}: ${about}${formatCost(bar.cost)}`}
          />
        );
      })}
      <span class="newest">{sum}</span>
    </div>
  );
}
