/** What a focus has touched, and which findings of others it was told of: both as its rows say. */
import type { Queryable } from '../../db/types.ts';

export type TouchedPath = { tool: string; path: string };

/** The `path` arguments of the focus's calls that were done, as the model wrote them. */
export async function readTouchedPaths(db: Queryable, focusId: string): Promise<TouchedPath[]> {
  return db.query<TouchedPath>(
    `select distinct c.name as tool, coalesce(c.effective_input, c.input) ->> 'path' as path
     from animus.tool_calls c
     where c.focus_id = $1 and c.state = 'done'
       and jsonb_typeof(coalesce(c.effective_input, c.input) -> 'path') = 'string'
     order by 2, 1`,
    [focusId],
  );
}

/** Ids of the ledger entries that were in its digest or in a remark. */
export async function readToldFindings(db: Queryable, focusId: string): Promise<Set<string>> {
  const rows = await db.query<{ id: string }>(
    `select jsonb_array_elements(d.data -> 'findings') ->> 'entry_id' as id
     from animus.awareness_digests d where d.focus_id = $1
     union all
     select jsonb_array_elements_text(m.content -> 'findings')
     from animus.focus_messages m where m.focus_id = $1 and m.kind = 'remark' and m.content ? 'findings'`,
    [focusId],
  );
  return new Set(rows.map(({ id }) => id));
}
