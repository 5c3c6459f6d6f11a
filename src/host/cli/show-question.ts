/** How a question looks in a terminal, and how to answer it. */
import type { QuestionView } from '../../protocol/work.ts';
import { hang, plainLine, type Terminal } from './terminal.ts';

const WHO: Readonly<Record<QuestionView['kind'], string>> = {
  ask: 'The agent asks',
  budget: 'A budget is reached',
  stuck: 'The agent is stuck',
};

export function showQuestion(terminal: Terminal, question: QuestionView): string {
  const { short_id: id, kind, text, choices } = question;
  const example = kind === 'budget' ? 'a higher limit' : 'your words';
  const how = choices.length > 0 ? `--choice N, or: animus answer ${id} "${example}"` : `"${example}"`;
  return [
    terminal.paint('yellow', `${WHO[kind]} (${id}):`),
    `  ${hang(text, 2, terminal.width)}`,
    ...choices.map((choice, at) => `  ${String(at + 1).padStart(2)}  ${plainLine(choice, 200)}`),
    `  animus answer ${id} ${how}`,
  ].join('\n');
}
