/** Keeps the head and the tail of a stream in a fixed amount of memory, whatever is written to it. */

export type CapturedOutput = {
  /** UTF-8 with replacement. Where something was left out, a line in square brackets between head and tail says how much. */
  text: string;
  /** Bytes the command wrote. */
  totalBytes: number;
  /** Bytes of these that `text` does not hold; 0 means it is whole. */
  omittedBytes: number;
};

const FIRST_CAPACITY = 4096;

export class BoundedOutput {
  #kept: Buffer;
  #total = 0;
  readonly #limit: number;
  readonly #head: number;

  /** `limit`: most bytes kept, at least 2; half of them for the head. */
  constructor(limit: number) {
    if (!Number.isSafeInteger(limit) || limit < 2)
      throw new RangeError('The limit is a whole number of bytes from 2 on');
    this.#limit = limit;
    this.#head = Math.floor(limit / 2);
    this.#kept = Buffer.alloc(Math.min(limit, FIRST_CAPACITY));
  }

  write(chunk: Buffer): void {
    for (let from = 0; from < chunk.length; ) {
      const at = this.#positionOf(this.#total);
      this.#grow(at + chunk.length - from);
      const copied = chunk.copy(this.#kept, at, from);
      from += copied;
      this.#total += copied;
    }
  }

  capture(): CapturedOutput {
    if (this.#total <= this.#limit) {
      return { text: this.#kept.toString('utf8', 0, this.#total), totalBytes: this.#total, omittedBytes: 0 };
    }
    const seam = this.#positionOf(this.#total);
    const head = this.#kept.subarray(0, wholeCharacters(this.#kept.subarray(0, this.#head)));
    const ring = Buffer.concat([this.#kept.subarray(seam), this.#kept.subarray(this.#head, seam)]);
    const tail = ring.subarray(firstCharacter(ring));
    const omittedBytes = this.#total - head.length - tail.length;
    const note = `\n[${omittedBytes.toLocaleString('en-US')} bytes left out]\n`;
    return { text: head.toString('utf8') + note + tail.toString('utf8'), totalBytes: this.#total, omittedBytes };
  }

  /** The head lies at the front and never changes; behind it the tail goes round in a ring. */
  #positionOf(offset: number): number {
    if (offset < this.#head) return offset;
    return this.#head + ((offset - this.#head) % (this.#limit - this.#head));
  }

  #grow(wanted: number): void {
    if (this.#kept.length >= Math.min(wanted, this.#limit)) return;
    const larger = Buffer.alloc(Math.min(this.#limit, Math.max(wanted, this.#kept.length * 2)));
    this.#kept.copy(larger);
    this.#kept = larger;
  }
}

/** How many of these bytes form whole UTF-8 characters: a character cut at the end is not counted. */
export function wholeCharacters(bytes: Buffer): number {
  let lead = bytes.length - 1;
  while (lead >= 0 && bytes.length - lead <= 4 && isContinuation(bytes[lead])) lead -= 1;
  const first = bytes[lead] ?? 0;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return lead >= 0 && bytes.length - lead < length ? lead : bytes.length;
}

/** Where the first whole UTF-8 character begins: at most 3 bytes of a cut one come before it. */
function firstCharacter(bytes: Buffer): number {
  let at = 0;
  while (at < 3 && isContinuation(bytes[at])) at += 1;
  return at;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
