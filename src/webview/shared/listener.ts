/** Hears for what is in an element: the links or rows in it have the roles and the tab stops, and it has none itself. */
import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';

export function useListener<Type extends keyof HTMLElementEventMap>(
  element: RefObject<HTMLElement | null>,
  type: Type,
  hear: (event: HTMLElementEventMap[Type]) => void,
): void {
  // After every drawing, so that what hears knows what was drawn last.
  useLayoutEffect(() => {
    const { current } = element;
    current?.addEventListener(type, hear);
    return () => current?.removeEventListener(type, hear);
  });
}
