/** How much of the room the steps take: beside the detail a width, above it a height. */

export type Bounds = { least: number; most: number; standard: number };

/** What a person chose for each of the two layouts; null for the standard. */
export type PaneSizes = { width: number | null; height: number | null };

export const STANDARD_SIZES: PaneSizes = { width: null, height: null };

const LEAST_WIDTH = 200;
const LEAST_HEIGHT = 96;
/** What is left to the detail, where there is room for both. */
const DETAIL_WIDTH = 320;
const DETAIL_HEIGHT = 120;
const KEY_STEP = 16;

/** `room` is what the two have together, in pixels. */
export function boundsOf(side: keyof PaneSizes, room: number): Bounds {
  const isWidth = side === 'width';
  const least = isWidth ? LEAST_WIDTH : LEAST_HEIGHT;
  const most = Math.max(least, room - (isWidth ? DETAIL_WIDTH : DETAIL_HEIGHT));
  const wished = isWidth ? Math.min(460, Math.max(280, room * 0.32)) : Math.min(238, room * 0.4);
  return { least, most, standard: bounded(wished, { least, most }) };
}

/** The size to draw. A chosen one is kept as it is, and has its place again once there is room. */
export function sizeIn(bounds: Bounds, chosen: number | null): number {
  return chosen === null ? bounds.standard : bounded(chosen, bounds);
}

export function bounded(size: number, { least, most }: Pick<Bounds, 'least' | 'most'>): number {
  return Math.round(Math.min(most, Math.max(least, size)));
}

/** Where a key takes it; undefined for a key that does not. */
export function sizeAfterKey(key: string, side: keyof PaneSizes, { size, bounds }: { size: number; bounds: Bounds }) {
  const [less, more] = side === 'width' ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown'];
  switch (key) {
    case less:
      return bounded(size - KEY_STEP, bounds);
    case more:
      return bounded(size + KEY_STEP, bounds);
    case 'Home':
      return bounds.least;
    case 'End':
      return bounds.most;
    default:
      return undefined;
  }
}
