/** The axis of the timeline. Long stretches in which nothing ran are cut, so that what did run can be seen. */

export type Span = { start: number; end: number };
/** A stretch that is drawn shorter than it was. */
export type Cut = Span & { place: number };
export type Tick = { place: number; label: string };

export type TimeScale = {
  /** 0 to 1, for a time in milliseconds. */
  placeOf(time: number): number;
  cuts: Cut[];
  ticks: Tick[];
};

const CUT_FROM = 0.2;
const CUT_SHOWN = 0.04;
const SHORTEST = 1000;
const MOST_TICKS = 10;
const TICKS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400].map(
  (seconds) => seconds * 1000,
);

export function createScale(busy: readonly Span[], whole: Span): TimeScale {
  const length = Math.max(SHORTEST, whole.end - whole.start);
  const idle = idleSpans(busy, whole).filter((span) => span.end - span.start > length * CUT_FROM);
  const rest = length - idle.reduce((sum, span) => sum + span.end - span.start, 0);
  // Where nothing ran at all there is nothing to make room for.
  const [long, kept] = rest >= 1 ? [idle, rest] : [[], length];
  const shown = kept * CUT_SHOWN;
  const total = kept + shown * long.length;
  const shorten = (time: number) => {
    let place = time - whole.start;
    for (const { start, end } of long) {
      if (time >= end) place -= end - start - shown;
      else if (time > start) place -= (time - start) * (1 - shown / (end - start));
    }
    return Math.min(1, Math.max(0, place / total));
  };
  const cuts = long.map((span) => ({ ...span, place: (shorten(span.start) + shorten(span.end)) / 2 }));
  return { placeOf: shorten, cuts, ticks: ticksOf(whole, { shorten, long, total }) };
}

function ticksOf(
  whole: Span,
  { shorten, long, total }: { shorten(time: number): number; long: readonly Span[]; total: number },
): Tick[] {
  const every =
    TICKS_MS.find((step) => total / step <= MOST_TICKS) ?? Math.ceil(total / MOST_TICKS / 86_400_000) * 86_400_000;
  const ticks: Tick[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (let time = whole.start; time <= whole.start + Math.max(total, whole.end - whole.start); time += every) {
    const cut = long.find(({ start, end }) => time > start && time < end);
    // Nobody counts ticks in a cut; the next one is at its end.
    if (cut) time += Math.floor((cut.end - time) / every) * every;
    const place = shorten(time);
    if (cut || place - last < 0.5 / MOST_TICKS || place > 0.97) continue;
    ticks.push({ place, label: clock(time - whole.start) });
    last = place;
  }
  return ticks;
}

/** Where nothing ran. */
function idleSpans(busy: readonly Span[], whole: Span): Span[] {
  const idle: Span[] = [];
  let end = whole.start;
  for (const span of unite(busy)) {
    if (span.start > end) idle.push({ start: end, end: span.start });
    end = Math.max(end, span.end);
  }
  if (whole.end > end) idle.push({ start: end, end: whole.end });
  return idle;
}

/** The same time, in spans that neither touch nor overlap, in order. */
export function unite(spans: readonly Span[]): Span[] {
  const united: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const last = united.at(-1);
    if (last && span.start <= last.end) last.end = Math.max(last.end, span.end);
    else united.push({ ...span });
  }
  return united;
}

/** How long it was busy in all. */
export function lengthOf(spans: readonly Span[]): number {
  return unite(spans).reduce((sum, { start, end }) => sum + end - start, 0);
}

/** `0:00`, `12:30`, `1:02:30`. */
function clock(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
