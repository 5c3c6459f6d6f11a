/**
 * What a view keeps while it is hidden or the window reloads. Written at once, so that a window that goes away early finds
 * its views again; then a moment after the last change, and when the page goes.
 */
import { effect } from '@preact/signals';
import type { VsCodeApi } from '../vscode-api.ts';

const QUIET_MS = 250;

/** Saves what `read` gives whenever a signal that it reads changes. The function that comes back saves soon. */
export function keepState<State>(api: VsCodeApi<never, State>, read: () => State): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const save = () => {
    clearTimeout(timer);
    timer = undefined;
    api.setState(read());
  };
  const saveSoon = () => {
    timer ??= setTimeout(save, QUIET_MS);
  };
  save();
  effect(() => {
    read();
    saveSoon();
  });
  window.addEventListener('pagehide', save);
  return saveSoon;
}
