/** Keys of lists and trees. A key that is typed into a field is the field's. */

type Key = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>;

export function isPlain(event: Key): boolean {
  return !event.ctrlKey && !event.metaKey && !event.altKey;
}

export function isTyping(event: { target: EventTarget | null }): boolean {
  return event.target instanceof HTMLElement && event.target.matches('input:not([type="radio"]), textarea, select');
}

/** How many rows a key moves, down being positive; undefined where it does not move. */
export function stepOf(event: Key, page: number): number | undefined {
  if (!isPlain(event)) return undefined;
  switch (event.key) {
    case 'ArrowDown':
    case 'j':
      return 1;
    case 'ArrowUp':
    case 'k':
      return -1;
    case 'PageDown':
      return page;
    case 'PageUp':
      return -page;
    case 'Home':
      return -Number.MAX_SAFE_INTEGER;
    case 'End':
      return Number.MAX_SAFE_INTEGER;
    default:
      return undefined;
  }
}

/** What takes the keyboard; of a choice, what is chosen. */
const CONTROLS = '[tabindex="0"], button:not([disabled]), input:is(:checked, :not([type="radio"])), select';

/** Moves the keyboard to the next part of the page that takes it, or back. */
export function focusNextRegion(regions: readonly (HTMLElement | null)[], isBack: boolean): void {
  const present = regions.filter((region) => region !== null);
  const current = present.findIndex((region) => region.contains(document.activeElement));
  const count = present.length;
  const next = isBack ? (current <= 0 ? count : current) - 1 : (current + 1) % count;
  present[next]?.querySelector<HTMLElement>(CONTROLS)?.focus();
}
