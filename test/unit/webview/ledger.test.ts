import assert from 'node:assert/strict';
import { largeLedger, sampleId, smallLedger } from '../../../build/webview-preview/sample-ledger.ts';
import type { LedgerEntryView } from '../../../src/protocol/focus.ts';
import { createPlacer } from '../../../src/webview/ledger/blocks.ts';
import { MOST_ENTRIES, mergeEntries, newestEntries } from '../../../src/webview/ledger/entries.ts';
import { filterEntries, isNarrowed, NO_FILTERS, needsSearch } from '../../../src/webview/ledger/filters.ts';
import { buildRows, type LedgerRow, type RowOptions } from '../../../src/webview/ledger/rows.ts';
import { blockNote, nothingMatches } from '../../../src/webview/ledger/wording.ts';

const NOTHING: ReadonlySet<string> = new Set();
const OPTIONS: RowOptions = {
  foldsBlocks: false,
  exceptions: NOTHING,
  groups: NOTHING,
  unfolded: NOTHING,
  groupBy: 'focus',
  hasBrackets: true,
  isWide: true,
  hasOlder: false,
};

const { entries, items } = smallLedger();
const itemsById = new Map(items.map((item) => [item.id, item]));

function rowsFor(some: readonly LedgerEntryView[], options: Partial<RowOptions> = {}): LedgerRow[] {
  return buildRows(some, createPlacer()(some, itemsById), { ...OPTIONS, ...options });
}

const seqs = (rows: readonly LedgerRow[]) => rows.flatMap((row) => (row.kind === 'entry' ? [row.entry.seq] : []));
const idOf = (seq: number) => sampleId(3, seq - 1);

describe('lists of entries', () => {
  it('join in the order of all entries, each once', () => {
    const [a, b] = [entries.slice(0, 8), entries.slice(5)];
    assert.deepEqual(mergeEntries(a, b), entries);
    assert.deepEqual(mergeEntries(b, a), entries);
    const [even, odd] = [entries.filter(({ seq }) => seq % 2 === 0), entries.filter(({ seq }) => seq % 2 === 1)];
    assert.deepEqual(mergeEntries(even, odd), entries);
    assert.deepEqual(mergeEntries(entries, []), entries);
    assert.deepEqual(mergeEntries(entries, entries), entries);
  });

  it('hold the newest when there are too many', () => {
    const many = largeLedger(MOST_ENTRIES + 2001).entries;
    const kept = newestEntries(many);
    assert.equal(kept.length, MOST_ENTRIES);
    assert.equal(kept.at(-1), many.at(-1));
    assert.equal(newestEntries(kept), kept);
  });
});

describe('filters', () => {
  it('count by type what a press on a chip would bring', () => {
    const { entries: shown, counts } = filterEntries(entries, { ...NO_FILTERS, types: ['error'] }, NOTHING);
    assert.deepEqual(
      shown.map(({ seq }) => seq),
      [3, 13],
    );
    assert.deepEqual(counts, { plan: 2, finding: 4, decision: 2, step: 2, error: 2, note: 1 });
  });

  it('take every word, in any case, and nothing of it as a pattern', () => {
    const search = (text: string) =>
      filterEntries(entries, { ...NO_FILTERS, text }, NOTHING).entries.map(({ seq }) => seq);
    assert.deepEqual(search('auckland UTC'), [6]);
    assert.deepEqual(search('startofmonth()'), [5]);
    assert.deepEqual(search('.*'), []);
  });

  it('let in what the extension found, where type and work item fit', () => {
    const found = new Set([idOf(1), idOf(3)]);
    const filters = { ...NO_FILTERS, text: 'nowhere', types: ['error' as const] };
    assert.deepEqual(
      filterEntries(entries, filters, found).entries.map(({ seq }) => seq),
      [3],
    );
    assert.deepEqual(filterEntries(entries, { ...filters, workItemId: sampleId(1, 99) }, found).entries, []);
  });

  it('by faculty and work item', () => {
    assert.equal(filterEntries(entries, { ...NO_FILTERS, faculty: 'coder' }, NOTHING).entries.length, 13);
    assert.equal(filterEntries(entries, { ...NO_FILTERS, faculty: 'general' }, NOTHING).entries.length, 0);
    assert.equal(isNarrowed({ ...NO_FILTERS, workItemId: sampleId(1, 1) }), false);
    assert.equal(needsSearch({ ...NO_FILTERS, workItemId: sampleId(1, 1) }), true);
    assert.equal(needsSearch({ ...NO_FILTERS, faculty: 'coder' }), false);
  });

  it('say what they leave nothing of', () => {
    const filters = { text: 'daylight', types: ['decision' as const], faculty: null, workItemId: 'x' };
    assert.equal(nothingMatches(filters), 'No decision of this work item mentions “daylight”.');
    assert.equal(nothingMatches({ ...NO_FILTERS, types: ['plan', 'note'] }), 'No plan or note is there.');
  });
});

