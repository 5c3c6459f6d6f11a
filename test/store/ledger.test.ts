/** The work ledger: numbered without a gap, never changed, read in order. */
import assert from 'node:assert/strict';
import type { Db, Queryable } from '../../src/host/db/types.ts';
import { formatLedger } from '../../src/host/store/ledger/formatted-view.ts';
import {
  appendEntry,
  ENTRY_TYPES,
  type EntryType,
  type LedgerFilter,
  type NewEntry,
  readEntries,
} from '../../src/host/store/ledger/ledger.ts';
import { submitWork } from '../../src/host/store/work/submit.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { holdTransaction, untilBlockedBy } from '../support/database-interleaving.ts';
import { onEachDatabase } from '../support/databases.ts';
import { countRows, submission, submitted } from './work-rows.ts';

function entry(workItemId: string, content: string, overrides: Partial<NewEntry> = {}): NewEntry {
  return {
    id: uuidv7(),
    workItemId,
    focusId: null,
    faculty: 'general',
    entryType: 'note',
    content,
    data: {},
    ...overrides,
  };
}

const append = (db: Db, workItemId: string, content: string, overrides?: Partial<NewEntry>) =>
  db.transaction((tx) => appendEntry(tx, entry(workItemId, content, overrides)));

const read = async (db: Queryable, workItemId: string, filter: Omit<LedgerFilter, 'workItemId'> = {}) =>
  (await readEntries(db, { workItemId, ...filter })).map(({ seq, content }) => `${seq} ${content}`);

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

const REFUSED = { name: 'DbError', code: '23001', message: /the work ledger is append-only/ };

