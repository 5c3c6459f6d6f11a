/** The whole of tool results that are too long for a conversation. They go with the transcript they belong to. */
import type { Queryable, Tx } from '../../db/types.ts';

/** Its id is that of the call which gave it. */
export type Artifact = { id: string; focusId: string; content: string };

/** Nothing where it is there. */
export async function insertArtifact(tx: Tx, { id, focusId, content }: Artifact): Promise<void> {
  await tx.query(
    'insert into animus.artifacts (id, focus_id, content) values ($1, $2, $3) on conflict (id) do nothing',
    [id, focusId, content],
  );
}

/** Of any focus of the work item. */
export async function readArtifact(
  db: Queryable,
  { id, workItemId }: { id: string; workItemId: string },
): Promise<string | undefined> {
  const [row] = await db.query<{ content: string }>(
    `select a.content from animus.artifacts a join animus.foci f on f.id = a.focus_id
     where a.id = $1 and f.work_item_id = $2`,
    [id, workItemId],
  );
  return row?.content;
}
