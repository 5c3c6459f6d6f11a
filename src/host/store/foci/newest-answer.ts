/** The size of a conversation, as its newest answer tells it. */
import type { Queryable } from '../../db/types.ts';

export type NewestAnswer = {
  n: number;
  /** Tokens of the whole prompt and of the answer, as the provider counted them. */
  tokens: number;
};

export async function readNewestAnswer(db: Queryable, focusId: string): Promise<NewestAnswer | undefined> {
  const [answer] = await db.query<NewestAnswer>(
    `select n, coalesce((content->'usage'->>'input')::float8, 0) + coalesce((content->'usage'->>'output')::float8, 0)
       as tokens
     from animus.focus_messages where focus_id = $1 and role = 'assistant' order by n desc limit 1`,
    [focusId],
  );
  return answer;
}
