/** A question as it goes over the wire. */
import type { QuestionView } from '../../protocol/work.ts';
import { shortId } from '../../rendezvous/ids.ts';
import type { Question } from '../store/questions/questions.ts';

export function viewQuestion(question: Question): QuestionView {
  const { id, workItemId, focusId, kind, text, choices, answer, answeredBy, createdAt, answeredAt } = question;
  return {
    ...{ id, short_id: shortId(id), work_item_id: workItemId, focus_id: focusId },
    ...{ kind, text, choices, answer, answered_by: answeredBy },
    created_at: createdAt.toISOString(),
    answered_at: answeredAt?.toISOString() ?? null,
  };
}
