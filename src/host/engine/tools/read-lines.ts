/** Reads a range of lines from an open file in bounded memory, whatever the file's size and the lines' length. */
import { isUtf8 } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { wholeCharacters } from '../../process/bounded-output.ts';

export type LineRange = {
  /** The wanted lines, without their line ends, long ones cut and marked. */
  lines: string[];
  /** Lines of the whole file; undefined if reading stopped before its end. */
  totalLines: number | undefined;
  /** Of the whole file's bytes, in hex; undefined if reading stopped before its end. */
  sha256: string | undefined;
  /** Some wanted line was no valid UTF-8: U+FFFD stands for what could not be read. */
  replaced: boolean;
  /** Some wanted line ended with CR LF. */
  carriageReturns: boolean;
};

export type LineRequest = {
  /** First line, from 1. */
  offset: number;
  /** Most lines. */
  limit: number;
  /** Most characters of all lines together; at least one line is given. */
  mostCharacters: number;
  /** Go on to the end of the file, to count lines and hash. */
  toTheEnd: boolean;
  signal: AbortSignal;
};

export const LONGEST_LINE = 2000;
const CHUNK_BYTES = 256 * 1024;
/** UTF-8 takes at most 3 bytes for each UTF-16 unit. */
const LONGEST_LINE_BYTES = LONGEST_LINE * 3 + 4;

/** Collects what belongs to the wanted range, one piece of a line at a time. */
class RangeCollector {
  readonly range: LineRange = {
    lines: [],
    totalLines: undefined,
    sha256: undefined,
    replaced: false,
    carriageReturns: false,
  };
  lineNumber = 1;
  full = false;
  #pieces: Buffer[] = [];
  #held = 0;
  #length = 0;
  #endsInReturn = false;
  #characters = 0;
  readonly #request: LineRequest;

  constructor(request: LineRequest) {
    this.#request = request;
  }

  /** True while the current line has bytes: a last line without a line end. */
  get midLine(): boolean {
    return this.#length > 0;
  }

  add(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#length += piece.length;
    this.#endsInReturn = piece.at(-1) === 0x0d;
    const room = LONGEST_LINE_BYTES - this.#held;
    if (room <= 0 || !this.#wanted()) return;
    // A copy: the chunk's memory is used again.
    const kept = Buffer.from(piece.subarray(0, room));
    this.#pieces.push(kept);
    this.#held += kept.length;
  }

  endLine(): void {
    if (this.#wanted()) this.#take();
    this.#pieces = [];
    this.#held = 0;
    this.#length = 0;
    this.#endsInReturn = false;
    this.lineNumber += 1;
  }

  #wanted(): boolean {
    return !this.full && this.lineNumber >= this.#request.offset;
  }

  #take(): void {
    const text = this.#decode();
    if (this.range.lines.length > 0 && this.#characters + text.length > this.#request.mostCharacters) {
      this.full = true;
      return;
    }
    this.#characters += text.length + 1;
    this.range.lines.push(text);
    this.full = this.range.lines.length >= this.#request.limit;
  }

  #decode(): string {
    const held = Buffer.concat(this.#pieces);
    const whole = this.#held < this.#length ? held.subarray(0, wholeCharacters(held)) : held;
    if (!isUtf8(whole)) this.range.replaced = true;
    let text = whole.toString('utf8');
    if (this.lineNumber === 1) text = text.replace(/^\ufeff/, '');
    if (this.#endsInReturn) {
      this.range.carriageReturns = true;
      text = text.replace(/\r$/, '');
    }
    if (this.#held === this.#length && text.length <= LONGEST_LINE) return text;
    return `${text.slice(0, LONGEST_LINE).toWellFormed()} [line cut: ${this.#length.toLocaleString('en-US')} bytes]`;
  }
}

/** Reads from the file's start. Throws the signal's reason when it is aborted, and what the file system throws. */
export async function readLines(handle: FileHandle, request: LineRequest): Promise<LineRange> {
  const collector = new RangeCollector(request);
  const hash = createHash('sha256');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let position = 0; ; ) {
    request.signal.throwIfAborted();
    if (collector.full && !request.toTheEnd) return collector.range;
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, position);
    if (bytesRead === 0) break;
    position += bytesRead;
    takeChunk(collector, chunk.subarray(0, bytesRead), hash);
  }
  if (collector.midLine) collector.endLine();
  return { ...collector.range, totalLines: collector.lineNumber - 1, sha256: hash.digest('hex') };
}

function takeChunk(collector: RangeCollector, bytes: Buffer, hash: Hash): void {
  hash.update(bytes);
  let from = 0;
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
    collector.add(bytes.subarray(from, end));
    collector.endLine();
    from = end + 1;
  }
  collector.add(bytes.subarray(from));
}
