/** Breaks of what a focus's requests have in common, decided once and kept with the reason. */
import type { JsonObject } from '../../../protocol/json.ts';
import type { Tx } from '../../db/types.ts';

export type CutKind = 'compaction' | 'summary' | 'system_patch' | 'model_patch';

/** Gives the turn it was made for: the one whose answer is not recorded yet. Only the focus's own lease may write one. */
export async function insertCut(tx: Tx, focusId: string, kind: CutKind, content: JsonObject): Promise<number> {
  const [cut] = await tx.query<{ turn: number }>(
    `insert into animus.context_cuts (focus_id, n, turn, kind, content)
     select $1, coalesce((select max(n) from animus.context_cuts where focus_id = $1), 0) + 1,
       coalesce((select max(turn) from animus.focus_messages where focus_id = $1), 0) + 1, $2, $3::jsonb
     returning turn`,
    [focusId, kind, JSON.stringify(content)],
  );
  if (!cut) throw new Error('An insert gave no row.');
  return cut.turn;
}
