/**
 * Keys, in memory only, each bound to the origin it may be sent to. They come from a client's connection; none is ever
 * written anywhere.
 */
import { createHash } from 'node:crypto';

export type Credential = { name: string; value: string; origin: string };

/** A key that its provider refused is not tried again for so long: a refusal may have been a passing one. */
const REFUSED_FOR_MS = 10 * 60_000;

export class Credentials {
  #byPlace = new Map<string, Credential>();
  /** Fingerprints of refused keys, and when each may be tried again. */
  #refused = new Map<string, number>();
  #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Takes a key. False where it is the one at hand for its origin, or was refused a short while ago. */
  offer(credential: Credential): boolean {
    const origin = new URL(credential.origin).origin;
    const place = placeOf(credential.name, origin);
    const value = credential.value.trim();
    if (this.#isRefused(value) || this.#byPlace.get(place)?.value === value) return false;
    this.#byPlace.set(place, { name: credential.name, value, origin });
    return true;
  }

  /** The key for a provider at an origin; undefined where there is none for just that origin. */
  usable(name: string, origin: string): { value: string } | undefined {
    return this.#byPlace.get(placeOf(name, new URL(origin).origin));
  }

  /** The provider said no to the key with this fingerprint. A newer one that was offered meanwhile stays. */
  reject(name: string, print: string): void {
    this.#refused.set(print, this.#now() + REFUSED_FOR_MS);
    for (const [place, credential] of this.#byPlace) {
      if (credential.name === name && fingerprint(credential.value) === print) this.#byPlace.delete(place);
    }
  }

  names(): string[] {
    return [...new Set([...this.#byPlace.values()].map(({ name }) => name))].sort();
  }

  #isRefused(value: string): boolean {
    return (this.#refused.get(fingerprint(value)) ?? 0) > this.#now();
  }
}

/** What stands for a key where it must be told from others and not shown. */
export function fingerprint(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}

function placeOf(name: string, origin: string): string {
  return `${name} ${origin}`;
}
