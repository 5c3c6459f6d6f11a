/** The line between steps and detail, which can be moved: by the pointer, by arrows, and back by a double click. */
import { useRef, useState } from 'preact/hooks';
import { isPlain } from '../shared/list-keys.ts';
import { type Bounds, bounded, type PaneSizes, sizeAfterKey } from './pane-size.ts';

type Props = {
  side: keyof PaneSizes;
  size: number;
  bounds: Bounds;
  /** Null for the standard size. */
  onSize(size: number | null): void;
};

export function Sash({ side, size, bounds, onSize }: Props) {
  const grip = useRef(0);
  const [isHeld, setHeld] = useState(false);
  const along = ({ clientX, clientY }: PointerEvent) => (side === 'width' ? clientX : clientY);
  const onPointerDown = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    grip.current = along(event) - size;
    setHeld(true);
  };
  const onPointerMove = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    onSize(bounded(along(event) - grip.current, bounds));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const next = isPlain(event) ? sizeAfterKey(event.key, side, { size, bounds }) : undefined;
    if (next === undefined) return;
    event.preventDefault();
    onSize(next);
  };
  return (
    <hr
      class={`sash ${side}${isHeld ? ' held' : ''}`}
      tabIndex={0}
      aria-label={side === 'width' ? 'Width of the steps' : 'Height of the steps'}
      aria-orientation={side === 'width' ? 'vertical' : 'horizontal'}
      aria-valuenow={size}
      aria-valuemin={bounds.least}
      aria-valuemax={bounds.most}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onLostPointerCapture={() => setHeld(false)}
      onDblClick={() => onSize(null)}
      onKeyDown={onKeyDown}
    />
  );
}
