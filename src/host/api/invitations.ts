/** Codes with which one more key is enrolled: each for once, for some minutes, and kept in memory alone. */
import { randomInt } from 'node:crypto';
import { CODE_LETTERS } from '../../protocol/person.ts';

const GOOD_FOR_MS = 10 * 60_000;
/** Of 29^8 codes one in a hundred thousand million: whoever tries more often is no person who mistyped. */
const MOST_WRONG = 5;

type Invitation = { invitedBy: string; expiresAt: number };

export class Invitations {
  #open = new Map<string, Invitation>();
  #wrong = 0;

  /** `invitedBy` is the id of the key whose holder asks. The code without its hyphen. */
  create(invitedBy: string, now = Date.now()): { code: string; expiresAt: Date } {
    const code = Array.from({ length: 8 }, () => CODE_LETTERS.charAt(randomInt(CODE_LETTERS.length))).join('');
    const expiresAt = now + GOOD_FOR_MS;
    this.#open.set(code, { invitedBy, expiresAt });
    return { code, expiresAt: new Date(expiresAt) };
  }

  /** Who invited; undefined for a code that is not good (any more). After some wrong ones none is. */
  look(code: string, now = Date.now()): string | undefined {
    const found = this.#open.get(code);
    if (found && found.expiresAt > now) return found.invitedBy;
    this.#open.delete(code);
    this.#wrong += 1;
    if (this.#wrong >= MOST_WRONG) {
      this.#open.clear();
      this.#wrong = 0;
    }
    return undefined;
  }

  /** It has done what it was for. */
  use(code: string): void {
    this.#open.delete(code);
    this.#wrong = 0;
  }
}
