import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  anchorAt,
  indexNear,
  offsetsOf,
  placeOf,
  revealPlace,
  rowAt,
  type VirtualRow,
  windowOf,
} from '../../../src/webview/shared/virtual-window.ts';

const NONE = new Map<string, number>();
const rowsOf = (count: number, from = 0): VirtualRow[] =>
  Array.from({ length: count }, (_, at) => ({ key: `row ${from + at}`, height: 22 }));

describe('the window of a virtual list', () => {
  it('lays rows below each other, measured ones by what was measured', () => {
    const rows: VirtualRow[] = [
      { key: 'a', height: 22 },
      { key: 'b', height: 100, measured: true },
      { key: 'c', height: 40 },
    ];
    assert.deepEqual([...offsetsOf(rows, NONE)], [0, 22, 122, 162]);
    assert.deepEqual(
      [
        ...offsetsOf(
          rows,
          new Map([
            ['b', 57],
            ['c', 999],
          ]),
        ),
      ],
      [0, 22, 79, 119],
    );
  });

  it('draws what is in sight of 100,000 rows and little more', () => {
    const offsets = offsetsOf(rowsOf(100_000), NONE);
    for (const scrollTop of [0, 11, 1_100_000, 2_200_000 - 800]) {
      const { first, end } = windowOf(offsets, scrollTop, 800, 8);
      assert.ok(end - first <= 800 / 22 + 2 + 16, `${end - first} rows at ${scrollTop}`);
      assert.ok((offsets[first] ?? 0) <= scrollTop);
      assert.ok((offsets[end] ?? 0) >= scrollTop + 800);
    }
    assert.deepEqual(windowOf(offsetsOf([], NONE), 0, 800, 8), { first: 0, end: 0 });
  });

  it('finds the row at any place', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), fc.nat(3000), (heights, place) => {
        const offsets = offsetsOf(
          heights.map((height, at) => ({ key: String(at), height })),
          NONE,
        );
        const at = rowAt(offsets, place);
        const isLast = at === heights.length - 1;
        assert.ok((offsets[at] ?? 0) <= place && (isLast || place < (offsets[at + 1] ?? 0)));
      }),
    );
  });

  it('holds the row at the top where it is when others come before it', () => {
    const rows = rowsOf(1000);
    const offsets = offsetsOf(rows, NONE);
    const anchor = anchorAt(rows, offsets, 5000);
    assert.ok(anchor);
    const more = [...rowsOf(500, 10_000), ...rows];
    assert.equal(placeOf(anchor, more, offsetsOf(more, NONE)), 5000 + 500 * 22);
    assert.equal(placeOf(anchor, rowsOf(100), offsetsOf(rowsOf(100), NONE)), null);
  });

  it('finds a key however far it has moved', () => {
    const rows = rowsOf(5000);
    for (const guess of [0, 2500, 4999, Number.MAX_SAFE_INTEGER])
      assert.equal(indexNear(rows, 'row 2500', guess), 2500);
    assert.equal(indexNear(rows, 'none', 10), -1);
  });

  it('scrolls no further than needed to show a row, and not below what sticks', () => {
    const offsets = offsetsOf(rowsOf(100), NONE);
    const view = { scrollTop: 440, viewport: 220, sticky: 22 };
    assert.equal(revealPlace(offsets, 25, view), 440);
    assert.equal(revealPlace(offsets, 20, view), 418);
    assert.equal(revealPlace(offsets, 30, view), 462);
    assert.equal(revealPlace(offsets, 0, view), 0);
  });
});
