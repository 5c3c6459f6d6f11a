/**
 * A person's key: what an editor or a terminal holds so that the host knows a person's word from that of a program which merely found the
 * host's token. The private half never leaves its holder; the host knows public halves, and asks for a signature on each connection.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';

export type PersonKey = {
  privateKey: KeyObject;
  /** Base64 of the SPKI. */
  publicKey: string;
};

/** A new key in the form that is kept: PKCS #8 as PEM, Ed25519. */
export function createPersonKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Undefined for what is no private Ed25519 key. */
export function readPersonKey(pem: string): PersonKey | undefined {
  try {
    const privateKey = createPrivateKey(pem);
    if (privateKey.asymmetricKeyType !== 'ed25519') return undefined;
    const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).toString('base64');
    return { privateKey, publicKey };
  } catch {
    return undefined; // whatever it is, it is no key
  }
}

/** What is signed is said with it, so that a signature is good for nothing else. */
const signedText = (challenge: string) => Buffer.from(`animus person key, challenge ${challenge}`);

/** The signature in base64. `challenge` is what the host gave to this connection. */
export function signChallenge({ privateKey }: PersonKey, challenge: string): string {
  return sign(null, signedText(challenge), privateKey).toString('base64');
}

/** False also for what is no key and no signature. */
export function signatureHolds(publicKey: string, challenge: string, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), type: 'spki', format: 'der' });
    if (key.asymmetricKeyType !== 'ed25519') return false;
    return verify(null, signedText(challenge), key, Buffer.from(signature, 'base64'));
  } catch {
    return false; // a client may send anything
  }
}
