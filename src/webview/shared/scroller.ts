/**
 * Where a virtual list is scrolled to, and why: it follows the end, reveals a row, or holds the row at its top in place
 * while rows come and go above it. The list asks it what to draw and lets it put the scroll bar right afterwards.
 */
import { signal } from '@preact/signals';
import {
  type Anchor,
  anchorAt,
  indexNear,
  offsetsOf,
  placeOf,
  revealPlace,
  rowAt,
  type VirtualRow,
  type Window,
  windowOf,
} from './virtual-window.ts';

const OVERSCAN = 8;
/** A reveal is repeated once the row's true height is known. */
const REVEAL_PASSES = 3;

export type Arrangement = Window & { offsets: Float64Array; top: number };

export type UserScroll = { isUp: boolean; isAtTop: boolean; isAtBottom: boolean };

export class Scroller {
  /** Counts what asks for a new drawing. */
  readonly drawing = signal(0);
  /** What sticks to the top and covers rows, in pixels. */
  sticky = 0;
  onUserScroll: (scroll: UserScroll) => void = () => undefined;

  #element: HTMLElement | null = null;
  #heights = new Map<string, number>();
  #heightsChanged = false;
  #rows: readonly VirtualRow[] = [];
  #offsets: Float64Array = new Float64Array(1);
  #anchor: Anchor | null = null;
  #follows = false;
  #scrollTop = 0;
  #viewport = 0;
  /** What the element made of the last place it was given. */
  #applied = 0;
  #drawn: Window & { top: number } = { first: 0, end: 0, top: 0 };
  #reveal: { from: string; through: string; passes: number } | null = null;
  #wantsFocus = false;
  #measured = new WeakMap<Element, string>();
  #observer = new ResizeObserver((changes) => this.#resized(changes));

