import * as z from 'zod';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { readMessages } from '../../store/foci/messages.ts';
import { insertQuestion, readQuestionOfCall } from '../../store/questions/questions.ts';
import { defineTool, type Tool } from '../engage/tool.ts';
import { answer, cleanText } from './tool-text.ts';

const NOBODY =
  'Nobody can be asked here: this host runs without people. Decide for yourself and record the decision, or report what you could not find out.';

/** Asks a person; the focus is parked until there is an answer. `headless`: nobody is there. */
export function askUser({ headless }: { headless: boolean }): Tool {
  return defineTool({
    name: 'ask_user',
    description:
      'Ask a person, and get the answer as the result. The work rests until somebody answers, which may take hours, so ' +
      'ask only what you cannot find out and what decides how to go on; ask everything you need to know at once. ' +
      'choices: up to 10 short answers to choose from, where there are such; a person may always answer otherwise.',
    kind: 'waiting',
    timeoutMs: 30_000,
    input: z.strictObject({
      question: z
        .string()
        .max(4000)
        .refine((text) => text.trim() !== '', 'Empty: say what you want to know.'),
      choices: z.array(z.string().trim().min(1).max(200)).max(10).optional(),
    }),
    async evaluate({ question, choices = [] }, { workItemId, focusId, callId }, _stored, tx) {
      if (callId === undefined) throw new Error('ask_user was evaluated without its call.');
      const asked = await readQuestionOfCall(tx, callId);
      if (asked?.answeredAt) return { kind: 'result', result: answer(`A person answered:\n${asked.answer}`) };
      if (!asked && headless) return { kind: 'result', result: answer(NOBODY) };
      const id = asked?.id ?? uuidv7();
      if (!asked) {
        const turn = (await readMessages(tx, focusId)).at(-1)?.turn ?? 0;
        const text = cleanText(question.trim());
        const kept = {
          toolCallId: callId,
          kind: 'ask',
          turn,
          text,
          choices: choices.map(cleanText),
          data: {},
        } as const;
        await insertQuestion(tx, { id, workItemId, focusId, ...kept });
      }
      return { kind: 'wait', wait: { kind: 'answer', targets: [id], mode: null, wakeInMs: null } };
    },
  });
}
