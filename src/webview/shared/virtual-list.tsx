/**
 * A list or tree of any length that draws the rows in sight. One tab stop; the arrows and j, k move; the row that has the
 * keyboard stays in the page wherever the list is scrolled.
 */
import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { stepOf } from './list-keys.ts';
import { useListener } from './listener.ts';
import type { Scroller } from './scroller.ts';
import { type RowFacts, VirtualRowView } from './virtual-row.tsx';
import { indexNear, type VirtualRow } from './virtual-window.ts';

type Props<Row extends VirtualRow> = {
  scroller: Scroller;
  rows: readonly Row[];
  role: 'tree' | 'feed';
  label: string;
  className: string;
  follows: boolean;
  activeKey: string | null;
  /** By row, or as a page does, where rows are long. */
  movesBy?: 'row' | 'page';
  describe(row: Row): RowFacts;
  render(row: Row, index: number): ComponentChildren;
  /** What sticks to the top while the row of this index is the first in sight. */
  sticky?: (top: number) => ComponentChildren;
  onActive(row: Row): void;
  onPick(row: Row, event: MouseEvent): void;
  /** Keys that do not move. */
  onKey?: (event: KeyboardEvent, row: Row | undefined) => void;
};

const USUAL_ROW = 22;

export function VirtualList<Row extends VirtualRow>(props: Props<Row>) {
  const { scroller, rows, activeKey, describe } = props;
  const [focusedKey, setFocusedKey] = useState<string | null>(null);
  const element = useRef<HTMLDivElement>(null);
  scroller.drawing.value;
  const { first, end, top, offsets } = scroller.arrange(rows, props.follows);
  useLayoutEffect(() => {
    scroller.attach(element.current);
    scroller.settle();
  });
  useLayoutEffect(() => () => scroller.attach(null), [scroller]);

  const drawn = useMemo(() => new DrawnRows<Row>(), []);
  const indexes = Array.from({ length: end - first }, (_, at) => first + at);
  const kept = [activeKey, focusedKey].flatMap((key) => (key === null ? [] : indexNear(rows, key, first)));
  const stop = tabStop(rows, { kept, indexes, describe, top });
  for (const index of new Set(kept)) {
    if (index >= 0 && index < first) indexes.unshift(index);
    else if (index >= end) indexes.push(index);
  }
  const move = (event: KeyboardEvent) => {
    const row = stop === undefined ? undefined : rows[stop];
    const step = props.movesBy === 'page' ? undefined : stepOf(event, scroller.rowsPerPage(row?.height ?? USUAL_ROW));
    const next = step === undefined ? undefined : nextStop(props, stop ?? top, step);
    if (next === undefined) return props.onKey?.(event, row);
    event.preventDefault();
    props.onActive(next);
    scroller.reveal(next.key, { focus: true });
  };
  useListener(element, 'keydown', move);
  useListener(element, 'click', (event) => {
    const key = keyOf(event);
    const row = key === null ? undefined : rows[indexNear(rows, key, first)];
    if (row) props.onPick(row, event);
  });
  const placed = { class: 'virtual-rows', style: { height: `${offsets[rows.length] ?? 0}px` } };
  const drawings = drawn.draw(props, indexes, offsets, stop);
  return (
    <div
      ref={element}
      class={`virtual ${props.className}`}
      onScroll={() => scroller.scrolled()}
      onFocusIn={(event) => setFocusedKey(keyOf(event))}
      onFocusOut={() => setFocusedKey(null)}
    >
      {props.sticky && rows.length > 0 && <div class="virtual-sticky">{props.sticky(top)}</div>}
      {props.role === 'tree' ? (
        <div {...placed} role="tree" aria-label={props.label}>
          {drawings}
        </div>
      ) : (
        <div {...placed} role="feed" aria-label={props.label}>
          {drawings}
        </div>
      )}
    </div>
  );
}

type Drawn<Row> = { row: Row; facts: string; drawing: VNode };

/** Rows that were drawn and have not changed: a scroll draws the others only. */
class DrawnRows<Row extends VirtualRow> {
  #props: Props<Row> | undefined;
  #kept = new Map<string, Drawn<Row>>();

  draw(props: Props<Row>, indexes: readonly number[], offsets: Float64Array, stop: number | undefined): VNode[] {
    if (props !== this.#props) this.#kept.clear();
    this.#props = props;
    const drawn = indexes.map((index) => this.#row(index, offsets[index] ?? 0, index === stop));
    this.#kept = new Map(drawn.map((each) => [each.row.key, each]));
    return drawn.map(({ drawing }) => drawing);
  }

  #row(index: number, place: number, isStop: boolean): Drawn<Row> {
    const props = this.#props as Props<Row>;
    const row = props.rows[index] as Row;
    const facts = `${place} ${isStop}`;
    const kept = this.#kept.get(row.key);
    if (kept?.facts === facts) return kept;
    const drawing = (
      <VirtualRowView
        key={row.key}
        scroller={props.scroller}
        row={row}
        facts={props.describe(row)}
        place={place}
        position={[index + 1, props.rows.length]}
        isStop={isStop}
        isActive={row.key === props.activeKey}
      >
        {props.render(row, index)}
      </VirtualRowView>
    );
    return { row, facts, drawing };
  }
}

type StopFacts<Row> = { kept: number[]; indexes: number[]; describe(row: Row): RowFacts; top: number };

/** Where the Tab key enters: the active row, the one that has the keyboard, else the first in sight. */
function tabStop<Row extends VirtualRow>(rows: readonly Row[], facts: StopFacts<Row>): number | undefined {
  const isStop = (index: number) => {
    const row = rows[index];
    return row !== undefined && facts.describe(row).isStop;
  };
  return facts.kept.find(isStop) ?? facts.indexes.find((index) => index >= facts.top && isStop(index));
}

/** The row that is that many stops away; beyond the ends, the last one there is. The first press takes the stop itself. */
function nextStop<Row extends VirtualRow>(
  { rows, describe, activeKey }: Props<Row>,
  from: number,
  step: number,
): Row | undefined {
  const sign = Math.sign(step);
  const isFirst = activeKey === null && Math.abs(step) === 1;
  let found: Row | undefined;
  let left = Math.abs(step);
  for (let at = isFirst ? from : from + sign; at >= 0 && at < rows.length; at += sign) {
    const row = rows[at] as Row;
    if (!describe(row).isStop) continue;
    found = row;
    left -= 1;
    if (left <= 0) break;
  }
  return found;
}

/** The row in which it happened, though what was pressed may be gone by now. */
function keyOf(event: Event): string | null {
  for (const heard of event.composedPath()) {
    if (heard instanceof HTMLElement && heard.dataset.key !== undefined) return heard.dataset.key;
  }
  return null;
}
