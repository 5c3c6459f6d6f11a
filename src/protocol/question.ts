/** What people are asked, on the wire. */
import * as z from 'zod';
import { storableText } from './json.ts';
import { idText } from './work.ts';

/** Longest answer, in characters. */
export const ANSWER_MAX = 20_000;
export const CHOICES_MAX = 10;

/** `pid` as in trust/grant: answering is a person's. */
export const answerParams = z.strictObject({
  /** Of the question, or of the work that asks. */
  id: idText,
  /** One of the choices, from 1, or words of one's own; of a budget the new limit. */
  answer: z.union([
    z.strictObject({ choice: z.int().min(1).max(CHOICES_MAX) }),
    z.strictObject({ text: storableText.trim().min(1).max(ANSWER_MAX) }),
  ]),
  pid: z.int().min(2),
});
