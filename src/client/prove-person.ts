/** Shows the host whose connection this is. */
import { AnimusError } from '../protocol/errors.ts';
import type { PersonProof } from '../protocol/person.ts';
import { type PersonKey, signChallenge } from '../rendezvous/person-key.ts';
import type { HostClient } from './host-client.ts';

/** What the host says to the key. Throws AnimusError where the host is too old to know such keys. */
export function provePerson(client: HostClient, key: PersonKey): Promise<PersonProof> {
  const { challenge } = client.host;
  if (challenge === null) {
    throw new AnimusError(
      'wrong_state',
      'The host that runs is older than this and knows no keys of people. Nothing was changed.',
      'Let it leave, and the next one is of this version: animus host stop',
    );
  }
  return client.request('person/prove', { public_key: key.publicKey, signature: signChallenge(key, challenge) });
}
