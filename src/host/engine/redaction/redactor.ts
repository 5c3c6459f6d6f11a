/**
 * Replaces the values of known secrets in everything that is stored, logged or shown. It happens once, before storing:
 * an append-only ledger cannot be cleaned later, and what the model sees is rebuilt from what was stored.
 */
import { type JsonValue, mapStrings } from '../../../protocol/json.ts';

/** Shorter values would turn ordinary words into markers. */
const SHORTEST = 8;

type Found = { start: number; end: number; name: string };

export class Redactor {
  /** Each value, and each form of one, with its name. */
  #secrets = new Map<string, string>();
  #longest = 0;

  /** `name` is what the marker says. Values under 8 characters are not redacted. */
  add(name: string, value: string): void {
    if (value.length < SHORTEST) return;
    for (const form of [value, ...encodedForms(value)]) {
      if (!this.#secrets.has(form)) this.#secrets.set(form, name);
      this.#longest = Math.max(this.#longest, form.length);
    }
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
        const text = held + piece;
        const settled = this.#settledLength(text);
        held = text.slice(settled);
        return this.#replace(text.slice(0, settled));
      },
      end: () => {
        const rest = this.#replace(held);
        held = '';
        return rest;
      },
    };
  }

  /** How much of the text nothing that follows can change. */
  #settledLength(text: string): number {
    const open = this.#openEnd(text);
    // A secret that reaches into what is open may turn out to be part of a longer one.
    return this.#find(text).find(({ start, end }) => start < open && open < end)?.start ?? open;
  }

  /** Where the longest end of the text begins that some secret goes on from. */
  #openEnd(text: string): number {
    for (let start = Math.max(0, text.length - this.#longest + 1); start < text.length; start += 1) {
      const end = text.slice(start);
      for (const secret of this.#secrets.keys()) {
        if (secret.length > end.length && secret.startsWith(end)) return start;
      }
    }
    return text.length;
  }

  #replace(text: string): string {
    let replaced = '';
    let from = 0;
    for (const { start, end, name } of this.#find(text)) {
      replaced += `${text.slice(from, start)}[redacted:${name}]`;
      from = end;
    }
    return replaced + text.slice(from);
  }

  /** Where secrets stand, in order. Those that overlap count as one, under the name of the first and longest. */
  #find(text: string): Found[] {
    const found: Found[] = [];
    for (const [secret, name] of this.#secrets) {
      for (let start = text.indexOf(secret); start !== -1; start = text.indexOf(secret, start + 1)) {
        found.push({ start, end: start + secret.length, name });
      }
    }
    found.sort((a, b) => a.start - b.start || b.end - a.end);
    const apart: Found[] = [];
    for (const next of found) {
      const last = apart.at(-1);
      if (last && next.start < last.end) last.end = Math.max(last.end, next.end);
      else apart.push(next);
    }
    return apart;
  }
}

/** The forms in which a value turns up again: in a URL, in base64, in JSON. */
function encodedForms(value: string): string[] {
  return [
    encodeURIComponent(value.toWellFormed()),
    Buffer.from(value).toString('base64').replace(/=+$/, ''),
    JSON.stringify(value).slice(1, -1),
  ];
}
