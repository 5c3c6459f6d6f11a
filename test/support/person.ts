/** A person of a test: a key, and connections that have shown it. */
import type { HostClient } from '../../src/client/host-client.ts';
import { provePerson } from '../../src/client/prove-person.ts';
import { PersonProof } from '../../src/host/api/person-proof.ts';
import { createPersonKey, type PersonKey, readPersonKey, signChallenge } from '../../src/rendezvous/person-key.ts';

export function newPersonKey(): PersonKey {
  const key = readPersonKey(createPersonKey());
  if (!key) throw new Error('A new key is none.');
  return key;
}

/** What a connection has shown that has proven the key. */
export function proofOf(key: PersonKey): PersonProof {
  const proof = new PersonProof();
  if (!proof.prove(key.publicKey, signChallenge(key, proof.challenge))) throw new Error('The signature does not hold.');
  return proof;
}

/** The connection decides as the holder of the key from now on; the key has to be the first one here, or enrolled. */
export async function decideWith(client: HostClient, key: PersonKey): Promise<void> {
  await provePerson(client, key);
  await client.request('person/enroll', { name: 'test', pid: process.pid });
}
