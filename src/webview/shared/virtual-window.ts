/** The arithmetic of a list that draws only what is in sight. Pixels, from the top of the list. */

export type VirtualRow = {
  readonly key: string;
  /** Its height, or a guess where `measured` says that its content decides. */
  readonly height: number;
  readonly measured?: boolean;
};

/** `offsets[i]` is the top of row i; the last is the height of all. */
export function offsetsOf(rows: readonly VirtualRow[], heights: ReadonlyMap<string, number>): Float64Array {
  const offsets = new Float64Array(rows.length + 1);
  let top = 0;
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] as VirtualRow;
    top += row.measured ? (heights.get(row.key) ?? row.height) : row.height;
    offsets[at + 1] = top;
  }
  return offsets;
}

/** The row that covers this place; the first or the last where none does. */
export function rowAt(offsets: Float64Array, place: number): number {
  let low = 0;
  let high = offsets.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((offsets[middle] as number) <= place) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}

export type Window = { first: number; end: number };

/** The rows to draw: what is in sight and a few on both sides. `end` is one past the last. */
export function windowOf(offsets: Float64Array, scrollTop: number, viewport: number, overscan: number): Window {
  const count = offsets.length - 1;
  if (count <= 0) return { first: 0, end: 0 };
  const first = Math.max(0, rowAt(offsets, scrollTop) - overscan);
  return { first, end: Math.min(count, rowAt(offsets, scrollTop + viewport) + 1 + overscan) };
}

/** A row that stays where it is on the screen while the list around it changes. */
export type Anchor = {
  key: string;
  /** How far its top is above the top of the view. */
  above: number;
  /** Where it was, to begin the search there. */
  index: number;
};

export function anchorAt(rows: readonly VirtualRow[], offsets: Float64Array, scrollTop: number): Anchor | null {
  const index = rowAt(offsets, scrollTop);
  const row = rows[index];
  return row ? { key: row.key, above: scrollTop - (offsets[index] as number), index } : null;
}

/** Where to scroll so that the anchor stands where it stood; null where the row is gone. */
export function placeOf(anchor: Anchor, rows: readonly VirtualRow[], offsets: Float64Array): number | null {
  const index = indexNear(rows, anchor.key, anchor.index);
  return index < 0 ? null : Math.max(0, (offsets[index] as number) + anchor.above);
}

/** The index of a key, looked for around a guess first. -1 where it is not there. */
export function indexNear(rows: readonly VirtualRow[], key: string, guess: number): number {
  const from = Math.max(0, guess - 64);
  for (let at = from; at < Math.min(rows.length, guess + 64); at += 1) if (rows[at]?.key === key) return at;
  return rows.findIndex((row) => row.key === key);
}

/** How far to scroll so that a row is in sight whole, below what sticks to the top; the same place where it already is. */
export function revealPlace(
  offsets: Float64Array,
  index: number,
  view: { scrollTop: number; viewport: number; sticky: number },
): number {
  const top = offsets[index] as number;
  const bottom = offsets[index + 1] as number;
  if (top < view.scrollTop + view.sticky) return Math.max(0, top - view.sticky);
  if (bottom > view.scrollTop + view.viewport) return Math.max(0, Math.min(top - view.sticky, bottom - view.viewport));
  return view.scrollTop;
}
