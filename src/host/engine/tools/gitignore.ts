/** The rules of .gitignore files, as git reads them, for one path at a time. */
import { compilePath, type PathMatcher } from './glob.ts';

type Rule = { matches: PathMatcher; ignores: boolean; foldersOnly: boolean };

/** The rules of one .gitignore, in the order written. */
export type IgnoreRules = readonly Rule[];

/** The rules that hold in a folder: those of the workspace's top first, each with how many segments lie above its folder. */
export type IgnoreStack = readonly { depth: number; rules: IgnoreRules }[];

/** They do not count, unless a backslash holds the first of them. Each is looked at once: a line may be nothing but spaces. */
const SPACES_AT_END = /(?<![\\ ]) +$|(?<=\\ ) +$/;

/** Lines read of one file: each costs time for each entry of a walk. */
const MOST_RULES = 2000;

/** Reads the first 2,000 lines of a .gitignore. What git would not understand is taken literally. */
export function parseIgnoreRules(text: string): IgnoreRules {
  return text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/, MOST_RULES)
    .flatMap((line) => parseRule(line) ?? []);
}

function parseRule(line: string): Rule | undefined {
  const pattern = line.replace(SPACES_AT_END, '');
  if (pattern === '' || pattern.startsWith('#')) return undefined;
  const ignores = !pattern.startsWith('!');
  const body = ignores ? pattern : pattern.slice(1);
  const foldersOnly = body.endsWith('/');
  const path = foldersOnly ? body.slice(0, -1) : body;
  if (path === '') return undefined;
  return { matches: compilePath(path.includes('/') ? path : `**/${path}`), ignores, foldersOnly };
}

/**
 * Whether the path is ignored: the last rule that matches decides, and deeper files come before higher ones. Folders above
 * must have been asked before: nothing inside an ignored folder can be taken back.
 */
export function isIgnored(stack: IgnoreStack, segments: readonly string[], isFolder: boolean): boolean {
  for (const { depth, rules } of stack.toReversed()) {
    const below = segments.slice(depth);
    const rule = rules.findLast((candidate) => (isFolder || !candidate.foldersOnly) && candidate.matches(below));
    if (rule !== undefined) return rule.ignores;
  }
  return false;
}
