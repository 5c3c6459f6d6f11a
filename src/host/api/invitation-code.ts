/** Codes for one more window or terminal: short enough to be typed, long enough that nobody finds one by trying. */
import { randomInt } from 'node:crypto';
import { CODE_LENGTH, CODE_LETTERS } from '../../protocol/person.ts';

export const GOOD_FOR_SECONDS = 600;

/** One of 29^8, half a billion thousands. Without its hyphen. */
export function newCode(): string {
  return Array.from({ length: CODE_LENGTH }, () => CODE_LETTERS.charAt(randomInt(CODE_LETTERS.length))).join('');
}

export const shownCode = (code: string) => `${code.slice(0, CODE_LENGTH / 2)}-${code.slice(CODE_LENGTH / 2)}`;
