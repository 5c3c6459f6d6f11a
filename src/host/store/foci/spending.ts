/** What work items have cost so far, over all their foci. */
import type { Queryable } from '../../db/types.ts';

export type Spending = {
  /** Null where a price is unknown. */
  costMicros: number | null;
  /** Whether the tokens of any focus were estimated. */
  isEstimated: boolean;
  /** Whether a script, and no model, gave the newest focus's answers. */
  isScripted: boolean;
};

/** By item; one that has not begun is absent. */
export async function readSpending(db: Queryable, itemIds: readonly string[]): Promise<ReadonlyMap<string, Spending>> {
  if (itemIds.length === 0) return new Map();
  const rows = await db.query<{ id: string } & Spending>(
    `select work_item_id as id,
       case when bool_and(cost_micros is not null) then sum(cost_micros)::float8 end as "costMicros",
       bool_or(coalesce((usage->>'estimated')::boolean, false)) as "isEstimated",
       coalesce((array_agg(model order by started_at desc, id desc))[1] like 'scripted/%', false) as "isScripted"
     from animus.foci where work_item_id = any($1::uuid[]) group by work_item_id`,
    [itemIds],
  );
  return new Map(rows.map(({ id, ...spending }) => [id, spending]));
}
