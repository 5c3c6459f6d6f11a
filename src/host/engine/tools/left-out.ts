/** The files that a tool which goes over many does not give, as permissions are, and what the model is told of them. */
import type { FileRule, FileRules } from '../engage/file-rules.ts';
import { compilePathPattern, type NamesMatcher } from './path-pattern.ts';
import { count } from './tool-text.ts';

/** Plain data. What was left out, and by which rules: some of them. */
export type LeftOut = { refused: number; asking: number; rules: string[] };

/** What the tool gives of a file. A name may be given of what only asks to be read. */
export type Gives = 'content' | 'name';

type CompiledRule = FileRule & { matches: NamesMatcher };

const RULES_SHOWN = 3;

export const nothingLeftOut = (): LeftOut => ({ refused: 0, asking: 0, rules: [] });

/**
 * Tells of each file, by all its names from the workspace's folder, whether it is left out, and counts it. Compiled once for
 * a call.
 */
export function leavingOut(
  rules: FileRules | undefined,
  gives: Gives,
  leftOut: LeftOut,
): (names: readonly string[]) => boolean {
  if (!rules || rules.reading.length + rules.own.length === 0) return () => false;
  const [reading, own] = [rules.reading.map(compileRule), rules.own.map(compileRule)];
  const asks = (rule: FileRule | undefined) =>
    rule?.verdict === 'ask' && !rule.isAnswered && rules.questions === 'left out';
  return (paths) => {
    const names = paths.map((path) => ({ segments: path.split('/'), isOutside: false }));
    const ruling = [firstOf(reading, names), firstOf(own, names)];
    const refusing = ruling.find((rule) => rule?.verdict === 'deny');
    const asking = ruling.find((rule, at) => asks(rule) && (gives === 'content' || at > 0));
    const by = refusing ?? asking;
    if (!by) return false;
    leftOut[refusing ? 'refused' : 'asking'] += 1;
    if (leftOut.rules.length < RULES_SHOWN && !leftOut.rules.includes(by.text)) leftOut.rules.push(by.text);
    return true;
  };
}

function compileRule(rule: FileRule): CompiledRule {
  const reach = rule.verdict === 'allow' ? 'all' : 'any';
  return { ...rule, matches: rule.glob === null ? () => true : compilePathPattern(rule.glob, reach) };
}

/** The rule that decides, as it would for a call about this file alone. */
function firstOf(rules: readonly CompiledRule[], names: Parameters<NamesMatcher>[0]): CompiledRule | undefined {
  const refusedByPerson = () =>
    rules.some(({ verdict, from, matches }) => verdict === 'deny' && from === 'person' && matches(names));
  return rules.find(({ verdict, from, matches }) => {
    // What came with the files allows nothing that a person refused.
    return matches(names) && !(verdict === 'allow' && from === 'workspace' && refusedByPerson());
  });
}

/** A line of its own, in square brackets; undefined where nothing was left out. */
export function leftOutRemark({ refused, asking, rules }: LeftOut): string | undefined {
  const files = (number: number) => `${count(number)} ${number === 1 ? 'file' : 'files'}`;
  const parts = [
    refused > 0 ? `${files(refused)} that may not be read` : '',
    asking > 0 ? `${files(asking)} that a person has to allow first, one by one` : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? undefined : `[left out: ${parts.join(', ')} (${rules.join('; ')})]`;
}
