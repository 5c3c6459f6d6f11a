/** animus questions, answer: what work asks people, and what they say to it. */
import { AnimusError } from '../../../protocol/errors.ts';
import type { QuestionView } from '../../../protocol/work.ts';
import { asPerson } from '../as-person.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, withHost } from '../session.ts';
import { showQuestion } from '../show-question.ts';
import { plainLine } from '../terminal.ts';
import { checkedId } from './work.ts';

export async function questions(session: CliSession): Promise<number> {
  const { terminal, json } = session;
  const listed = await withHost(session, (client) => client.request('question/list', {}));
  if (json) terminal.out(JSON.stringify(listed));
  else if (listed.questions.length === 0) terminal.out('Nothing waits for an answer.');
  for (const question of json ? [] : listed.questions) {
    terminal.out(`${showQuestion(terminal, question)}\n  of the work ${question.work_item_id.slice(-8)}`);
  }
  return EXIT.done;
}

export async function answer(
  session: CliSession,
  { choice }: { choice?: number },
  id: string | undefined,
  words: string[],
): Promise<number> {
  const { terminal, json } = session;
  if (id === undefined && choice === undefined) return questions(session);
  const text = words.join(' ').trim();
  const said = givenAnswer(choice, text);
  const asked = {
    id: id === undefined ? await onlyQuestion(session) : checkedId(id),
    answer: said,
    pid: process.pid,
  };
  const { question } = await asPerson(session, (client) => client.request('question/answer', asked));
  if (json) terminal.out(JSON.stringify({ question }));
  else {
    const work = question.work_item_id.slice(-8);
    terminal.out(`answered ${question.short_id}: ${plainLine(question.answer ?? '', 200)}\n  animus work wait ${work}`);
  }
  return EXIT.done;
}

function givenAnswer(choice: number | undefined, text: string): { choice: number } | { text: string } {
  if (choice !== undefined && text === '') return { choice };
  if (choice === undefined && text !== '') return { text };
  const message = text === '' ? 'The answer has no text.' : 'Both a choice and a text were given.';
  throw new AnimusError('invalid_params', `${message} Nothing was answered.`, 'Give --choice N, or words.');
}

/** Throws AnimusError where there is none, or more than one. */
async function onlyQuestion(session: CliSession): Promise<string> {
  const { questions: open } = await withHost(session, (client) => client.request('question/list', {}));
  const [first, ...others] = open;
  if (!first) throw new AnimusError('not_found', 'Nothing waits for an answer.', 'See what runs: animus status');
  if (others.length === 0) return first.id;
  const lines = open.map((question: QuestionView) => `  ${question.short_id}  ${plainLine(question.text, 100)}`);
  throw new AnimusError('ambiguous_id', `Several questions are open:\n${lines.join('\n')}`, 'Give the id of one.');
}
