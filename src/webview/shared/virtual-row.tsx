/** A row of a virtual list, at its place. What it is to a screen reader is its own; the list hears its keys and presses. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Scroller } from './scroller.ts';
import type { VirtualRow } from './virtual-window.ts';

/** How a row appears to a screen reader and a style sheet. */
export type RowFacts = {
  className: string;
  /** Whether the keyboard stops at it. */
  isStop: boolean;
} & (
  | { role: 'treeitem'; level: number; expanded: boolean | undefined; label?: string }
  | { role: 'article'; label: string }
  | { role: 'presentation' }
);

type Props = {
  scroller: Scroller;
  row: VirtualRow;
  facts: RowFacts;
  place: number;
  position: [number, number];
  isStop: boolean;
  isActive: boolean;
  children: ComponentChildren;
};

export function VirtualRowView({ scroller, row, facts, place, position, isStop, isActive, children }: Props) {
  const element = useRef<HTMLElement | null>(null);
  useLayoutEffect(
    () => (row.measured && element.current ? scroller.measure(element.current, row.key) : undefined),
    [scroller, row.key, row.measured],
  );
  const placed = {
    ref: (drawn: HTMLElement | null) => {
      element.current = drawn;
    },
    class: `virtual-row ${facts.className}${isActive ? ' active' : ''}`,
    style: { transform: `translateY(${place}px)`, ...(row.measured ? {} : { height: `${row.height}px` }) },
    'data-key': row.key,
    'data-active': isActive || undefined,
  };
  const tabIndex = facts.isStop ? (isStop ? 0 : -1) : undefined;
  const [at, count] = position;
  switch (facts.role) {
    case 'treeitem':
      return (
        <div
          {...placed}
          role="treeitem"
          tabIndex={tabIndex}
          aria-level={facts.level}
          aria-expanded={facts.expanded}
          aria-label={facts.label}
          aria-selected={facts.isStop ? isActive : undefined}
          aria-posinset={at}
          aria-setsize={count}
        >
          {children}
        </div>
      );
    case 'article':
      return (
        <article {...placed} tabIndex={tabIndex} aria-label={facts.label} aria-posinset={at} aria-setsize={count}>
          {children}
        </article>
      );
    case 'presentation':
      return (
        <div {...placed} role="presentation">
          {children}
        </div>
      );
  }
}
