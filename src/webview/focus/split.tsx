/** Steps beside or above their detail, with the sash that shares the room between the two. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Detail } from './detail.tsx';
import type { Scrollers } from './navigation.ts';
import { boundsOf, type PaneSizes, sizeIn } from './pane-size.ts';
import { Sash } from './sash.tsx';
import { StepList } from './step-list.tsx';
import type { FocusStore } from './store.ts';

type Props = { store: FocusStore; scrollers: Scrollers };

export function Split({ store, scrollers }: Props) {
  const main = useRef<HTMLDivElement>(null);
  const room = useRoom(main);
  const side: keyof PaneSizes = store.isWide.value ? 'width' : 'height';
  const bounds = boundsOf(side, room[side]);
  const size = sizeIn(bounds, store.paneSizes.value[side]);
  const onSize = (chosen: number | null) => {
    store.paneSizes.value = { ...store.paneSizes.value, [side]: chosen };
  };
  return (
    <div class="focus-main" ref={main}>
      <nav class="steps" aria-label="Steps and turns" style={{ [side]: `${size}px` }}>
        <StepList store={store} scrollers={scrollers} />
      </nav>
      <Sash side={side} size={size} bounds={bounds} onSize={onSize} />
      <section class="detail-region" aria-label="Detail">
        <Detail store={store} scrollers={scrollers} />
      </section>
    </div>
  );
}

/** How large an element is, measured before it is painted and whenever it changes. */
function useRoom(ref: { current: HTMLElement | null }): { width: number; height: number } {
  const [room, setRoom] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    const measure = () => setRoom({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return room;
}
