/**
 * The mutual proof of a connection: each side shows that it knows the token without sending it. The label keeps one
 * side's proof from being played back as the other's.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export type Nonces = { client: string; server: string };

/** 32 random bytes, in hex. */
export function randomHex(): string {
  return randomBytes(32).toString('hex');
}

/** The proof in hex: HMAC-SHA-256 by the token over who proves and both nonces. */
export function proof(token: string, side: 'host' | 'client', nonces: Nonces): string {
  return createHmac('sha256', token).update(`${side}:${nonces.client}:${nonces.server}`).digest('hex');
}

/** Compares without telling by its duration how much was right. */
export function proofHolds(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
