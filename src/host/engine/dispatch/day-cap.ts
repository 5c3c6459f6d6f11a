/** The cap on what a place spends in a day: nothing new begins above it, and what runs rests at its next model call. */
import { retryLost } from '../../db/retry-lost.ts';
import type { Db } from '../../db/types.ts';
import { type Day, readDay } from '../../store/budgets/daily.ts';

const MICROS = 1_000_000;

/** Why nothing may begin today any more; undefined where it may. */
export function dayCapReason({ costMicros }: Day, capMicros: number | null): string | undefined {
  if (capMicros === null || costMicros < capMicros) return undefined;
  const [spent, most] = [costMicros, capMicros].map((micros) => `$${(micros / MICROS).toFixed(2)}`);
  return `today's budget is spent (${spent} of ${most}, budget.max_cost_usd_per_day): work goes on at midnight UTC, or when the cap is raised and the host is started anew`;
}

export async function whyDayIsOver(db: Db, place: string, capMicros: number | null): Promise<string | undefined> {
  if (capMicros === null) return undefined;
  return dayCapReason(await retryLost(() => readDay(db, place)), capMicros);
}
