/** How much of its budget work has used, in a line; '' where nothing but its turns is limited. */
import type { BudgetView } from '../../protocol/work.ts';

export function budgetLine({ max_tokens, max_cost_usd, max_duration_seconds, ...spent }: BudgetView): string {
  const parts = [
    max_cost_usd === null ? '' : `$${spent.spent_cost_usd.toFixed(4)} of $${max_cost_usd.toFixed(2)}`,
    max_tokens === null ? '' : `${count(spent.spent_tokens)} of ${count(max_tokens)} tokens`,
    max_duration_seconds === null ? '' : `${count(spent.spent_seconds)} of ${count(max_duration_seconds)} s`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : `budget: ${parts.join(', ')}, with all work below`;
}

const count = (value: number) => Math.round(value).toLocaleString('en');
