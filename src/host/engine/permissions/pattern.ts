/**
 * Which calls a permission is about: `tool`, or `tool(argument)`, where the argument is compared with what the call is about:
 * a command, a path, an address. An allowance must cover all of it; a refusal or a question is looked for in each part.
 */
import type { ToolSubject } from '../engage/tool.ts';
import { compileGlob, expandBraces } from '../tools/glob.ts';
import { compilePathPattern, type PathName, type Reach } from '../tools/path-pattern.ts';
import { complaintAboutAddress, isAddressPattern, matchesAddress } from './address.ts';
import { matchesText } from './match-text.ts';

export type Pattern = {
  text: string;
  tool: string;
  /** Null where the pattern is about all calls of the tool. */
  argument: string | null;
};

export type ParsedPattern = { kind: 'pattern'; pattern: Pattern } | { kind: 'invalid'; reason: string };

/**
 * A subject, as patterns see it. A path has all names under which the file is known: as asked for and with symlinks resolved,
 * each relative to the workspace, or absolute where it lies outside.
 */
export type Subject =
  | Exclude<ToolSubject, { kind: 'path' }>
  | { kind: 'path'; text: string; names: readonly PathName[] };

const FORM = /^([A-Za-z0-9_*-]{1,128})(?:\((.*)\))?$/s;

/** Whose calls are about addresses, also where a pattern begins with a host. */
const ADDRESS_TOOLS = ['web_fetch'];

export const PATTERN_MAX = 2000;

export function parsePattern(text: string): ParsedPattern {
  const invalid = (reason: string): ParsedPattern => ({ kind: 'invalid', reason: `"${text}": ${reason}` });
  if (text.length > PATTERN_MAX) return invalid(`longer than ${PATTERN_MAX} characters`);
  const form = FORM.exec(text);
  if (!form) return invalid('expected a tool, as in write_file, or a tool with its argument, as in write_file(src/**)');
  const [, tool = '', argument] = form;
  if (argument === '') return invalid('nothing between the parentheses');
  const glob = argument === undefined ? undefined : compileGlob(argument);
  if (glob?.kind === 'invalid') return invalid(glob.reason);
  const isAddress = argument !== undefined && (ADDRESS_TOOLS.includes(tool) || isAddressPattern(argument));
  const complaint = isAddress ? complaintAboutAddress(argument) : undefined;
  if (complaint !== undefined) return invalid(complaint);
  return { kind: 'pattern', pattern: { text, tool, argument: argument ?? null } };
}

export function matchesPattern(pattern: Pattern, tool: string, subject: Subject | null, reach: Reach): boolean {
  if (!matchesText(pattern.tool, tool)) return false;
  if (pattern.argument === null) return true;
  if (subject === null) return false;
  switch (subject.kind) {
    case 'command':
      return matchesCommand(pattern.argument, subject.text, reach);
    case 'path':
      return compilePathPattern(pattern.argument, reach)(subject.names);
    case 'url':
      return matchesAddress(pattern.argument, subject.text, reach);
  }
}

/**
 * How much a pattern says: that of more than one is asked first which comes first here. An argument says more than a tool,
 * and each is worth its letters. Of a path in braces the longest counts: that there are others makes it no more specific.
 */
export function specificity({ tool, argument }: Pattern, isPath: boolean): readonly number[] {
  const alternatives = (isPath && expandBraces(argument ?? '')) || [argument ?? ''];
  return [
    Math.max(...alternatives.map(lettersOf)),
    argument === null ? 0 : 1,
    tool.includes('*') ? 0 : 1,
    lettersOf(tool),
  ];
}

const lettersOf = (text: string) => text.replaceAll(/\\(.)/gs, '$1').replaceAll(/[*?/]/g, '').length;

/** What makes more than one command of a line, or puts the output of one into it. */
const OPERATOR = /[;&|<>`$()\n\r]/;
const BETWEEN_COMMANDS = /[;&|\n\r()`]+|\$\(/;
/** What stands before a command and is not it. */
const PREFIX = /^(?:(?:[A-Za-z_]\w*=\S*|sudo|env|command|nohup|exec|time|builtin)\s+)+/;

function matchesCommand(pattern: string, command: string, reach: Reach): boolean {
  if (unescaped(pattern) === command) return true;
  if (reach === 'all') return !OPERATOR.test(command) && matchesText(pattern, oneLine(command));
  const parts = command.split(BETWEEN_COMMANDS).map(oneLine);
  return [oneLine(command), ...parts, ...parts.map((part) => part.replace(PREFIX, ''))].some((part) =>
    matchesText(pattern, part),
  );
}

const oneLine = (text: string) => text.replaceAll(/[ \t]+/g, ' ').trim();
/** Undefined where the pattern is not about one text alone. */
function unescaped(pattern: string): string | undefined {
  return /(^|[^\\])(\\\\)*[*?]/.test(pattern) ? undefined : pattern.replaceAll(/\\(.)/gs, '$1');
}