describe('blocks', () => {
  it('end with a step, and the last is open while the focus is at work', () => {
    const blocks = createPlacer()(entries, itemsById);
    const [first, second, third, fourth] = [...new Set(blocks)];
    assert.deepEqual([first?.number, first?.stepId, first?.isOpen], [1, null, false], 'the first focus ended');
    assert.deepEqual([second?.number, second?.stepId, second?.size], [1, idOf(7), 3]);
    assert.deepEqual([third?.number, third?.stepId, third?.size], [2, idOf(10), 2], 'a person’s note is in it');
    assert.deepEqual([fourth?.number, fourth?.stepId, fourth?.isOpen], [3, null, true]);
  });

  it('have no number where their beginning is not loaded', () => {
    const [block] = createPlacer()(entries.slice(5), itemsById);
    assert.equal(block?.number, null);
    assert.equal(block?.stepId, idOf(7));
  });

  it('are the same whether entries come at once or one by one', () => {
    const place = createPlacer();
    let blocks = place([], itemsById);
    for (let count = 1; count <= entries.length; count += 1) blocks = place(entries.slice(0, count), itemsById);
    assert.deepEqual(blocks, createPlacer()(entries, itemsById));
    assert.deepEqual(place(entries.slice(3), itemsById), createPlacer()(entries.slice(3), itemsById), 'and start anew');
  });

  it('close when the work ends', () => {
    const place = createPlacer();
    place(entries, itemsById);
    const done = new Map(items.map((item) => [item.id, { ...item, state: 'completed' as const }]));
    assert.equal(place(entries, done).at(-1)?.isOpen, false);
  });
});

describe('rows', () => {
  it('group by focus within a work item, and end the open block in a tail', () => {
    const rows = rowsFor(entries);
    assert.deepEqual(
      rows.filter(({ kind }) => kind !== 'entry').map((row) => (row.kind === 'focus' ? row.count : row.kind)),
      [3, 10, 'tail'],
    );
    const gutters = rows.flatMap((row) => (row.kind === 'entry' ? [row.gutter] : []));
    const closed = ['closed', 'closed', 'closed', 'end'];
    assert.deepEqual(gutters, ['ended', 'ended', 'ended', ...closed, ...closed.slice(1), 'open', 'open', 'open']);
  });

  it('leave the step of a folded block standing, and say what is behind it', () => {
    const rows = rowsFor(entries, { foldsBlocks: true });
    assert.deepEqual(seqs(rows), [1, 2, 3, 7, 10, 11, 12, 13]);
    const step = rows.find((row) => row.kind === 'entry' && row.entry.seq === 7);
    assert.ok(step?.kind === 'entry');
    assert.equal(blockNote(step), 'block 1 folded: +3 entries');
    const [block] = createPlacer()(entries.slice(3), itemsById);
    assert.ok(block);
    const unfolded = rowsFor(entries, { foldsBlocks: true, exceptions: new Set([block.key]) });
    assert.deepEqual(seqs(unfolded), [1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13]);
  });

  it('fold a group to its head', () => {
    const rows = rowsFor(entries, { groups: new Set([`focus:${sampleId(2, 2)}`]) });
    assert.deepEqual(seqs(rows), [1, 2, 3]);
    assert.ok(rows.every(({ kind }) => kind !== 'tail'));
  });

  it('unfold an entry below itself, in a row whose height its content decides', () => {
    const rows = rowsFor(entries, { unfolded: new Set([idOf(6)]) });
    const at = rows.findIndex(({ key }) => key === idOf(6));
    assert.deepEqual([rows[at + 1]?.kind, rows[at + 1]?.measured], ['detail', true]);
  });

  it('draw no brackets where entries are left out, and stand in two lines where it is narrow', () => {
    const rows = rowsFor(entries, { hasBrackets: false, isWide: false, groupBy: 'work', hasOlder: true });
    assert.equal(rows[0]?.kind, 'older');
    assert.ok(rows.every((row) => row.kind !== 'entry' || (row.gutter === 'none' && row.height === 40)));
  });

  it('begin a group anew where work items take turns, so that the order stays that of time', () => {
    const other = entries.map((entry) => ({ ...entry, id: `9${entry.id.slice(1)}`, work_item_id: sampleId(1, 2) }));
    const mixed = mergeEntries(entries.slice(0, 2), other.slice(1, 3));
    const groups = rowsFor(mixed, { groupBy: 'work' }).filter(({ kind }) => kind === 'work');
    assert.equal(groups.length, 2);
    assert.equal(new Set(groups.map(({ key }) => key)).size, groups.length);
  });

  it('have different keys, and stay the same objects while nothing of them changes', () => {
    const large = largeLedger(1000);
    const byId = new Map(large.items.map((item) => [item.id, item]));
    const place = createPlacer();
    const options = { ...OPTIONS, groupBy: 'work' as const };
    const before = buildRows(large.entries.slice(0, 999), place(large.entries.slice(0, 999), byId), options);
    const after = buildRows(large.entries, place(large.entries, byId), options, before);
    assert.equal(new Set(after.map(({ key }) => key)).size, after.length);
    const kept = after.filter((row) => row.kind === 'entry' && before.includes(row)).length;
    assert.ok(kept > 990, `${kept} kept`);
  });
});
