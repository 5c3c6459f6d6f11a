/** What rules say of the files that a call goes over, beyond where it begins. Compiled and applied by the tool. */
import type { FileRule, FileRules } from '../engage/file-rules.ts';
import { matchesText } from './match-text.ts';
import { matchesPattern, type Subject } from './pattern.ts';
import { type Rule, type RuledTool, sortedRules } from './rules.ts';

/** Whose rules say which files may be read, whatever tool would show them. */
const READING = 'read_file';

/** For a call that is allowed, by a rule or by a person: either way all was answered that asks about the call itself. */
export function fileRulesOf(
  rules: readonly Rule[],
  tool: RuledTool,
  subject: Subject | null,
  questions: FileRules['questions'],
): FileRules {
  const isAnswered = ({ verdict, pattern }: Rule) =>
    verdict === 'ask' && matchesPattern(pattern, tool.name, subject, 'any');
  const sorted = sortedRules(rules, true);
  const about = (name: string) =>
    sorted
      .filter(({ pattern }) => matchesText(pattern.tool, name))
      .map((rule): FileRule => {
        const { verdict, from, pattern } = rule;
        const text = `${verdict} = "${pattern.text}"`;
        return { verdict, from, glob: pattern.argument, text, isAnswered: isAnswered(rule) };
      });
  return { reading: about(READING), own: about(tool.name), questions };
}
