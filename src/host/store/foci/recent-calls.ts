/** The newest calls of a focus, as far as it takes to see whether they repeat. */
import type { Queryable } from '../../db/types.ts';

export type RecentCall = {
  turn: number;
  name: string;
  /** Equal for equal arguments, whatever the order of their keys. */
  hash: string;
  isError: boolean;
};

/** Those that the focus's own model made and that have a result, of turns after `afterTurn`, in the order of asking. */
export async function readRecentCalls(db: Queryable, focusId: string, afterTurn: number): Promise<RecentCall[]> {
  return db.query<RecentCall>(
    `select turn, name, md5(input::text) as hash, coalesce((result->>'is_error')::boolean, false) as "isError"
     from animus.tool_calls
     where focus_id = $1 and caller in ('model', 'child') and result is not null and turn > $2
     order by turn, position`,
    [focusId, afterTurn],
  );
}
