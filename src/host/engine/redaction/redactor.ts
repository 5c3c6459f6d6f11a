/**
 * Replaces the values of known secrets in everything that is stored, logged or shown. It happens once, before storing:
 * an append-only ledger cannot be cleaned later, and what the model sees is rebuilt from what was stored.
 */
import { type JsonValue, mapStrings } from '../../../protocol/json.ts';

/** Shorter values would turn ordinary words into markers. */
const SHORTEST = 8;

export class Redactor {
  #secrets = new Map<string, string>();
  #pattern: RegExp | undefined;
  #longest = 0;

  /** `name` is what the marker says. Values under 8 characters are not redacted. */
  add(name: string, value: string): void {
    if (value.length < SHORTEST || this.#secrets.has(value)) return;
    this.#secrets.set(value, name);
    for (const form of encodedForms(value)) {
      if (!this.#secrets.has(form)) this.#secrets.set(form, name);
    }
    // Longest first: a secret may be part of another one.
    const values = [...this.#secrets.keys()].sort((a, b) => b.length - a.length);
    this.#longest = values[0]?.length ?? 0;
    this.#pattern = new RegExp(values.map(escapeForPattern).join('|'), 'g');
  }

  /** Gives text that can be stored: without secrets, and without NUL or halves of characters, which databases refuse. */
  text(text: string): string {
    return this.#replace(text).replaceAll('\0', '\uFFFD').toWellFormed();
  }

  /** Redacts every string of a JSON value, keys included. */
  json<T extends JsonValue>(value: T): T {
    return mapStrings(value, (text) => this.text(text)) as T;
  }

  /** For text that arrives in pieces: what may be the beginning of a secret is held back until the rest shows. */
  stream(): { push(piece: string): string; end(): string } {
    let held = '';
    return {
      push: (piece) => {
        const text = this.#replace(held + piece);
        const keep = Math.min(text.length, Math.max(0, this.#longest - 1));
        held = this.#couldBegin(text.slice(text.length - keep));
        return text.slice(0, text.length - held.length);
      },
      end: () => {
        const rest = this.#replace(held);
        held = '';
        return rest;
      },
    };
  }

  /** The longest end of `text` that some secret begins with. */
  #couldBegin(text: string): string {
    for (let start = 0; start < text.length; start += 1) {
      const end = text.slice(start);
      for (const secret of this.#secrets.keys()) if (secret.startsWith(end)) return end;
    }
    return '';
  }

  #replace(text: string): string {
    if (!this.#pattern) return text;
    return text.replace(this.#pattern, (found) => `[redacted:${this.#secrets.get(found)}]`);
  }
}

const escapeForPattern = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** The forms in which a value turns up again: in a URL, in base64, in JSON. */
function encodedForms(value: string): string[] {
  return [
    encodeURIComponent(value),
    Buffer.from(value).toString('base64').replace(/=+$/, ''),
    JSON.stringify(value).slice(1, -1),
  ];
}
