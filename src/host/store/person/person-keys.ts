/** The keys whose holders may decide in a place. Rows stay when a key is removed: its holder is told. */
import type { Queryable, Tx } from '../../db/types.ts';

export type PersonKeyKind = 'cli' | 'vscode' | 'api';

export type PersonKeyRow = {
  id: string;
  publicKey: string;
  kind: PersonKeyKind;
  name: string;
  /** What the key is called whose holder let it in; null for the first one. */
  invitedBy: string | null;
  enrolledAt: Date;
  lastUsedAt: Date | null;
};

const COLUMNS = `k.id, k.public_key as "publicKey", k.kind, k.name, k.enrolled_at as "enrolledAt", k.last_used_at as "lastUsedAt",
  (select name from animus.person_keys i where i.id = k.invited_by) as "invitedBy"`;

export type NewPersonKey = Pick<PersonKeyRow, 'id' | 'publicKey' | 'kind' | 'name'>;

/** Oldest first. */
export function personKeysOf(db: Queryable, place: string): Promise<PersonKeyRow[]> {
  return db.query<PersonKeyRow>(
    `select ${COLUMNS} from animus.person_keys k where place = $1 and removed_at is null order by enrolled_at, id`,
    [place],
  );
}

/** Whether it was enrolled here once, and is not any more. */
export async function wasRemoved(db: Queryable, place: string, publicKey: string): Promise<boolean> {
  const rows = await db.query(
    'select 1 from animus.person_keys where place = $1 and public_key = $2 and removed_at is not null limit 1',
    [place, publicKey],
  );
  return rows.length > 0;
}

/** Notes that it is used; undefined where it is not enrolled. */
export async function usePersonKey(db: Queryable, place: string, publicKey: string): Promise<PersonKeyRow | undefined> {
  const [row] = await db.query<PersonKeyRow>(
    `update animus.person_keys k set last_used_at = now()
     where place = $1 and public_key = $2 and removed_at is null returning ${COLUMNS}`,
    [place, publicKey],
  );
  return row;
}

/** Enrolls it where nobody is enrolled. False where somebody is, also where they came at the same moment. */
export async function enrollFirst(db: Queryable, place: string, key: NewPersonKey): Promise<boolean> {
  const rows = await db.query(
    `insert into animus.person_keys (id, place, public_key, kind, name)
     select $1, $2, $3, $4, $5
     where not exists (select 1 from animus.person_keys where place = $2 and removed_at is null)
     on conflict do nothing returning id`,
    [key.id, place, key.publicKey, key.kind, key.name],
  );
  return rows.length > 0;
}

/** Enrolls it on the word of another one, as long as that is still enrolled. Enrolling twice changes nothing. */
export async function enrollInvited(tx: Tx, place: string, key: NewPersonKey, invitedBy: string): Promise<boolean> {
  const rows = await tx.query(
    `insert into animus.person_keys (id, place, public_key, kind, name, invited_by)
     select $1, $2, $3, $4, $5, $6
     where exists (select 1 from animus.person_keys where id = $6 and place = $2 and removed_at is null)
     on conflict do nothing returning id`,
    [key.id, place, key.publicKey, key.kind, key.name, invitedBy],
  );
  return rows.length > 0;
}

/** Those whose id begins or ends with the digits, the removed ones last; at most two, which is one too many. */
export function findPersonKeys(db: Queryable, place: string, digits: string): Promise<PersonKeyRow[]> {
  return db.query<PersonKeyRow>(
    `select ${COLUMNS} from animus.person_keys k
     where place = $1 and (replace(id::text, '-', '') like $2 || '%' or replace(id::text, '-', '') like '%' || $2)
     order by removed_at nulls first, id limit 2`,
    [place, digits.replaceAll('-', '').toLowerCase()],
  );
}

/** Removing twice changes nothing. */
export async function removePersonKey(db: Queryable, id: string): Promise<void> {
  await db.query('update animus.person_keys set removed_at = now() where id = $1 and removed_at is null', [id]);
}

/** Tells every client of the place that somebody was let in or removed. */
export async function notifyPerson(db: Queryable, place: string): Promise<void> {
  await db.query("select pg_notify('animus.person', $1)", [JSON.stringify({ place })]);
}

/** Gives how many there were. */
export async function removeAllPersonKeys(db: Queryable, place: string): Promise<number> {
  const rows = await db.query(
    'update animus.person_keys set removed_at = now() where place = $1 and removed_at is null returning id',
    [place],
  );
  return rows.length;
}