onEachDatabase('ledger', {}, (database) => {
  let db: Db;
  let id: string;
  beforeEach(async () => {
    db = database.db;
    id = await submitted(db);
  });

  it('[led-1] numbers are consecutive, for each item from 1 on', async () => {
    const other = await submitted(db);
    const numbers: number[] = [];
    for (const item of [id, id, other, id, other]) numbers.push(await append(db, item, 'a'));
    assert.deepEqual(numbers, [1, 2, 1, 3, 2]);
  });

  it('[led-1] 8 writers of one item at once get distinct consecutive numbers', async () => {
    const writer = async () => {
      const own: number[] = [];
      for (let count = 0; count < 10; count += 1) own.push(await append(db, id, 'a'));
      return own;
    };
    const numbers = (await Promise.all(Array.from({ length: 8 }, writer))).flat();
    assert.deepEqual(
      numbers.sort((a, b) => a - b),
      upTo(80),
    );
  });

  it('[led-1] what is rolled back leaves no gap', async () => {
    await append(db, id, 'kept');
    const undone = new Error('undone');
    await assert.rejects(
      db.transaction(async (tx) => {
        assert.equal(await appendEntry(tx, entry(id, 'lost')), 2);
        throw undone;
      }),
      undone,
    );
    await assert.rejects(append(db, id, ''), { code: '23514' });
    await append(db, id, 'after');
    assert.deepEqual(await read(db, id), ['1 kept', '2 after']);
  });

  it('[led-1] an id that is there already is refused, and takes no number', async () => {
    const first = entry(id, 'once');
    await db.transaction((tx) => appendEntry(tx, first));
    await assert.rejects(
      db.transaction((tx) => appendEntry(tx, first)),
      { code: '23505', constraint: 'work_ledger_pkey' },
    );
    assert.equal(await append(db, id, 'next'), 2);
  });

  it('[led-2] an unknown type is refused, and nothing is written', async () => {
    await assert.rejects(append(db, id, 'a', { entryType: 'guess' as EntryType }), {
      code: '23514',
      constraint: 'work_ledger_entry_type_check',
    });
    assert.equal(await countRows(db, 'work_ledger'), 0);
    assert.equal(await countRows(db, 'ledger_heads'), 0);
  });

  it('[led-3] reading is in the order of the numbers, whatever the order of the ids', async () => {
    for (const [content, time] of [
      ['first', 3000],
      ['second', 1000],
      ['third', 2000],
    ] as const) {
      await append(db, id, content, { id: uuidv7(time) });
    }
    assert.deepEqual(await read(db, id), ['1 first', '2 second', '3 third']);
  });

  it('[led-4] reading takes one type', async () => {
    await append(db, id, 'a', { entryType: 'plan' });
    await append(db, id, 'b', { entryType: 'finding' });
    await append(db, id, 'c', { entryType: 'plan' });
    assert.deepEqual(await read(db, id, { entryType: 'plan' }), ['1 a', '3 c']);
    assert.deepEqual(await read(db, id, { entryType: 'error' }), []);
  });

  it('[led-5] reading takes the last n, of a type too, and what is after a number', async () => {
    for (const content of ['a', 'b', 'c', 'd']) await append(db, id, content);
    await append(db, id, 'e', { entryType: 'step' });
    assert.deepEqual(await read(db, id, { lastN: 2 }), ['4 d', '5 e']);
    assert.deepEqual(await read(db, id, { lastN: 2, entryType: 'note' }), ['3 c', '4 d']);
    assert.deepEqual(await read(db, id, { lastN: 99 }), ['1 a', '2 b', '3 c', '4 d', '5 e']);
    assert.deepEqual(await read(db, id, { afterSeq: 3 }), ['4 d', '5 e']);
  });

  it('[led-6] [led-7] the formatted view groups by type, and shows the latest plan only', async () => {
    for (const [entryType, content] of [
      ['note', 'n1'],
      ['plan', 'p1'],
      ['finding', 'f1'],
      ['error', 'e1'],
      ['step', 's1'],
      ['plan', 'p2\nin two lines'],
      ['decision', 'd1'],
      ['finding', 'f2'],
    ] as const) {
      await append(db, id, content, { entryType });
    }
    assert.equal(
      formatLedger(await readEntries(db, { workItemId: id })),
      [
        'PLAN\n[6] p2\nin two lines',
        'FINDINGS\n[3] f1\n[8] f2',
        'STEPS COMPLETED\n[5] s1',
        'DECISIONS\n[7] d1',
        'ERRORS\n[4] e1',
        'NOTES\n[1] n1',
      ].join('\n\n'),
    );
    assert.equal(formatLedger([]), '');
  });

  for (const [name, statement] of [
    ['UPDATE', 'update animus.work_ledger set content = $2 where work_item_id = $1'],
    ['an UPDATE of the number', 'update animus.work_ledger set seq = seq + 10 where work_item_id = $1 and $2 <> $3'],
    ['DELETE', 'delete from animus.work_ledger where work_item_id = $1 and $2 <> $3'],
  ] as const) {
    it(`[led-8] ${name} is refused by the database itself`, async () => {
      await append(db, id, 'stays');
      const params = [id, 'x', 'y'].slice(0, statement.includes('$3') ? 3 : 2);
      await assert.rejects(db.query(statement, params), REFUSED);
      assert.deepEqual(await read(db, id), ['1 stays']);
    });
  }

  it('[led-8] TRUNCATE is refused by the database itself, and with everything that hangs together', async () => {
    await append(db, id, 'stays');
    await assert.rejects(db.exec('truncate animus.work_ledger'), REFUSED);
    await assert.rejects(db.exec('truncate animus.work_ledger, animus.work_items cascade'), REFUSED);
    assert.deepEqual(await read(db, id), ['1 stays']);
  });

  it('[led-8] the entries go with their item, and with the items below it, and no others', async () => {
    const [child, other] = [uuidv7(), await submitted(db)];
    await db.query(
      `insert into animus.work_items (id, place, parent_id, root_id, depth, faculty, description, state, max_attempts, provenance)
       select $1, place, id, id, 1, faculty, 'a part', 'queued', 1, '{"source": "child"}' from animus.work_items where id = $2`,
      [child, id],
    );
    for (const item of [id, child, other]) await append(db, item, 'a');
    await db.query('delete from animus.work_items where id = $1', [id]);
    assert.deepEqual([await read(db, id), await read(db, child), await read(db, other)], [[], [], ['1 a']]);
    assert.equal(await countRows(db, 'ledger_heads'), 1);
  });

  it('[led-8] an item can be deleted that others were merged into, and they go with it', async () => {
    const keyed = { dedup: { key: 'nightly' } };
    const canonical = await submitted(db, keyed);
    assert.equal((await submitWork(db, submission(keyed))).kind, 'merged');
    await append(db, canonical, 'a');
    await db.query('delete from animus.work_items where id = $1', [canonical]);
    assert.deepEqual(await db.query('select id from animus.work_items'), [{ id }]);
    assert.equal(await countRows(db, 'work_ledger'), 0);
  });

  it("[led-9] items do not see each other's", async () => {
    const other = await submitted(db);
    await append(db, id, 'mine');
    await append(db, other, 'theirs');
    assert.deepEqual(await read(db, id), ['1 mine']);
    assert.deepEqual(await read(db, id, { query: 'theirs' }), []);
    assert.deepEqual(await read(db, uuidv7()), []);
  });

  it('an item that is not there has no ledger', async () => {
    await assert.rejects(append(db, uuidv7(), 'a'), { code: '23503' });
    assert.equal(await countRows(db, 'work_ledger'), 0);
  });

  it('[led-10] every type comes back as it was, with all that belongs to it', async () => {
    const written = ENTRY_TYPES.map((entryType) =>
      entry(id, `a ${entryType}`, { entryType, focusId: uuidv7(), data: { files: ['src/a.ts'], n: 1.5, deep: [{}] } }),
    );
    for (const one of written) await db.transaction((tx) => appendEntry(tx, one));
    const stored = await readEntries(db, { workItemId: id });
    assert.deepEqual(
      stored.map(({ seq: _seq, createdAt: _createdAt, ...rest }) => rest),
      written,
    );
    for (const { createdAt } of stored) assert.ok(createdAt instanceof Date);
  });

  it('[led-10] Unicode comes back as it was', async () => {
    const text = 'Grüße 🦉 日本語 \u202Eabc\u202C \\ \' " $1 %s\n\tzero\u200Bwidth e\u0301';
    await append(db, id, text, { data: { text } });
    const [stored] = await readEntries(db, { workItemId: id });
    assert.deepEqual([stored?.content, stored?.data], [text, { text }]);
  });

  it('20,000 characters are held, one more is refused; a character counts once, however long it is', async () => {
    for (const long of ['a'.repeat(20_000), '🦉'.repeat(20_000)]) {
      await append(db, id, long);
      await assert.rejects(append(db, id, `${long}b`), { code: '23514', constraint: 'work_ledger_content_check' });
    }
    const stored = await readEntries(db, { workItemId: id });
    assert.deepEqual(
      stored.map(({ content }) => content.length),
      [20_000, 40_000],
    );
  });

  it('words are looked for in all their forms, as in a web search', async () => {
    await append(db, id, 'The parser crashes on empty files.');
    await append(db, id, 'Lexers are fine.');
    await append(db, id, 'A crash of the lexer, when files are empty');
    const find = (query: string) => read(db, id, { query });
    assert.equal((await find('crashing')).length, 2);
    assert.deepEqual(await find('lexer crashes'), ['3 A crash of the lexer, when files are empty']);
    assert.deepEqual(await find('crash -lexer'), ['1 The parser crashes on empty files.']);
    assert.deepEqual(await find('"empty files"'), ['1 The parser crashes on empty files.']);
    assert.deepEqual(await find('nothing of it'), []);
    assert.deepEqual(await find(`"unbalanced & ( ! ' : *`), []);
  });
});

