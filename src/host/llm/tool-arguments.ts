/** The arguments of a tool call, as models write them: JSON text that may be anything. */
import { cleanText, mapStrings } from './clean-text.ts';
import type { JsonValue } from './types.ts';

export type ToolArguments =
  | { kind: 'parsed'; input: { [key: string]: JsonValue } }
  | { kind: 'invalid'; raw: string; reason: string };

/** Nesting beyond which arguments are refused; what walks them later recurses. */
const DEEPEST_ARGUMENTS = 200;

/** Reads arguments. No text at all is a call without arguments, `{}`; all else must be one JSON object. */
export function parseToolArguments(raw: string): ToolArguments {
  if (raw.trim() === '') return { kind: 'parsed', input: {} };
  try {
    return checkToolArguments(JSON.parse(raw) as JsonValue, raw);
  } catch (error) {
    const why = error instanceof SyntaxError ? error.message : 'unreadable';
    return { kind: 'invalid', raw: cleanText(raw), reason: `The arguments are not valid JSON: ${why}` };
  }
}

/** The same for arguments that came parsed; `raw` is what to show of them where they are refused. */
export function checkToolArguments(value: JsonValue, raw: string): ToolArguments {
  const invalid = (reason: string): ToolArguments => ({ kind: 'invalid', raw: cleanText(raw), reason });
  if (!isJsonObject(value)) return invalid('The arguments are JSON, but not an object.');
  if (nestsDeeper(value, DEEPEST_ARGUMENTS)) return invalid(`The arguments nest over ${DEEPEST_ARGUMENTS} levels.`);
  return { kind: 'parsed', input: mapStrings(value, cleanText) as { [key: string]: JsonValue } };
}

export function isJsonObject(value: unknown): value is { [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nestsDeeper(value: JsonValue, levels: number): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (levels === 0) return true;
  return Object.values(value).some((member) => nestsDeeper(member, levels - 1));
}
