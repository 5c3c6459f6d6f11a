/**
 * Keys, in memory only, each bound to the origin it may be sent to. They come from a client's connection; none is ever
 * written anywhere.
 */
import { createHash } from 'node:crypto';

export type Credential = { name: string; value: string; origin: string };

export class Credentials {
  #byName = new Map<string, Credential>();
  /** Fingerprints of keys that their provider refused. */
  #rejected = new Set<string>();

  /** Takes a key. False where it is the one at hand, or one that was refused before. */
  offer(credential: Credential): boolean {
    const origin = new URL(credential.origin).origin;
    const print = fingerprint(credential.value);
    const present = this.#byName.get(credential.name);
    if (this.#rejected.has(print) || (present?.value === credential.value && present.origin === origin)) return false;
    this.#byName.set(credential.name, { ...credential, origin });
    return true;
  }

  /** The key for a provider at an origin; undefined where there is none, or it was refused, or it is for another origin. */
  usable(name: string, origin: string): { value: string } | undefined {
    const credential = this.#byName.get(name);
    if (!credential || credential.origin !== new URL(origin).origin) return undefined;
    return { value: credential.value };
  }

  /** The provider said no: the key is dropped, and not taken again. */
  reject(name: string): void {
    const credential = this.#byName.get(name);
    if (!credential) return;
    this.#rejected.add(fingerprint(credential.value));
    this.#byName.delete(name);
  }

  names(): string[] {
    return [...this.#byName.keys()].sort();
  }
}

function fingerprint(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}
