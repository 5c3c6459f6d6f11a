/** question/list, question/answer. Answering is a person's: nothing that an agent started may do it. */
import { AnimusError } from '../../../protocol/errors.ts';
import type { ParsedParams } from '../../../protocol/requests.ts';
import { shortId } from '../../../rendezvous/ids.ts';
import type { Db } from '../../db/types.ts';
import { answerQuestion } from '../../engine/focus/answer.ts';
import { findQuestions, type Question, readOpenQuestions } from '../../store/questions/questions.ts';
import type { ApiContext, Handlers } from '../context.ts';
import { requireItem } from '../find-item.ts';
import { viewQuestion } from '../question-view.ts';
import { requirePerson } from '../require-person.ts';
import { requireTrust } from './work.ts';

/** Who answers, as the work is told it. */
const WHO = { vscode: 'a person in VS Code', cli: 'a person at the terminal', api: 'a program' } as const;

export const questionHandlers: Pick<Handlers, 'question/list' | 'question/answer'> = {
  async 'question/list'(context, { id }) {
    const db = await context.database();
    const ids = id === undefined ? null : [await requireItem(db, context.place, id)];
    return { questions: (await readOpenQuestions(db, context.place, ids)).map(viewQuestion) };
  },

  async 'question/answer'(context, { id, answer, pid }, session) {
    const db = await context.database();
    await requireTrust(context, db);
    await requirePerson(context, session, pid, 'answer a question');
    const question = await requireQuestion(context, db, id);
    const by = WHO[session.client.kind];
    const answered = await answerQuestion(db, question.id, { given: givenBy(context, answer), by });
    switch (answered.kind) {
      case 'answered':
        return { question: viewQuestion(answered.question) };
      case 'no_answer':
        throw new AnimusError('invalid_params', answered.message, answered.next);
      case 'answered_before':
        throw answeredBefore(answered.question);
      case 'over':
        throw over(question);
      case 'not_found':
        throw new AnimusError('not_found', `The question ${question.id} is gone.`, LIST);
    }
  },
};

const LIST = 'See what there is: animus questions';

function givenBy({ redactor }: ApiContext, answer: ParsedParams<'question/answer'>['answer']) {
  return 'text' in answer ? { text: redactor.text(answer.text) } : answer;
}

async function requireQuestion({ place }: ApiContext, db: Db, id: string): Promise<Question> {
  if (id.replaceAll('-', '').length < 6) {
    throw new AnimusError('malformed_id', `"${id}" is too short for an id.`, 'Give 6 or more of its hex digits.');
  }
  const [first, ...others] = await findQuestions(db, place, id);
  if (!first) {
    throw new AnimusError('not_found', `No question here, and no work that asks one, has the id ${id}.`, LIST);
  }
  if (others.length === 0) return first;
  const ids = [first, ...others].map((question) => `  ${shortId(question.id)}  ${question.text.slice(0, 100)}`);
  throw new AnimusError('ambiguous_id', `Several questions match ${id}:\n${ids.join('\n')}`, 'Give the id of one.');
}

function answeredBefore({ answeredBy, answer, workItemId }: Question): AnimusError {
  return new AnimusError(
    'wrong_state',
    `${answeredBy ?? 'Somebody'} has answered it already: ${answer ?? ''}. Nothing was changed.`,
    `To say more to it: animus work message ${shortId(workItemId)} "…"`,
  );
}

function over({ workItemId }: Question): AnimusError {
  return new AnimusError(
    'wrong_state',
    'The work that asked this has ended, and waits for no answer any more. Nothing was changed.',
    `See what came of it: animus work show ${shortId(workItemId)}`,
  );
}
