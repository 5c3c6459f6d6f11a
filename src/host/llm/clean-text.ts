/** Strings that every store, log and provider takes. */
import type { JsonValue } from './types.ts';

/**
 * Rebuilds a JSON value with `change` applied to every string in it, the names of members included. The protocol has one
 * like it for the host's rows: this folder knows nothing of the rest, so that it stands on its own.
 */
export function mapStrings(value: JsonValue, change: (text: string) => string): JsonValue {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((element) => mapStrings(element, change));
  if (value === null || typeof value !== 'object') return value;
  // fromEntries defines members, so that one named `__proto__` stays a plain member.
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [change(name), mapStrings(member, change)]));
}

/** Makes lone surrogates and NUL the visible U+FFFD: no UTF-8 holds the one, no Postgres text the other. */
export function cleanText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** Shorter values are placeholders such as "none"; hiding those would only mangle texts. */
const SHORTEST_KEY = 8;

/** Replaces the provider's key wherever it stands in the text. Values under 8 characters are no keys. */
export function hideKey(text: string, key: string, provider: string): string {
  return key.length < SHORTEST_KEY ? text : text.replaceAll(key, `[redacted:${provider.replaceAll('-', '_')}_key]`);
}
