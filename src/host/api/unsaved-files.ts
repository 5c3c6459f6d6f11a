/** What windows hold open with changes that are not on the disk yet: a write by an agent would make two versions of it. */
import type { WindowLink } from './window-link.ts';

export class UnsavedFiles {
  #byWindow = new Map<WindowLink, ReadonlySet<string>>();

  /** All that the window has now, as absolute real paths. It is forgotten when the window goes. */
  note(window: WindowLink, paths: readonly string[]): void {
    if (!this.#byWindow.has(window)) void window.closed.then(() => this.#byWindow.delete(window));
    this.#byWindow.set(window, new Set(paths));
  }

  has(realPath: string): boolean {
    return [...this.#byWindow.values()].some((paths) => paths.has(realPath));
  }
}
