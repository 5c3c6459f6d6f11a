/**
 * What items may use and have used. A spend counts for the item and for every one above it; the root's row is locked first,
 * and after all locks on items. Turns are the item's own and are not counted here.
 */
import type { Queryable, Tx } from '../../db/types.ts';

/** Null: no limit. */
export type BudgetLimits = {
  maxTurns: number | null;
  maxTokens: number | null;
  maxCostMicros: number | null;
  maxDurationMs: number | null;
};

export type Budget = BudgetLimits & {
  workItemId: string;
  /** Of the item and all below it. */
  spentTokens: number;
  spentCostMicros: number;
  spentMs: number;
};

/** A budget that a call counts against, with what other calls under way may still use of it. */
export type OwnedBudget = Budget & { reservedTokens: number; reservedCostMicros: number };

export type Spend = { tokens: number; costMicros: number; ms: number };

const COLUMNS = `b.work_item_id as "workItemId", b.max_turns as "maxTurns", b.max_tokens as "maxTokens",
  b.max_cost_micros as "maxCostMicros", b.max_duration_ms as "maxDurationMs", b.spent_tokens as "spentTokens",
  b.spent_cost_micros as "spentCostMicros", b.spent_ms as "spentMs"`;

/** The item and all above it. */
const CHAIN = `with recursive chain as (
  select id, parent_id, depth from animus.work_items where id = $1
  union all select w.id, w.parent_id, w.depth from chain c join animus.work_items w on w.id = c.parent_id
)`;

/** Gives an item its limits. Those that it has stay, since they may have been raised; whoever has limits has one on turns. */
export async function openBudget(tx: Tx, workItemId: string, limits: BudgetLimits): Promise<void> {
  await tx.query(
    `insert into animus.budgets as b (work_item_id, max_turns, max_tokens, max_cost_micros, max_duration_ms)
     values ($1, $2, $3, $4, $5)
     on conflict (work_item_id) do update set max_turns = excluded.max_turns,
       max_tokens = coalesce(b.max_tokens, excluded.max_tokens),
       max_cost_micros = coalesce(b.max_cost_micros, excluded.max_cost_micros),
       max_duration_ms = coalesce(b.max_duration_ms, excluded.max_duration_ms)
     where b.max_turns is null`,
    [workItemId, limits.maxTurns, limits.maxTokens, limits.maxCostMicros, limits.maxDurationMs],
  );
}

/** Whoever decides by what the tree has left does it behind this, in a statement of its own. */
export async function lockTree(tx: Tx, rootId: string): Promise<void> {
  await tx.query('insert into animus.budgets (work_item_id) values ($1) on conflict (work_item_id) do nothing', [
    rootId,
  ]);
  await tx.query('select 1 from animus.budgets where work_item_id = $1 for update', [rootId]);
}

/** The item's own budget, then those above it up to the root. Reservations that are its focus's own are left out. */
export async function readOwnedBudgets(db: Queryable, workItemId: string, focusId: string): Promise<OwnedBudget[]> {
  return db.query<OwnedBudget>(
    `${CHAIN}, open as (
       select r.id, r.tokens, r.cost_micros, r.work_item_id as at from animus.reservations r
       where r.root_id = (select id from chain order by depth limit 1) and r.focus_id <> $2
       union all select o.id, o.tokens, o.cost_micros, w.parent_id from open o join animus.work_items w on w.id = o.at
       where w.parent_id is not null
     )
     select ${COLUMNS}, coalesce(sum(o.tokens), 0)::float8 as "reservedTokens",
       coalesce(sum(o.cost_micros), 0)::float8 as "reservedCostMicros"
     from chain c join animus.budgets b on b.work_item_id = c.id left join open o on o.at = c.id
     group by c.depth, b.work_item_id order by c.depth desc`,
    [workItemId, focusId],
  );
}

/** The budgets of items, by the item; one that has not begun has none. */
export async function readBudgets(db: Queryable, workItemIds: readonly string[]): Promise<ReadonlyMap<string, Budget>> {
  if (workItemIds.length === 0) return new Map();
  const rows = await db.query<Budget>(
    `select ${COLUMNS} from animus.budgets b where b.work_item_id = any($1::uuid[])`,
    [workItemIds],
  );
  return new Map(rows.map((row) => [row.workItemId, row]));
}

/** Counts for the item and all above it. */
export async function addSpend(tx: Tx, workItemId: string, { tokens, costMicros, ms }: Spend): Promise<void> {
  await tx.query(
    `${CHAIN}
     insert into animus.budgets as b (work_item_id, spent_tokens, spent_cost_micros, spent_ms)
     select id, $2::bigint, $3::bigint, $4::bigint from chain order by depth
     on conflict (work_item_id) do update set spent_tokens = b.spent_tokens + excluded.spent_tokens,
       spent_cost_micros = b.spent_cost_micros + excluded.spent_cost_micros, spent_ms = b.spent_ms + excluded.spent_ms`,
    [workItemId, tokens, costMicros, ms],
  );
}

export type LimitName = 'turns' | 'tokens' | 'cost' | 'duration';

const LIMIT_COLUMNS: Readonly<Record<LimitName, string>> = {
  turns: 'max_turns',
  tokens: 'max_tokens',
  cost: 'max_cost_micros',
  duration: 'max_duration_ms',
};

/** In the limit's own unit: turns, tokens, micro-dollars, milliseconds. */
export async function setLimit(tx: Tx, workItemId: string, limit: LimitName, value: number): Promise<void> {
  const column = LIMIT_COLUMNS[limit];
  await tx.query(
    `insert into animus.budgets (work_item_id, ${column}) values ($1, $2)
     on conflict (work_item_id) do update set ${column} = excluded.${column}`,
    [workItemId, value],
  );
}
