/** The pattern that is about the subject of one call and no other, for a person's answer that counts for more than once. */
import type { PathName, Reach } from '../tools/path-pattern.ts';
import { comparableAddress } from './address.ts';
import { matchesPattern, PATTERN_MAX, type ParsedPattern, parsePattern, type Subject } from './pattern.ts';

/** `reach`: an allowance has to be about all names that a path has, a refusal about one. */
export function exactPattern(tool: string, subject: Subject | null, reach: Reach): ParsedPattern {
  const names = subject?.kind === 'path' ? namesFor(subject.names, reach) : [];
  if (!names) return none('the path leads out of the workspace, and no pattern is about both of its names');
  const text = subject === null ? tool : `${tool}(${exactArgument(subject, names)})`;
  if (text.length > PATTERN_MAX) return none('the call is too long to be one');
  const parsed = parsePattern(text);
  if (parsed.kind === 'invalid' || matchesPattern(parsed.pattern, tool, subject, reach)) return parsed;
  return none('what the call is about cannot be written as one');
}

const none = (reason: string): ParsedPattern => ({ kind: 'invalid', reason });

/** Those that one pattern can be about: a pattern is about paths inside of the workspace, or about paths outside. */
function namesFor(names: readonly PathName[], reach: Reach): readonly PathName[] | undefined {
  const alike = names.filter(({ isOutside }) => isOutside === names[0]?.isOutside);
  return reach === 'any' || alike.length === names.length ? alike : undefined;
}

function exactArgument(subject: Subject, names: readonly PathName[]): string {
  if (subject.kind === 'url') return escaped(comparableAddress(subject.text) ?? subject.text);
  const [name] = names;
  if (!name) return escaped(subject.text);
  const paths = names.map(({ segments }) => segments.map(escaped).join('/'));
  const path = paths.length === 1 ? paths[0] : `{${paths.map((one) => one.replaceAll(',', '\\,')).join(',')}}`;
  return `${name.isOutside ? '//' : '/'}${path}`;
}

const escaped = (text: string) => text.replaceAll(/[\\*?[\]{}]/g, '\\$&');