  attach(element: HTMLElement | null): void {
    if (this.#element === element) return;
    if (this.#element) this.#observer.unobserve(this.#element);
    this.#element = element;
    if (!element) return;
    this.#applied = element.scrollTop;
    this.#observer.observe(element);
    this.#setViewport(element.clientHeight);
  }

  /** Starts to measure a row whose content decides its height. */
  measure(element: HTMLElement, key: string): () => void {
    this.#measured.set(element, key);
    this.#setHeight(key, element.getBoundingClientRect().height);
    this.#observer.observe(element);
    return () => this.#observer.unobserve(element);
  }

  /** What to draw of these rows, and where. */
  arrange(rows: readonly VirtualRow[], follows: boolean): Arrangement {
    this.#adoptPlace();
    if (rows !== this.#rows || this.#heightsChanged) {
      this.#offsets = offsetsOf(rows, this.#heights);
      this.#rows = rows;
      this.#heightsChanged = false;
    }
    this.#follows = follows;
    this.#scrollTop = this.#place();
    const window = windowOf(this.#offsets, this.#scrollTop, this.#viewport, OVERSCAN);
    const top = rowAt(this.#offsets, this.#scrollTop);
    this.#drawn = { ...window, top };
    return { ...window, offsets: this.#offsets, top };
  }

  /** After drawing: the scroll bar goes where the rows are. */
  settle(): void {
    const element = this.#element;
    if (!element) return;
    if (Math.abs(element.scrollTop - this.#scrollTop) >= 1) {
      element.scrollTop = this.#scrollTop;
      this.#applied = element.scrollTop;
    }
    // A row that an anchor names may be gone; then the one that took its place holds.
    if (this.#rows.length > 0) this.#anchor = anchorAt(this.#rows, this.#offsets, this.#scrollTop);
    if (!this.#wantsFocus) return;
    const active = element.querySelector<HTMLElement>('[data-active]');
    if (!active) return;
    this.#wantsFocus = false;
    active.focus({ preventScroll: true });
  }

  /** Brings rows into sight, and the keyboard to the active one if asked. */
  reveal(from: string, options: { through?: string; focus?: boolean } = {}): void {
    this.#reveal = { from, through: options.through ?? from, passes: REVEAL_PASSES };
    this.#wantsFocus ||= options.focus ?? false;
    this.drawing.value += 1;
  }

  /** Puts a row at the top; without it, the end is shown. */
  showAtTop(key: string, above = 0): void {
    this.#reveal = null;
    this.#anchor = { key, above, index: Number.MAX_SAFE_INTEGER };
    this.drawing.value += 1;
  }

  anchor(): { key: string; above: number } | null {
    return this.#anchor && { key: this.#anchor.key, above: Math.round(this.#anchor.above) };
  }

  rowsPerPage(rowHeight: number): number {
    return Math.max(1, Math.floor((this.#viewport - this.sticky) / rowHeight) - 1);
  }

  scrolled(): void {
    // A view that grew is moved up by the browser, and its event may come before the news of its height.
    if (this.#element) this.#setViewport(this.#element.clientHeight);
    const before = this.#scrollTop;
    if (!this.#adoptPlace()) return;
    this.#applied = this.#scrollTop;
    this.#reveal = null;
    const isAtBottom = this.#scrollTop + this.#viewport >= this.#total() - 2;
    // A view that grows at the end is moved up by the browser, and stays at the end.
    const isUp = this.#scrollTop < before && !isAtBottom;
    this.onUserScroll({ isUp, isAtTop: this.#scrollTop < this.#viewport, isAtBottom });
    const window = windowOf(this.#offsets, this.#scrollTop, this.#viewport, OVERSCAN);
    const top = rowAt(this.#offsets, this.#scrollTop);
    const { first, end, top: drawnTop } = this.#drawn;
    if (window.first !== first || window.end !== end || top !== drawnTop) this.drawing.value += 1;
  }

  /** Takes the element's place for ours where something else moved it, which its event may yet have to tell. */
  #adoptPlace(): boolean {
    const element = this.#element;
    if (!element || Math.abs(element.scrollTop - this.#applied) < 1) return false;
    this.#scrollTop = element.scrollTop;
    this.#anchor = anchorAt(this.#rows, this.#offsets, this.#scrollTop);
    return true;
  }

  #total(): number {
    return this.#offsets.at(-1) ?? 0;
  }

  #place(): number {
    const lowest = Math.max(0, this.#total() - this.#viewport);
    if (this.#follows) return lowest;
    const held = this.#anchor && (placeOf(this.#anchor, this.#rows, this.#offsets) ?? this.#placeOfGone(this.#anchor));
    const scrollTop = Math.min(held ?? this.#scrollTop, lowest);
    return Math.min(this.#revealed(scrollTop), lowest);
  }

  #placeOfGone(anchor: Anchor): number {
    return this.#offsets[Math.min(anchor.index, this.#rows.length)] ?? 0;
  }

  #revealed(scrollTop: number): number {
    const reveal = this.#reveal;
    if (!reveal) return scrollTop;
    reveal.passes -= 1;
    if (reveal.passes <= 0) this.#reveal = null;
    const view = { scrollTop, viewport: this.#viewport, sticky: this.sticky };
    const from = indexNear(this.#rows, reveal.from, this.#drawn.first);
    const through = indexNear(this.#rows, reveal.through, from);
    if (from < 0) return scrollTop;
    const lower = through < 0 ? scrollTop : revealPlace(this.#offsets, through, view);
    const place = revealPlace(this.#offsets, from, { ...view, scrollTop: lower });
    // From here on the revealed place is what is held.
    this.#anchor = anchorAt(this.#rows, this.#offsets, place);
    return place;
  }

  #resized(changes: ResizeObserverEntry[]): void {
    for (const { target } of changes) {
      const key = this.#measured.get(target);
      if (key !== undefined) this.#setHeight(key, target.getBoundingClientRect().height);
      else this.#setViewport(target.clientHeight);
    }
  }

  #setViewport(height: number): void {
    if (height === this.#viewport) return;
    this.#viewport = height;
    this.drawing.value += 1;
  }

  #setHeight(key: string, height: number): void {
    const whole = Math.ceil(height);
    if (whole === 0 || this.#heights.get(key) === whole) return;
    this.#heights.set(key, whole);
    this.#heightsChanged = true;
    this.drawing.value += 1;
  }
}
