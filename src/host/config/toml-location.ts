/** Where in a TOML file a schema's complaint belongs: people mend lines, not paths in a parsed tree. */
import type * as z from 'zod';

/** `file:line: key: what is wrong`; without a line where the key is not in the file. One line for each unknown key. */
export function locateIssue(file: string, text: string, issue: z.core.$ZodIssue): string {
  const say = (key: readonly PropertyKey[], what: string) => {
    const names = key.map(String);
    const line = findLine(withoutLongStrings(text), names);
    return `${file}${line ? `:${line}` : ''}: ${names.join('.')}: ${what}`;
  };
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => say([...issue.path, key], 'there is no such key')).join('\n');
  }
  return say(issue.path, issue.message.replace(/^Invalid input: (expected .*), received undefined$/, 'missing; $1'));
}

/** Strings over several lines, prompts above all, hold text that looks like keys and tables. */
function withoutLongStrings(text: string): string {
  return text.replace(/("""|''')[\s\S]*?\1/g, (string) => string.replace(/[^\n]/g, ' '));
}

/** The 1-based line of a key, else of the nearest table above it. */
function findLine(text: string, key: readonly string[]): number | undefined {
  let table: string[] = [];
  let nearest: number | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const header = /^\s*\[\[?([^\]]+)\]/.exec(line);
    if (header?.[1]) {
      table = splitKey(header[1]);
      if (isPrefix(table, key)) nearest = index + 1;
      if (same(table, key)) return index + 1;
      continue;
    }
    const assignment = /^\s*([A-Za-z0-9_."'-]+)\s*=/.exec(line);
    if (assignment?.[1] && isPrefix([...table, ...splitKey(assignment[1])], key)) return index + 1;
  }
  return nearest;
}

/** A name in quotation marks may have dots in it. */
const splitKey = (text: string) =>
  (text.match(/"[^"]*"|'[^']*'|[^.\s]+/g) ?? []).map((part) => part.replace(/^["']|["']$/g, ''));
const isPrefix = (prefix: readonly string[], key: readonly string[]) => prefix.every((part, at) => part === key[at]);
const same = (a: readonly string[], b: readonly string[]) => a.length === b.length && isPrefix(a, b);
