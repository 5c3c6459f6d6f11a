/** The ledger of all work of a place, page by page. */
import assert from 'node:assert/strict';
import type { Db } from '../../src/host/db/types.ts';
import { appendEntry, type EntryType } from '../../src/host/store/ledger/ledger.ts';
import { countEntries, type RecentFilter, recentEntries } from '../../src/host/store/ledger/recent.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { onEachDatabase } from '../support/databases.ts';
import { OTHER_PLACE, PLACE, submitted } from './work-rows.ts';

const append = (db: Db, workItemId: string, content: string, entryType: EntryType = 'note') =>
  db.transaction((tx) =>
    appendEntry(tx, { id: uuidv7(), workItemId, focusId: null, faculty: 'general', entryType, content, data: {} }),
  );

async function readPages(db: Db, filter: RecentFilter, size: number): Promise<string[][]> {
  const pages: string[][] = [];
  for (let before: { createdAt: Date; id: string } | null = null; ; ) {
    const page = await recentEntries(db, filter, before, size);
    if (page.length === 0) return pages;
    pages.push(page.map(({ content }) => content));
    before = page.at(-1) ?? null;
  }
}

onEachDatabase('recent entries', {}, (database) => {
  it('come newest first, each on one page, also where several have one time', async () => {
    const { db } = database;
    const [first, second] = [await submitted(db), await submitted(db)];
    for (const content of ['a', 'b', 'c']) await append(db, first, content);
    // Entries of one transaction have one time to the microsecond.
    await db.transaction(async (tx) => {
      for (const content of ['d', 'e']) {
        const entry = { workItemId: second, focusId: null, faculty: 'general', entryType: 'note', data: {} } as const;
        await appendEntry(tx, { ...entry, id: uuidv7(Date.now() + content.charCodeAt(0)), content });
      }
    });
    const filter = { place: PLACE };
    for (const size of [1, 2, 3, 10]) {
      const pages = await readPages(db, filter, size);
      assert.deepEqual(pages.flat().toSorted(), ['a', 'b', 'c', 'd', 'e'], `pages of ${size}`);
      assert.ok(pages.slice(0, -1).every((page) => page.length === size));
    }
    assert.deepEqual((await readPages(db, filter, 2)).flat().slice(0, 2), ['e', 'd']);
    assert.equal(await countEntries(db, filter), 5);
  });

  it('go by their ids within a millisecond, whatever its microseconds say, and no page loses one', async () => {
    const { db } = database;
    const item = await submitted(db);
    for (let n = 0; n < 6; n += 1) {
      // The later id has the earlier time; the last two lie in the millisecond before.
      const micros = n < 4 ? 1900 - n * 100 : 900 - n * 100;
      await db.query(
        `insert into animus.work_ledger (id, work_item_id, faculty, seq, entry_type, content, created_at)
         values ($1, $2, 'general', $3, 'note', $4, '2026-01-01T12:00:00Z'::timestamptz + make_interval(secs => $5::float8))`,
        [`01900000-0000-7000-8000-00000000000${n}`, item, n + 1, String(n), micros / 1e6],
      );
    }
    for (const size of [1, 2, 3, 4, 10]) {
      const pages = await readPages(db, { place: PLACE }, size);
      assert.deepEqual(pages.flat(), ['3', '2', '1', '0', '5', '4'], `pages of ${size}`);
    }
  });

  it('are those of the place, the types, the item and the words that are asked for', async () => {
    const { db } = database;
    const [mine, other] = [await submitted(db), await submitted(db)];
    const elsewhere = await submitted(db, { place: OTHER_PLACE });
    await append(db, mine, 'The parser crashes', 'finding');
    await append(db, mine, 'Fix the parser', 'plan');
    await append(db, other, 'Nothing crashed', 'finding');
    await append(db, elsewhere, 'A crash', 'finding');
    const look = async (filter: Omit<RecentFilter, 'place'>, place = PLACE) => {
      const found = await recentEntries(db, { place, ...filter }, null, 10);
      assert.equal(await countEntries(db, { place, ...filter }), found.length);
      return found.map(({ content }) => content).sort();
    };
    assert.deepEqual(await look({ types: ['finding'] }), ['Nothing crashed', 'The parser crashes']);
    assert.deepEqual(await look({ types: ['plan', 'error'] }), ['Fix the parser']);
    assert.deepEqual(await look({ types: [] }), []);
    assert.deepEqual(await look({ workItemId: other }), ['Nothing crashed']);
    assert.deepEqual(await look({ workItemId: elsewhere }), []);
    assert.deepEqual(await look({ query: 'crashing', types: ['finding'], workItemId: mine }), ['The parser crashes']);
    assert.deepEqual(await look({}, OTHER_PLACE), ['A crash']);
  });
});
