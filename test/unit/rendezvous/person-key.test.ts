/** Keys of people: what a signature is good for, and what is none. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { PersonProof } from '../../../src/host/api/person-proof.ts';
import { createPersonKey, readPersonKey, signatureHolds, signChallenge } from '../../../src/rendezvous/person-key.ts';
import { newPersonKey } from '../../support/person.ts';

describe("a person's key", () => {
  it('signs a challenge, and is read from what was kept of it', () => {
    const text = createPersonKey();
    assert.match(text, /^-----BEGIN PRIVATE KEY-----\n/);
    const [key, again] = [readPersonKey(text), readPersonKey(text)];
    assert.ok(key && again);
    assert.equal(key.publicKey, again.publicKey);
    assert.ok(signatureHolds(again.publicKey, 'one', signChallenge(key, 'one')));
  });

  it('signs one challenge at a time, and for no other key', () => {
    const [key, other] = [newPersonKey(), newPersonKey()];
    const signature = signChallenge(key, 'one');
    assert.ok(!signatureHolds(key.publicKey, 'two', signature));
    assert.ok(!signatureHolds(other.publicKey, 'one', signature));
    assert.ok(!signatureHolds(key.publicKey, 'one', `${signature.slice(0, -4)}AAA=`));
  });

  it('[S14] is nothing else, whatever a file or a client says', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    for (const text of ['', 'key', pem, newPersonKey().publicKey, '-----BEGIN PRIVATE KEY-----\nAAAA\n']) {
      assert.equal(readPersonKey(text), undefined);
    }
    const der = rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    const { publicKey } = newPersonKey();
    for (const [key, signature] of [
      [der, 'AAAA'],
      ['', ''],
      [publicKey, ''],
      [publicKey, 'A'.repeat(86)],
    ] as const) {
      assert.ok(!signatureHolds(key, 'one', signature));
    }
  });

  it('is shown to each connection anew: what was signed for one is nothing on another', () => {
    const key = newPersonKey();
    const [first, second] = [new PersonProof(), new PersonProof()];
    const signature = signChallenge(key, first.challenge);
    assert.ok(first.prove(key.publicKey, signature));
    assert.ok(!second.prove(key.publicKey, signature));
    assert.equal(second.publicKey, undefined);
    assert.ok(!first.prove(newPersonKey().publicKey, signature));
    assert.equal(first.publicKey, key.publicKey);
  });
});
