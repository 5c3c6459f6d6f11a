/** What the focus has taken so far, each beside its limit where it has one. */
import { type Reading, readingsOf } from './readings.ts';
import type { FocusStore } from './store.ts';

export function Meters({ store: { focus, turns, timeline, isRunning } }: { store: FocusStore }) {
  if (!focus.value) return null;
  const readings = readingsOf({
    focus: focus.value,
    turns: turns.value,
    activeMs: timeline.value?.activeMs ?? 0,
    isRunning: isRunning.value,
  });
  return (
    <div class="meters">
      {readings.map((reading) => (
        <Meter key={reading.name} reading={reading} />
      ))}
    </div>
  );
}

function Meter({ reading: { name, value, limit, share, title } }: { reading: Reading }) {
  return (
    <span class="meter" title={title}>
      <span class="meta">{name}</span> {value}
      {limit !== null && <span class="meta limit"> / {limit}</span>}
      {share !== null && <Fill name={name} share={share} />}
    </span>
  );
}

function Fill({ name, share }: { name: string; share: number }) {
  const percent = Math.round(share * 100);
  return (
    <meter
      class="meter-fill"
      max={100}
      value={percent}
      aria-label={`${name}, of the limit`}
      aria-valuetext={`${percent}%`}
    />
  );
}
