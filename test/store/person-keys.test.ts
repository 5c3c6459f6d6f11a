/** Whose word counts in a place: enrolling, letting in, removing, and starting over, on both databases. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ApiContext, Session } from '../../src/host/api/context.ts';
import { personHandlers } from '../../src/host/api/handlers/person.ts';
import { takePersonReset } from '../../src/host/api/person-reset.ts';
import { requirePerson } from '../../src/host/api/require-person.ts';
import { retryLost } from '../../src/host/db/retry-lost.ts';
import { type Db, DbLost, type Row, type SqlValue } from '../../src/host/db/types.ts';
import { enrollFirst, personKeysOf } from '../../src/host/store/person/person-keys.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { type PersonKey, signChallenge } from '../../src/rendezvous/person-key.ts';
import { losing } from '../support/database-faults.ts';
import { inTransactions } from '../support/database-interleaving.ts';
import { onEachDatabase } from '../support/databases.ts';
import { newPersonKey, proofOf } from '../support/person.ts';
import { OTHER_PLACE, PLACE } from './work-rows.ts';

const pid = process.pid;

function world(db: Db, place = PLACE) {
  const context = { database: async () => db, place } as unknown as ApiContext;
  const session = (key: PersonKey, kind: 'cli' | 'vscode' | 'api' = 'cli') =>
    ({ client: { kind }, isOf: () => true, person: proofOf(key) }) as unknown as Session;
  const enroll = (key: PersonKey, code?: string) =>
    personHandlers['person/enroll'](context, { name: 'of a test', code, pid }, session(key));
  const invite = async (key: PersonKey) =>
    (await personHandlers['person/invite'](context, { pid }, session(key))).code.replace('-', '');
  const mayDecide = (key: PersonKey) => requirePerson(context, session(key), pid, 'decide');
  const names = async (key: PersonKey) =>
    (await personHandlers['person/list'](context, {}, session(key))).keys.map(({ own }) => own);
  return { context, session, enroll, invite, mayDecide, names };
}

/** What connections of this session would send. */
function proofParams({ person }: Session, key: PersonKey) {
  return { public_key: key.publicKey, signature: signChallenge(key, person.challenge) };
}

/** Does what it is asked, and says of some of it that nobody knows. */
function losingAnswers(db: Db, isLost: (sql: string) => boolean): Db {
  const view = inTransactions(db, (body) => db.transaction(body));
  view.query = async <T extends Row>(sql: string, params?: readonly SqlValue[]) => {
    const rows = await db.query<T>(sql, params);
    if (isLost(sql)) throw new DbLost('The answer was lost, by the test.');
    return rows;
  };
  return view;
}

const NOT_ENROLLED = { kind: 'not_enrolled' };