onEachDatabase('ledger at once', { connections: 'several' }, (database) => {
  it('[led-1] 8 writers on connections of their own leave no gap, also where some of them roll back', async () => {
    const id = await submitted(database.db);
    const hosts = await Promise.all(Array.from({ length: 8 }, () => database.connect({ maxConnections: 1 })));
    const undone = new Error('undone');
    const writer = async (db: Db, host: number) => {
      const own: number[] = [];
      for (let count = 0; count < 25; count += 1) {
        own.push(await append(db, id, `${host}/${count}`));
        const rolledBack = async () =>
          db.transaction(async (tx) => {
            await appendEntry(tx, entry(id, 'lost'));
            throw undone;
          });
        if (count % 5 === host % 5) await assert.rejects(rolledBack, undone);
      }
      return own;
    };
    const numbers = await Promise.all(hosts.map(writer));
    assert.deepEqual(
      numbers.flat().sort((a, b) => a - b),
      upTo(200),
    );
    for (const own of numbers)
      assert.deepEqual(
        own,
        own.toSorted((a, b) => a - b),
      );
    const stored = await readEntries(database.db, { workItemId: id });
    assert.deepEqual(
      stored.map(({ seq }) => seq),
      upTo(200),
    );
  });

  it('[led-1] a reader never sees a number before those below it', async () => {
    const { db } = database;
    const id = await submitted(db);
    const held = await holdTransaction(db);
    await appendEntry(held.tx, entry(id, 'slow'));
    const fast = append(await database.connect(), id, 'fast');
    await untilBlockedBy(db, held.pid);
    assert.deepEqual(await read(db, id), []);
    await held.commit();
    assert.equal(await fast, 2);
    assert.deepEqual(await read(db, id), ['1 slow', '2 fast']);
  });

  it('[led-8] an entry that is written while its item is deleted goes with it, or is refused', async () => {
    const { db } = database;
    const id = await submitted(db);
    await append(db, id, 'before');
    const held = await holdTransaction(db);
    await held.tx.query('delete from animus.work_items where id = $1', [id]);
    const late = append(await database.connect(), id, 'late');
    const refused = assert.rejects(late, { name: 'DbError' });
    await untilBlockedBy(db, held.pid);
    await held.commit();
    await refused;
    assert.equal(await countRows(db, 'work_ledger'), 0);
  });

  it('[led-8] deleting an item waits for the entry that is being written, and takes it along', async () => {
    const { db } = database;
    const id = await submitted(db);
    const held = await holdTransaction(db);
    await appendEntry(held.tx, entry(id, 'under way'));
    const deletion = (await database.connect()).query('delete from animus.work_items where id = $1', [id]);
    await untilBlockedBy(db, held.pid);
    await held.commit();
    await deletion;
    assert.equal(await countRows(db, 'work_ledger'), 0);
  });
});
