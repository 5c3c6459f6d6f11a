/** What an item may use: its own budget first, and what that leaves open its faculty decides. */
import type { BudgetLimits } from '../../store/budgets/budgets.ts';
import type { WorkItem } from '../../store/work/types.ts';
import type { Faculty } from '../faculties/schema.ts';

const MICROS = 1_000_000;

/** An agent's word for its child lifts no limit of the child's faculty; a person's word does. */
export function itemLimits(
  { budget, provenance }: Pick<WorkItem, 'budget' | 'provenance'>,
  { budget: own, engage }: Pick<Faculty, 'budget' | 'engage'>,
): BudgetLimits & { maxTurns: number } {
  const isChild = provenance.source === 'child';
  const decide = (asked: number | undefined, limit: number | null): number | null => {
    if (asked === undefined) return limit;
    return isChild && limit !== null ? Math.min(asked, limit) : asked;
  };
  const cost = decide(budget?.max_cost_usd, own.max_cost_usd);
  const seconds = decide(budget?.max_duration_seconds, own.max_duration);
  return {
    maxTurns: decide(budget?.max_turns, engage.max_turns) ?? engage.max_turns,
    maxTokens: decide(budget?.max_tokens, own.max_tokens),
    maxCostMicros: cost === null ? null : Math.round(cost * MICROS),
    maxDurationMs: seconds === null ? null : Math.round(seconds * 1000),
  };
}
