/** What is a person's: only for who holds an enrolled key, and never for what an agent started. */
import { AnimusError } from '../../protocol/errors.ts';
import type { Db } from '../db/types.ts';
import { type PersonKeyRow, personKeysOf, usePersonKey } from '../store/person/person-keys.ts';
import type { ApiContext, Session } from './context.ts';
import { refuseAgents } from './refuse-agents.ts';

/**
 * Throws AnimusError: `not_permitted` as refuseAgents does, `not_enrolled` where the connection has shown no key that is enrolled here.
 * `deed` as in "may not …".
 */
export async function requirePerson(
  context: Pick<ApiContext, 'database' | 'place'>,
  session: Pick<Session, 'isOf' | 'person' | 'client'>,
  pid: number,
  deed: string,
): Promise<PersonKeyRow> {
  refuseAgents(session, pid, deed);
  const db = await context.database();
  const { publicKey } = session.person;
  const key = publicKey === undefined ? undefined : await usePersonKey(db, context.place, publicKey);
  if (key) return key;
  throw await notEnrolled(db, context.place, session, `may not ${deed}`);
}

/** Says how to come in, as it is for this client. */
export async function notEnrolled(
  db: Db,
  place: string,
  { client }: Pick<Session, 'client'>,
  what: string,
): Promise<AnimusError> {
  const holders = await personKeysOf(db, place);
  const who = { cli: 'This terminal', vscode: 'This window', api: 'This program' }[client.kind];
  const message = `${who} is not enrolled as a person's here, so it ${what}. Nothing was changed.`;
  return new AnimusError('not_enrolled', message, holders.length === 0 ? FIRST[client.kind] : INVITED[client.kind]);
}

const FIRST = {
  cli: 'Nobody is yet. If you are who decides here: animus person enroll',
  vscode: 'Nobody is yet: run "Animus: Who May Decide…".',
  api: 'Nobody is yet: prove a key with person/prove, then person/enroll.',
};

const INVITED = {
  cli: 'Get a code in VS Code ("Animus: Who May Decide…") or where you are enrolled (animus person invite), then: animus person enroll CODE. Where every key is lost: animus person reset',
  vscode:
    'Get a code in a window or terminal that is enrolled (animus person invite), then run "Animus: Who May Decide…".',
  api: 'Prove an enrolled key with person/prove, or enroll one with a code of person/invite.',
};
