/** Ids are made before the call that stores them, so that a call whose answer was lost can be looked up. */
import { createHash, randomBytes } from 'node:crypto';

/** A UUID version 8 (RFC 9562): always the same one for a name within a namespace. */
export function namedUuid(namespace: string, name: string): string {
  const bytes = createHash('sha256').update(`${namespace}\0${name}`).digest().subarray(0, 16);
  return formatted(bytes, 0x80);
}

/** A UUID version 7 (RFC 9562): 48 bits of milliseconds, then random. Without a time those of a process sort as they were made. */
export function uuidv7(now?: number): string {
  const bytes = randomBytes(16);
  if (now === undefined) {
    countOn(bytes.readUInt16BE(6) & (MOST_OF_A_MILLISECOND >> 1));
    bytes.writeUInt16BE(newest.count, 6);
  }
  bytes.writeUIntBE(now ?? newest.ms, 0, 6);
  return formatted(bytes, 0x70);
}

/** What the 12 bits behind the milliseconds can count. */
const MOST_OF_A_MILLISECOND = 0xfff;

let newest = { ms: 0, count: 0 };

/** Several rows may be stored within one millisecond. Runs ahead of a clock that stands or goes back. */
function countOn(firstOfMillisecond: number): void {
  const ms = Date.now();
  if (ms > newest.ms) newest = { ms, count: firstOfMillisecond };
  else if (newest.count < MOST_OF_A_MILLISECOND) newest.count += 1;
  else newest = { ms: newest.ms + 1, count: firstOfMillisecond };
}

function formatted(bytes: Buffer, version: number): string {
  bytes[6] = version | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The last 8 hex digits: the first ones of a v7 are the time, and equal for everything made together. */
export function shortId(id: string): string {
  return id.replaceAll('-', '').slice(-8);
}
