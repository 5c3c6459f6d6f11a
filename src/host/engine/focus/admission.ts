/**
 * May a model call be made? What it may use at most is held back for it in the same transaction that finds room for it, in
 * its own budget and in every one above, so that calls of one tree which are made at once cannot overshoot together.
 */
import type { Tx } from '../../db/types.ts';
import { addSpend, type LimitName, lockTree, type OwnedBudget, readOwnedBudgets } from '../../store/budgets/budgets.ts';
import { addToDay } from '../../store/budgets/daily.ts';
import { insertReservation, takeDeadReservations } from '../../store/budgets/reservations.ts';
import { takeRunningTime } from '../../store/foci/running-time.ts';
import { type Lease, proveLease } from '../../store/work/leases.ts';
import type { WorkItem } from '../../store/work/types.ts';
import type { CallSize } from './call-size.ts';

export type BudgetItem = Pick<WorkItem, 'id' | 'rootId' | 'place'>;

/** A limit that has no room, in its own unit. */
export type Exhausted = {
  limit: LimitName;
  /** Whose budget it is: the item's own, or that of one above it. */
  ownerId: string;
  most: number;
  spent: number;
  /** What the next call may need at most. */
  need: number;
};

export type Admission =
  /** `runsUntil`: when what is left of the running time ends, by `performance.now()`. */
  | { kind: 'admitted'; runsUntil: number }
  /** There is room once the calls that are under way have turned out smaller than they might. */
  | { kind: 'busy' }
  | { kind: 'exhausted'; exhausted: Exhausted };

/** Reserves `size` under `reservationId`, where there is room for it. Throws LeaseLost. */
export async function admitCall(
  tx: Tx,
  lease: Lease,
  item: BudgetItem,
  reservationId: string,
  size: CallSize,
): Promise<Admission> {
  const began = performance.now();
  await proveLease(tx, lease);
  await lockTree(tx, item.rootId);
  await chargeDeadCalls(tx, item);
  const budgets = await chargeRunningTime(tx, lease, item);
  const costs = size.costMicros ?? 0;
  let isBusy = false;
  for (const budget of budgets) {
    const exhausted = exhaustedLimit(budget, size.tokens, costs);
    if (exhausted) return { kind: 'exhausted', exhausted };
    isBusy ||= exhaustedLimit(withReserved(budget), size.tokens, costs) !== undefined;
  }
  if (isBusy) return { kind: 'busy' };
  const { focusId, token } = lease;
  const { id: workItemId, rootId } = item;
  await insertReservation(tx, {
    ...{ id: reservationId, workItemId, rootId, focusId, token },
    ...{ tokens: size.tokens, costMicros: costs },
  });
  return { kind: 'admitted', runsUntil: endOfTime(budgets, began) };
}

/** When what is left of the running time ends, for what runs before a call is admitted. Throws LeaseLost. */
export async function findRunsUntil(tx: Tx, lease: Lease, item: BudgetItem): Promise<number> {
  const began = performance.now();
  await proveLease(tx, lease);
  return endOfTime(await chargeRunningTime(tx, lease, item), began);
}

/** What the focus ran since that was looked at last is spent. Gives the budgets as they are then. */
async function chargeRunningTime(tx: Tx, { focusId }: Lease, { id }: BudgetItem): Promise<OwnedBudget[]> {
  await addSpend(tx, id, { tokens: 0, costMicros: 0, ms: await takeRunningTime(tx, focusId) });
  return readOwnedBudgets(tx, id, focusId);
}

/** Spent is what the database's clock says of the transaction's beginning, which is `began` by ours. */
function endOfTime(budgets: readonly OwnedBudget[], began: number): number {
  const left = budgets.map(({ maxDurationMs, spentMs }) =>
    maxDurationMs === null ? Number.POSITIVE_INFINITY : maxDurationMs - spentMs,
  );
  return began + Math.min(...left);
}

/** A call whose host died may have been billed: what was held back for it is spent. */
export async function chargeDeadCalls(tx: Tx, { rootId, place }: Pick<WorkItem, 'rootId' | 'place'>): Promise<void> {
  for (const { workItemId, tokens, costMicros } of await takeDeadReservations(tx, rootId)) {
    await addSpend(tx, workItemId, { tokens, costMicros, ms: 0 });
    await addToDay(tx, place, costMicros);
  }
}

function withReserved(budget: OwnedBudget): OwnedBudget {
  return {
    ...budget,
    spentTokens: budget.spentTokens + budget.reservedTokens,
    spentCostMicros: budget.spentCostMicros + budget.reservedCostMicros,
  };
}

function exhaustedLimit(budget: OwnedBudget, tokens: number, costs: number): Exhausted | undefined {
  const ownerId = budget.workItemId;
  const { maxDurationMs, maxTokens, maxCostMicros, spentMs, spentTokens, spentCostMicros } = budget;
  if (maxDurationMs !== null && spentMs >= maxDurationMs) {
    return { limit: 'duration', ownerId, most: maxDurationMs, spent: spentMs, need: 0 };
  }
  if (maxTokens !== null && spentTokens + tokens > maxTokens) {
    return { limit: 'tokens', ownerId, most: maxTokens, spent: spentTokens, need: tokens };
  }
  if (maxCostMicros !== null && spentCostMicros + costs > maxCostMicros) {
    return { limit: 'cost', ownerId, most: maxCostMicros, spent: spentCostMicros, need: costs };
  }
  return undefined;
}