onEachDatabase('those who may decide', {}, (database) => {
  it('[S20] are nobody at first; the first one comes in by itself, and no other does', async () => {
    const { enroll, mayDecide, names } = world(database.db);
    const [first, second] = [newPersonKey(), newPersonKey()];
    await assert.rejects(mayDecide(first), {
      ...NOT_ENROLLED,
      message: /This terminal is not enrolled.*may not decide/,
    });
    await enroll(first);
    assert.equal((await mayDecide(first)).name, 'of a test');
    await enroll(first);
    await assert.rejects(enroll(second), {
      ...NOT_ENROLLED,
      message: /was not enrolled/,
      next: /animus person invite/,
    });
    await assert.rejects(mayDecide(second), NOT_ENROLLED);
    assert.deepEqual(await names(second), [false]);
    assert.deepEqual(await names(first), [true]);
  });

  it('are of one place alone', async () => {
    const [here, there] = [world(database.db), world(database.db, OTHER_PLACE)];
    const key = newPersonKey();
    await here.enroll(key);
    await assert.rejects(there.mayDecide(key), NOT_ENROLLED);
    await there.enroll(key);
    await there.mayDecide(key);
  });

  it('let another one in with a code, for once', async () => {
    const { enroll, invite, mayDecide, context, session } = world(database.db);
    const [first, second, third] = [newPersonKey(), newPersonKey(), newPersonKey()];
    await enroll(first);
    await assert.rejects(invite(second), NOT_ENROLLED);
    const code = await invite(first);
    await enroll(second, code);
    await mayDecide(second);
    await assert.rejects(enroll(third, code), { ...NOT_ENROLLED, message: /That code is not good/ });
    await enroll(second, code);
    const { keys } = await personHandlers['person/list'](context, {}, session(second));
    assert.deepEqual(
      keys.map(({ own, last_used_at, invited_by }) => [own, last_used_at !== null, invited_by]),
      [
        [false, true, null],
        [true, true, 'of a test'],
      ],
    );
  });

  it('let in with a code whoever is on another host of the place, and nobody once it is over', async () => {
    const { db } = database;
    const [here, there] = [world(db), world(db)];
    const [first, second, third] = [newPersonKey(), newPersonKey(), newPersonKey()];
    await here.enroll(first);
    await there.enroll(second, await here.invite(first));
    const code = await here.invite(first);
    await db.query("update animus.person_invitations set expires_at = now() - interval '1 second'");
    await assert.rejects(there.enroll(third, code), { ...NOT_ENROLLED, message: /That code is not good/ });
    await assert.rejects(world(db, OTHER_PLACE).enroll(third, await here.invite(first)), NOT_ENROLLED);
    await here.invite(first);
    const [row] = await db.query<{ codes: number }>(
      'select count(*)::integer as codes from animus.person_invitations where used_by is null',
    );
    assert.equal(row?.codes, 2, 'what is over goes');
  });

  it('let nobody in on the word of one who was removed meanwhile', async () => {
    const { enroll, invite, context, session } = world(database.db);
    const [first, second, third] = [newPersonKey(), newPersonKey(), newPersonKey()];
    await enroll(first);
    await enroll(second, await invite(first));
    const code = await invite(second);
    const [, row] = await personKeysOf(database.db, PLACE);
    await personHandlers['person/remove'](context, { id: row?.id ?? '', pid }, session(first));
    await assert.rejects(enroll(third, code), NOT_ENROLLED);
  });

  it('decide no more once they are removed, and are told so', async () => {
    const { enroll, invite, mayDecide, context, session } = world(database.db);
    const [first, second] = [newPersonKey(), newPersonKey()];
    await enroll(first);
    await enroll(second, await invite(first));
    const own = session(second);
    const prove = () => personHandlers['person/prove'](context, proofParams(own, second), own);
    assert.deepEqual(await prove(), { state: 'enrolled', anybody: true });
    const [, row] = await personKeysOf(database.db, PLACE);
    const removed = { id: row?.id.slice(-8) ?? '', pid };
    await personHandlers['person/remove'](context, removed, session(first));
    await assert.rejects(requirePerson(context, own, pid, 'decide'), NOT_ENROLLED);
    assert.deepEqual(await prove(), { state: 'removed', anybody: true });
    const again = await personHandlers['person/remove'](context, removed, session(first));
    assert.equal(again.key.id, row?.id, 'done is done, should the first answer be lost');
    await mayDecide(first);
  });

  it('are the same ones where the answer to enrolling was lost, and the host asks again', async () => {
    const { db } = database;
    const { invite, mayDecide } = world(db);
    const [first, second] = [newPersonKey(), newPersonKey()];
    let lost = 0;
    const isLost = (sql: string) => sql.includes('insert into animus.person_keys') && lost++ === 0;
    await retryLost(() => world(losingAnswers(db, isLost)).enroll(first), 1000);
    const code = await invite(first);
    const losses = losing(db, ['before commit', 'after commit']);
    await retryLost(() => world(losses).enroll(second, code), 1000);
    assert.ok(lost > 0);
    assert.equal((await personKeysOf(db, PLACE)).length, 2);
    await mayDecide(second);
    await invite(second);
  });

  it('are forgotten where the store says so, once', async () => {
    const { db } = database;
    const { enroll, mayDecide, context, session } = world(db);
    const key = newPersonKey();
    await enroll(key);
    const folder = mkdtempSync(path.join(tmpdir(), 'animus-reset-'));
    const file = path.join(folder, 'person-reset');
    const logged: unknown[] = [];
    try {
      await takePersonReset(db, PLACE, file, () => logged.push('nothing was asked'));
      await mayDecide(key);
      writeFileSync(file, '');
      await takePersonReset(db, PLACE, file, (level, name, more) => logged.push([level, name, more]));
      assert.ok(!existsSync(file));
      assert.deepEqual(logged, [['warn', 'person.reset', { removed: 1 }]]);
    } finally {
      rmSync(folder, { recursive: true });
    }
    await assert.rejects(mayDecide(key), NOT_ENROLLED);
    const own = session(key);
    const proven = await personHandlers['person/prove'](context, proofParams(own, key), own);
    assert.deepEqual(proven, { state: 'removed', anybody: false });
    await enroll(key);
    await mayDecide(key);
  });
});

onEachDatabase('those who may decide, of several at once', { connections: 'several' }, (database) => {
  it('let one in with a code, of many who come with it', async () => {
    const db = await database.connect({ maxConnections: 8 });
    const { enroll, invite } = world(db);
    const first = newPersonKey();
    await enroll(first);
    const code = await invite(first);
    const ends = await Promise.allSettled(Array.from({ length: 8 }, () => enroll(newPersonKey(), code)));
    assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.equal((await personKeysOf(db, PLACE)).length, 2);
  });

  it('are one, where many come first', async () => {
    const db = await database.connect({ maxConnections: 8 });
    const keys = Array.from({ length: 8 }, () => newPersonKey());
    const ends = await Promise.all(
      keys.map(({ publicKey }) => enrollFirst(db, PLACE, { id: uuidv7(), publicKey, kind: 'api', name: 'one' })),
    );
    assert.equal(ends.filter(Boolean).length, 1);
    assert.equal((await personKeysOf(db, PLACE)).length, 1);
  });
});
