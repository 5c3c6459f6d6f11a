/** Breaks of a focus's prefix that were decided once, in order. */
import type { JsonObject } from '../../../protocol/json.ts';
import type { Queryable, Tx } from '../../db/types.ts';

export type ContextCut = {
  n: number;
  turn: number;
  kind: 'compaction' | 'summary' | 'system_patch' | 'model_patch';
  content: JsonObject;
};

/** One of a kind for a turn. The number is the next of the focus, whose writes come one after the other. */
export async function insertContextCut(tx: Tx, focusId: string, cut: Omit<ContextCut, 'n'>): Promise<void> {
  await tx.query(
    `insert into animus.context_cuts (focus_id, n, turn, kind, content)
     select $1, coalesce(max(n), 0) + 1, $2, $3, $4::jsonb from animus.context_cuts where focus_id = $1
     having not coalesce(bool_or(turn = $2 and kind = $3), false)`,
    [focusId, cut.turn, cut.kind, JSON.stringify(cut.content)],
  );
}

export async function readContextCuts(db: Queryable, focusId: string): Promise<ContextCut[]> {
  return db.query<ContextCut>('select n, turn, kind, content from animus.context_cuts where focus_id = $1 order by n', [
    focusId,
  ]);
}
