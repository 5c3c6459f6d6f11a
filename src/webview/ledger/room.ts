/** How much of the view fits beside each other. */

/**
 * narrow: an entry in two lines. two_rows: an entry in one line, the toolbar in two. icons: the toolbar in one, its chips
 * and switches without words. words: with them.
 */
export type Room = 'narrow' | 'two_rows' | 'icons' | 'words';

export function roomFor(width: number): Room {
  if (width < 560) return 'narrow';
  if (width < 760) return 'two_rows';
  return width < 1120 ? 'icons' : 'words';
}
