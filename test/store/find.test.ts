/** Finding items by what people type, and reading them. */
import assert from 'node:assert/strict';
import type { Queryable } from '../../src/host/db/types.ts';
import { completeFocus } from '../../src/host/engine/focus/ending.ts';
import { grantTrust, readTrust } from '../../src/host/store/trust/trust.ts';
import {
  findWorkItem,
  listWorkItems,
  readWorkItem,
  readWorkItems,
  type WorkFilter,
} from '../../src/host/store/work/find.ts';
import { queueFigures } from '../../src/host/store/work/queue.ts';
import { shortId, uuidv7 } from '../../src/rendezvous/ids.ts';
import { onEachDatabase } from '../support/databases.ts';
import { claimed, OTHER_PLACE, OUTCOME, PLACE, submitted } from './work-rows.ts';

const FIRST = '01900000-0000-7000-8000-0000deadbeef';
const SECOND = '01900000-0000-7000-8000-0000cafebeef';

onEachDatabase('find', {}, (database) => {
  it('finds an item by its whole id, its first digits or its last', async () => {
    const { db } = database;
    const id = await submitted(db);
    const found = { kind: 'found', id };
    for (const digits of [id, id.toUpperCase(), id.replaceAll('-', ''), shortId(id), id.slice(0, 13)]) {
      assert.deepEqual(await findWorkItem(db, PLACE, digits), found, digits);
    }
    assert.deepEqual(await findWorkItem(db, PLACE, uuidv7()), { kind: 'none' });
    assert.deepEqual(await findWorkItem(db, OTHER_PLACE, id), { kind: 'none' });
  });

  it('names the items that share the digits, and takes more digits to tell them apart', async () => {
    const { db } = database;
    for (const id of [FIRST, SECOND]) await submitted(db, { id });
    assert.deepEqual(await findWorkItem(db, PLACE, 'beef'), { kind: 'ambiguous', ids: [SECOND, FIRST] });
    assert.deepEqual(await findWorkItem(db, PLACE, '019000'), { kind: 'ambiguous', ids: [SECOND, FIRST] });
    assert.deepEqual(await findWorkItem(db, PLACE, 'deadbeef'), { kind: 'found', id: FIRST });
  });

  it('names 10 items at most', async () => {
    const { db } = database;
    for (let count = 0; count < 12; count += 1) await submitted(db, { id: uuidv7(1_000_000 + count) });
    const result = await findWorkItem(db, PLACE, '000000');
    assert.equal(result.kind === 'ambiguous' && result.ids.length, 10);
  });

  it('lists what a filter asks for, newest first', async () => {
    const { db } = database;
    const done = await submitted(db);
    await completeFocus(db, (await claimed(db)).lease, OUTCOME);
    const open = await submitted(db);
    const other = await submitted(db, { faculty: 'researcher' });
    await submitted(db, { place: OTHER_PLACE });
    const list = async (filter: Omit<WorkFilter, 'place' | 'limit'>, limit = 10) =>
      (await listWorkItems(db, { place: PLACE, limit, ...filter }, 500)).map(({ id }) => id);
    assert.deepEqual(await list({}), [other, open, done]);
    assert.deepEqual(await list({}, 2), [other, open]);
    assert.deepEqual(await list({ states: ['completed'] }), [done]);
    assert.deepEqual(await list({ states: [] }), []);
    assert.deepEqual(await list({ faculty: 'researcher' }), [other]);
    assert.deepEqual(await list({ parentId: done }), []);
    assert.equal(await readWorkItem(db, uuidv7()), undefined);
  });

  it('reads many by their ids, those of the place alone', async () => {
    const { db } = database;
    const first = await submitted(db);
    const second = await submitted(db, { description: 'x'.repeat(100) });
    const elsewhere = await submitted(db, { place: OTHER_PLACE });
    const ids = [first, second, elsewhere, uuidv7()];
    const read = await readWorkItems(db, { place: PLACE, ids }, 10);
    assert.deepEqual(
      read.map(({ id, description }) => [id, description.length]),
      [
        [second, 10],
        [first, 10],
      ],
    );
    assert.deepEqual(await readWorkItems(db, { place: PLACE, ids: [] }, 10), []);
  });

  it('cuts in a list what may be long, between whole characters', async () => {
    const { db } = database;
    const id = await submitted(db, { description: `ab\u{1F600}${'x'.repeat(1000)}`, params: { long: 'x' } });
    const listed = async () => (await listWorkItems(db, { place: PLACE, limit: 1 }, 3))[0];
    const before = await listed();
    assert.deepEqual([before?.id, before?.description, before?.params, before?.outcome], [id, 'ab\u{1F600}', {}, null]);
    const error = { kind: 'tool', message: 'It broke.' };
    await completeFocus(db, (await claimed(db)).lease, { ...OUTCOME, summary: 'All done.', data: [1], error });
    const after = await listed();
    assert.deepEqual(after?.outcome, { ...OUTCOME, summary: 'All', error: { kind: 'tool', message: 'It ' } });
    assert.deepEqual((await readWorkItem(db, id))?.params, { long: 'x' }, 'the whole is where it was');
    assert.deepEqual(after?.createdAt, (await readWorkItem(db, id))?.createdAt);
  });

  it('says how much there is, and when the next item is due', async () => {
    const { db } = database;
    const none = { queued: 0, running: 0, waiting: 0, dead: 0, nextDueInMs: null };
    assert.deepEqual(await queueFigures(db, PLACE), none);
    const delayed = await submitted(db, { delayMs: 100_000 });
    const { nextDueInMs, ...counts } = await queueFigures(db, PLACE);
    assert.deepEqual(counts, { queued: 1, running: 0, waiting: 0, dead: 0 });
    assert.ok(nextDueInMs !== null && nextDueInMs > 0 && nextDueInMs <= 100_000, String(nextDueInMs));
    await setDue(db, delayed);
    assert.equal((await queueFigures(db, PLACE)).nextDueInMs, 0);
    await claimed(db);
    assert.deepEqual(await queueFigures(db, PLACE), { ...none, running: 1 });
    assert.deepEqual(await queueFigures(db, OTHER_PLACE), none);
  });
});

const setDue = (db: Queryable, id: string) =>
  db.query("update animus.work_items set available_at = now() - interval '1 second' where id = $1", [id]);

onEachDatabase('trust', {}, (database) => {
  it('is of one place and one folder, and the first grant stays', async () => {
    const { db } = database;
    assert.equal(await readTrust(db, PLACE, '/a'), undefined);
    await grantTrust(db, PLACE, '/a', 'terminal');
    await grantTrust(db, PLACE, '/a', 'window');
    const grant = await readTrust(db, PLACE, '/a');
    assert.deepEqual([grant?.folder, grant?.grantedBy], ['/a', 'terminal']);
    assert.ok(grant?.grantedAt instanceof Date);
    assert.equal(await readTrust(db, PLACE, '/a/b'), undefined);
    assert.equal(await readTrust(db, OTHER_PLACE, '/a'), undefined);
  });
});
