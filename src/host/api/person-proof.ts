/** What one connection has shown of whose it is. */

import { signatureHolds } from '../../rendezvous/person-key.ts';
import { randomHex } from '../../rendezvous/proof.ts';

export class PersonProof {
  /** Signed by the key: fresh for each connection, so that no signature is good on another. */
  readonly challenge = randomHex();
  #publicKey: string | undefined;

  /** Of the key that was proven last, enrolled or not; undefined before any was. */
  get publicKey(): string | undefined {
    return this.#publicKey;
  }

  /** Whether the signature holds. One that does not leaves what was proven before. */
  prove(publicKey: string, signature: string): boolean {
    if (!signatureHolds(publicKey, this.challenge, signature)) return false;
    this.#publicKey = publicKey;
    return true;
  }
}
