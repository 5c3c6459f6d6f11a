/** What people are asked: by an agent through a call, or by the engine about a budget or a focus that is stuck. */
import type { JsonObject } from '../../../protocol/json.ts';
import type { Queryable, Tx } from '../../db/types.ts';

export type QuestionKind = 'ask' | 'budget' | 'stuck';

/** What an answer means to the engine: the agent reads it, or the focus goes on or stops. */
export type Verdict = 'answer' | 'go_on' | 'stop';

export type Question = {
  id: string;
  workItemId: string;
  focusId: string;
  /** The call that asks; null where the engine does. */
  toolCallId: string | null;
  kind: QuestionKind;
  /** The newest turn of the conversation when it was asked. */
  turn: number;
  text: string;
  choices: string[];
  data: JsonObject;
  answer: string | null;
  verdict: Verdict | null;
  answeredBy: string | null;
  createdAt: Date;
  answeredAt: Date | null;
};

export type NewQuestion = Pick<
  Question,
  'id' | 'workItemId' | 'focusId' | 'toolCallId' | 'kind' | 'turn' | 'text' | 'choices' | 'data'
>;

const COLUMNS = `q.id, q.work_item_id as "workItemId", q.focus_id as "focusId", q.tool_call_id as "toolCallId", q.kind,
  q.turn, q.text, q.choices, q.data, q.answer, q.verdict, q.answered_by as "answeredBy", q.created_at as "createdAt",
  q.answered_at as "answeredAt"`;

/** Nobody waits for an answer any more once the focus that asked has ended. */
const OPEN = `q.answered_at is null and w.state in ('queued', 'running', 'waiting')
  and exists (select 1 from animus.foci f where f.id = q.focus_id and f.ended_at is null)`;

/** A budget has one question: what an earlier focus asked about it, which ended without an answer, gives way. */
export async function insertQuestion(tx: Tx, question: NewQuestion): Promise<void> {
  const { id, workItemId, focusId, toolCallId, kind, turn, text, choices, data } = question;
  if (kind === 'budget') {
    await tx.query(
      `delete from animus.questions where work_item_id = $1 and kind = 'budget' and answered_at is null
         and focus_id <> $2`,
      [workItemId, focusId],
    );
  }
  await tx.query(
    `insert into animus.questions (id, work_item_id, focus_id, tool_call_id, kind, turn, text, choices, data)
     values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb)`,
    [id, workItemId, focusId, toolCallId, kind, turn, text, JSON.stringify(choices), JSON.stringify(data)],
  );
}

export async function readQuestion(db: Queryable, id: string): Promise<Question | undefined> {
  const [question] = await db.query<Question>(`select ${COLUMNS} from animus.questions q where q.id = $1`, [id]);
  return question;
}

export async function readQuestionOfCall(db: Queryable, toolCallId: string): Promise<Question | undefined> {
  const [question] = await db.query<Question>(`select ${COLUMNS} from animus.questions q where q.tool_call_id = $1`, [
    toolCallId,
  ]);
  return question;
}

/** What the engine asked about a focus, oldest first. */
export async function readEngineQuestions(db: Queryable, focusId: string): Promise<Question[]> {
  return db.query<Question>(
    `select ${COLUMNS} from animus.questions q where q.focus_id = $1 and q.tool_call_id is null
     order by q.created_at, q.id`,
    [focusId],
  );
}

/** Of all work of a place, or of the items that are named: what waits for an answer, oldest first. */
export async function readOpenQuestions(
  db: Queryable,
  place: string,
  workItemIds: readonly string[] | null = null,
): Promise<Question[]> {
  return db.query<Question>(
    `select ${COLUMNS} from animus.questions q join animus.work_items w on w.id = q.work_item_id
     where w.place = $1 and ($2::uuid[] is null or w.id = any($2::uuid[])) and ${OPEN} order by q.created_at, q.id`,
    [place, workItemIds],
  );
}

/** Questions of a place that are meant by an id's first or last hex digits, the question's own or its item's. */
export async function findQuestions(db: Queryable, place: string, digits: string): Promise<Question[]> {
  const bare = digits.replaceAll('-', '').toLowerCase();
  return db.query<Question>(
    `select ${COLUMNS} from animus.questions q join animus.work_items w on w.id = q.work_item_id
     where w.place = $1 and (replace(q.id::text, '-', '') like $2 or replace(q.id::text, '-', '') like $3
       or ((replace(w.id::text, '-', '') like $2 or replace(w.id::text, '-', '') like $3) and ${OPEN}))
     order by q.created_at, q.id limit 20`,
    [place, `${bare}%`, `%${bare}`],
  );
}

/** Whether anybody still waits for its answer. */
export async function isOpenQuestion(db: Queryable, id: string): Promise<boolean> {
  const rows = await db.query(
    `select 1 from animus.questions q join animus.work_items w on w.id = q.work_item_id where q.id = $1 and ${OPEN}`,
    [id],
  );
  return rows.length > 0;
}

/** The item's row must be locked by a statement before. */
export async function setAnswer(
  tx: Tx,
  id: string,
  { answer, verdict, by }: { answer: string; verdict: Verdict; by: string },
): Promise<void> {
  await tx.query(
    `update animus.questions set answer = $2, verdict = $3, answered_by = $4, answered_at = now()
     where id = $1 and answered_at is null`,
    [id, answer, verdict, by],
  );
}
