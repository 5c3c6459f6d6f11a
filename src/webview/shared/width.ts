/** Which of its two layouts a view has room for. */
import { type ReadonlySignal, signal } from '@preact/signals';

export function widthOfPage(): ReadonlySignal<number> {
  const width = signal(document.documentElement.clientWidth);
  new ResizeObserver(() => {
    width.value = document.documentElement.clientWidth;
  }).observe(document.documentElement);
  return width;
}
