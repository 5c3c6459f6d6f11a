/** A person's answer to a question: kept, done what it means, and the work that waits for it woken, in one transaction. */
import { uuidv7 } from '../../../rendezvous/ids.ts';
import type { Db, Tx } from '../../db/types.ts';
import { type LimitName, setLimit } from '../../store/budgets/budgets.ts';
import {
  isOpenQuestion,
  type Question,
  readQuestion,
  setAnswer,
  type Verdict,
} from '../../store/questions/questions.ts';
import { lockItem } from '../../store/work/locks.ts';
import { sayToWork } from '../../store/work/messages.ts';
import { wakeForTarget } from '../../store/work/waits.ts';
import { amount, parseAmount } from './budget-wording.ts';

export type Answer = {
  /** One of the question's choices, from 1, or words of one's own. */
  given: { choice: number } | { text: string };
  by: string;
};

export type Answered =
  /** Also where the very same answer was given before. */
  | { kind: 'answered'; question: Question }
  | { kind: 'not_found' }
  /** Somebody has answered otherwise. */
  | { kind: 'answered_before'; question: Question }
  /** The focus that asked has ended. */
  | { kind: 'over' }
  | { kind: 'no_answer'; message: string; next: string };

/** What an answer says, and what it does. */
type Meaning = { answer: string; verdict: Verdict; raise?: number; say?: string };

/** The item's row is locked before the question is looked at: it cannot park, end or be answered meanwhile. */
export async function answerQuestion(db: Db, id: string, { given, by }: Answer): Promise<Answered> {
  return db.transaction(async (tx) => {
    const asked = await readQuestion(tx, id);
    if (!asked) return { kind: 'not_found' };
    await lockItem(tx, asked.workItemId);
    const question = await readQuestion(tx, id);
    if (!question) return { kind: 'not_found' };
    const meaning = meaningOf(question, given);
    if ('message' in meaning) return { kind: 'no_answer', ...meaning };
    if (question.answeredAt !== null) {
      return { kind: question.answer === meaning.answer ? 'answered' : 'answered_before', question };
    }
    if (!(await isOpenQuestion(tx, id))) return { kind: 'over' };
    await apply(tx, question, meaning, by);
    const answered = await readQuestion(tx, id);
    if (!answered) throw new Error(`The question ${id} is gone.`);
    return { kind: 'answered', question: answered };
  });
}

async function apply(tx: Tx, question: Question, { answer, verdict, raise, say }: Meaning, by: string): Promise<void> {
  const { id, workItemId, data } = question;
  await setAnswer(tx, id, { answer, verdict, by });
  if (say !== undefined) await sayToWork(tx, { id: uuidv7(), workItemId, content: say, by });
  await wakeForTarget(tx, workItemId, id, 'answered');
  if (raise !== undefined) await setLimit(tx, workItemId, data.limit as LimitName, raise);
}

function meaningOf(question: Question, given: Answer['given']): Meaning | { message: string; next: string } {
  const { choices, kind } = question;
  const text = 'text' in given ? given.text.trim() : (choices[given.choice - 1] ?? '');
  if (text === '') return noSuchChoice(question);
  const choice = choices.findIndex((one) => one.toLowerCase() === text.toLowerCase());
  const answer = choices[choice] ?? text;
  if (kind === 'ask') return { answer, verdict: 'answer' };
  if (choice === 1 || /^stop$/i.test(text)) return { answer: choices[1] ?? text, verdict: 'stop' };
  if (kind === 'budget') return raiseTo(question, choice === 0 ? undefined : text, answer);
  if (choice === 0 || /^go on$/i.test(text)) return { answer: choices[0] ?? text, verdict: 'go_on' };
  return { answer, verdict: 'go_on', say: text };
}

function raiseTo({ data, choices }: Question, text: string | undefined, answer: string): ReturnType<typeof meaningOf> {
  const limit = data.limit as LimitName;
  const value = text === undefined ? Number(data.raise_to) : parseAmount(limit, text);
  if (value !== undefined && value > Math.max(Number(data.most), Number(data.spent))) {
    return { answer, verdict: 'go_on', raise: value };
  }
  const least = amount(limit, Math.max(Number(data.most), Number(data.spent)));
  return {
    message: `"${text}" is no limit above ${least}. Nothing was changed.`,
    next: `Choose 1 (${choices[0]}) or 2 (${choices[1]}), or give a higher limit, such as ${amount(limit, Number(data.raise_to))}.`,
  };
}

function noSuchChoice({ choices }: Question): { message: string; next: string } {
  const next =
    choices.length === 0 ? 'Answer in words.' : `Choose 1 to ${choices.length}, or answer in words of your own.`;
  return { message: 'There is no such choice, and no text. Nothing was changed.', next };
}
