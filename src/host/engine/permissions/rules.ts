/** From all rules that hold to what becomes of one call: the most specific rule wins. Pure. */
import type { Tool } from '../engage/tool.ts';
import { expandBraces } from '../tools/glob.ts';
import { guardedPlace } from '../tools/guarded-paths.ts';
import { compilePathPattern } from '../tools/path-pattern.ts';
import { matchesPattern, type Pattern, parsePattern, type Subject, specificity } from './pattern.ts';

export type Verdict = 'allow' | 'ask' | 'deny';

/** `person`: answered a question once and for all. `workspace`: a faculty that came with the files and was accepted. */
export type Rule = { verdict: Verdict; pattern: Pattern; from: 'faculty' | 'workspace' | 'person' };

export type Ruling = { verdict: Verdict; reason: string };

/** What rules have to know of a tool. */
export type RuledTool = {
  name: string;
  /** It changes what its subject names. */
  changes: boolean;
  /** What becomes of its calls where no rule is about them. */
  unruled: 'allow' | 'ask';
};

export function ruledTool(tool: Tool): RuledTool {
  return { name: tool.name, changes: tool.kind === 'world' && tool.effect !== 'read', unruled: defaultOf(tool) };
}

export function ruleOn(rules: readonly Rule[], tool: RuledTool, subject: Subject | null): Ruling {
  const rule = rulingRule(rules, tool, subject);
  if (rule) return { verdict: rule.verdict, reason: `${rule.verdict} = "${rule.pattern.text}" (${rule.from})` };
  if (isOutside(subject)) return { verdict: 'deny', reason: 'it lies outside of the workspace' };
  const closed = tool.changes ? guarded(subject) : undefined;
  if (closed) return { verdict: 'ask', reason: `what lies in ${closed} can make others run something` };
  return { verdict: tool.unruled, reason: 'no rule is about it' };
}

/** The rule that decides; undefined where none is about the call. */
function rulingRule(rules: readonly Rule[], tool: RuledTool, subject: Subject | null): Rule | undefined {
  const closed = tool.changes ? guarded(subject) : undefined;
  const matching = rules.filter(({ verdict, pattern }) => {
    if (!matchesPattern(pattern, tool.name, subject, verdict === 'allow' ? 'all' : 'any')) return false;
    return verdict !== 'allow' || closed === undefined || namesPlace(pattern, closed, subject);
  });
  // Outside of the workspace only a rule that names a path there says otherwise.
  const applying = isOutside(subject)
    ? matching.filter(({ pattern, verdict }) => verdict !== 'allow' || pattern.argument)
    : matching;
  return sortedRules(belowRefusals(applying), subject?.kind === 'path')[0];
}

/** The one that counts most first. `isPath`: what they are asked about, where braces mean something. */
export const sortedRules = (rules: readonly Rule[], isPath: boolean): Rule[] =>
  rules.toSorted((a, b) => compare(a, b, isPath));

const isOutside = (subject: Subject | null) => subject?.kind === 'path' && subject.names.some((name) => name.isOutside);

/** As a faculty's file gives them. */
export type FacultyPermissions = {
  allow: readonly string[];
  ask: readonly string[];
  deny: readonly string[];
};

/** `from`: what a faculty brings counts less where it came with the workspace. Its patterns were checked where it was read. */
export function facultyRules({ allow, ask, deny }: FacultyPermissions, from: 'faculty' | 'workspace'): Rule[] {
  const rules = (verdict: Verdict, texts: readonly string[]) =>
    texts.map((text): Rule => ({ verdict, pattern: requirePattern(text), from }));
  return [...rules('allow', allow), ...rules('ask', ask), ...rules('deny', deny)];
}

/** Of what people decided. A pattern that an older build could read and this one cannot is no rule. */
export function personRule({ decision, pattern }: { decision: 'allow' | 'deny'; pattern: string }): Rule[] {
  const parsed = parsePattern(pattern);
  return parsed.kind === 'pattern' ? [{ verdict: decision, pattern: parsed.pattern, from: 'person' }] : [];
}

function requirePattern(text: string): Pattern {
  const parsed = parsePattern(text);
  if (parsed.kind === 'pattern') return parsed.pattern;
  throw new Error(`A faculty was loaded with the pattern ${parsed.reason}`);
}

/** What came with the files allows nothing that a person refused, however specific it is. */
function belowRefusals(rules: readonly Rule[]): readonly Rule[] {
  const isRefused = rules.some(({ verdict, from }) => verdict === 'deny' && from === 'person');
  return isRefused ? rules.filter(({ verdict, from }) => verdict !== 'allow' || from !== 'workspace') : rules;
}

/** Rows of our own and what only reads is allowed; what changes the world asks. */
function defaultOf(tool: Tool): 'allow' | 'ask' {
  if (tool.permission) return tool.permission;
  return tool.kind !== 'world' || tool.effect === 'read' ? 'allow' : 'ask';
}

/** The most specific first; of equals a refusal, then what a person said, then a question. */
function compare(a: Rule, b: Rule, isPath: boolean): number {
  const [own, other] = [specificity(a.pattern, isPath), specificity(b.pattern, isPath)];
  for (const [at, value] of own.entries()) {
    const difference = (other[at] ?? 0) - value;
    if (difference !== 0) return difference;
  }
  return rankOf(a) - rankOf(b);
}

function rankOf({ verdict, from }: Rule): number {
  if (verdict === 'deny') return 0;
  if (from === 'person') return 1;
  return verdict === 'ask' ? 2 : 3;
}

/** Whether it names that place. Of what stands in braces only that counts which is about the path. */
function namesPlace({ argument }: Pattern, place: string, subject: Subject | null): boolean {
  const alternatives = expandBraces(argument ?? '') ?? [];
  const naming = alternatives.filter((one) => one.toLowerCase().split('/').includes(place));
  return subject?.kind === 'path' && naming.some((one) => compilePathPattern(one, 'any')(subject.names));
}

/** The place in which a changed file can make others run something: that asks, unless a rule names it. */
function guarded(subject: Subject | null): string | undefined {
  if (subject?.kind !== 'path') return undefined;
  for (const { segments } of subject.names) {
    const place = guardedPlace(segments.join('/'));
    if (place) return place;
  }
  return undefined;
}
