/** person/prove, enroll, invite, list, remove: whose word counts here. */
import { AnimusError } from '../../../protocol/errors.ts';
import type { PersonKeyView, PersonProof } from '../../../protocol/person.ts';
import { shortId, uuidv7 } from '../../../rendezvous/ids.ts';
import type { Db } from '../../db/types.ts';
import { claimInvitation, insertInvitation } from '../../store/person/invitations.ts';
import {
  enrollFirst,
  enrollInvited,
  findPersonKeys,
  type NewPersonKey,
  notifyPerson,
  type PersonKeyRow,
  personKeysOf,
  removePersonKey,
  wasRemoved,
} from '../../store/person/person-keys.ts';
import type { ApiContext, Handlers, Session } from '../context.ts';
import { GOOD_FOR_SECONDS, newCode, shownCode } from '../invitation-code.ts';
import { refuseAgents } from '../refuse-agents.ts';
import { notEnrolled, requirePerson } from '../require-person.ts';

export const personHandlers: Pick<
  Handlers,
  'person/prove' | 'person/enroll' | 'person/invite' | 'person/list' | 'person/remove'
> = {
  async 'person/prove'(context, { public_key: publicKey, signature }, { person }) {
    if (!person.prove(publicKey, signature)) {
      throw new AnimusError(
        'not_permitted',
        'The signature is not that of the key over the challenge of this connection.',
        'Sign the challenge that initialize gave.',
      );
    }
    const db = await context.database();
    const holders = await personKeysOf(db, context.place);
    return { state: await stateOf(db, context.place, publicKey, holders), anybody: holders.length > 0 };
  },

  async 'person/enroll'(context, { name, code, pid }, session) {
    refuseAgents(session, pid, 'be enrolled as a person');
    const { publicKey } = session.person;
    if (publicKey === undefined) {
      const next = 'Prove it first, with person/prove.';
      throw new AnimusError('wrong_state', 'This connection has shown no key. Nobody was enrolled.', next);
    }
    const db = await context.database();
    const key = { id: uuidv7(), publicKey, kind: session.client.kind, name };
    const row = (await ownRow(db, context.place, publicKey)) ?? (await enroll(context, db, session, key, code));
    return { key: viewKey(row, publicKey) };
  },

  async 'person/invite'(context, { pid }, session) {
    const key = await requirePerson(context, session, pid, 'let others decide');
    const db = await context.database();
    const invitation = { code: newCode(), invitedBy: key.id, seconds: GOOD_FOR_SECONDS };
    const expiresAt = await db.transaction((tx) => insertInvitation(tx, context.place, invitation));
    return { code: shownCode(invitation.code), expires_at: expiresAt.toISOString() };
  },

  async 'person/list'(context, _params, { person }) {
    const keys = await personKeysOf(await context.database(), context.place);
    return { keys: keys.map((key) => viewKey(key, person.publicKey)) };
  },

  async 'person/remove'(context, { id, pid }, session) {
    await requirePerson(context, session, pid, 'take from others that they decide');
    const db = await context.database();
    const [key, ...others] = await findPersonKeys(db, context.place, id);
    const next = 'See who there is: animus person';
    if (!key) throw new AnimusError('not_found', `Nobody ${id} is enrolled here. Nothing was changed.`, next);
    if (others.length > 0) throw new AnimusError('ambiguous_id', `Several match ${id}.`, 'Give more digits.');
    await removePersonKey(db, key.id);
    await notifyPerson(db, context.place);
    return { key: viewKey(key, session.person.publicKey) };
  },
};

async function stateOf(
  db: Db,
  place: string,
  publicKey: string,
  holders: readonly PersonKeyRow[],
): Promise<PersonProof['state']> {
  if (holders.some((key) => key.publicKey === publicKey)) return 'enrolled';
  return (await wasRemoved(db, place, publicKey)) ? 'removed' : 'unknown';
}

async function enroll(
  { place }: ApiContext,
  db: Db,
  session: Session,
  key: NewPersonKey,
  code: string | undefined,
): Promise<PersonKeyRow> {
  if (code === undefined) await enrollFirst(db, place, key);
  else await enrollWith(db, place, key, code);
  const row = await ownRow(db, place, key.publicKey);
  if (!row) throw await notEnrolled(db, place, session, 'was not enrolled');
  await notifyPerson(db, place);
  return row;
}

/** The code is taken and the key enrolled, or neither. */
async function enrollWith(db: Db, place: string, key: NewPersonKey, code: string): Promise<void> {
  const isEnrolled = await db.transaction(async (tx) => {
    const invitedBy = await claimInvitation(tx, place, code, key.publicKey);
    return invitedBy !== undefined && (await enrollInvited(tx, place, key, invitedBy));
  });
  if (isEnrolled || (await ownRow(db, place, key.publicKey))) return;
  throw new AnimusError(
    'not_enrolled',
    'That code is not good here, or not any more: each is for one folder, for once and for ten minutes. Nobody was enrolled.',
    'Get another one where you are enrolled: animus person invite, or in VS Code "Animus: Who May Decide…".',
  );
}

async function ownRow(db: Db, place: string, publicKey: string): Promise<PersonKeyRow | undefined> {
  return (await personKeysOf(db, place)).find((key) => key.publicKey === publicKey);
}

function viewKey(key: PersonKeyRow, own?: string): PersonKeyView {
  const { id, kind, name, enrolledAt, lastUsedAt, invitedBy, publicKey } = key;
  return {
    id,
    short_id: shortId(id),
    kind,
    name,
    enrolled_at: enrolledAt.toISOString(),
    last_used_at: lastUsedAt?.toISOString() ?? null,
    invited_by: invitedBy,
    own: publicKey === own,
  };
}
