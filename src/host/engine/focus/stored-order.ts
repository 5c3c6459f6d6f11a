/**
 * JSON with the keys of its objects in the order in which the database gives them back. What a model wrote goes back to it
 * with every request, and a provider that keeps a prompt compares bytes: they must be the same before and after a resume.
 */
import type { JsonValue } from '../../../protocol/json.ts';

/** Shorter keys first, then by bytes: the order of jsonb. */
export function inStoredOrder<Value extends JsonValue>(value: Value): Value {
  return ordered(value) as Value;
}

function ordered(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => ({ bytes: Buffer.from(key), key, inner }));
  entries.sort((a, b) => a.bytes.length - b.bytes.length || a.bytes.compare(b.bytes));
  return Object.fromEntries(entries.map(({ key, inner }) => [key, ordered(inner)]));
}
