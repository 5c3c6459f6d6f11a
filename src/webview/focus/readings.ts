/** What the meters of the header say: how much was used, and of how much. */
import type { FocusView } from '../../protocol/focus.ts';
import { formatCost, formatDuration, formatElapsed, formatTokens } from '../shared/duration.ts';
import type { Turn } from './conversation.ts';

export type Reading = {
  name: string;
  value: string;
  /** Null where there is none, or nobody knows it. */
  limit: string | null;
  /** 0 to 1, of the limit. */
  share: number | null;
  title: string;
};

export type ReadingFacts = {
  focus: Pick<FocusView, 'limits' | 'cost_usd' | 'scripted' | 'estimated'>;
  turns: readonly Pick<Turn, 'turn' | 'usage'>[];
  activeMs: number;
  isRunning: boolean;
};

export function readingsOf({ focus, turns, activeMs, isRunning }: ReadingFacts): Reading[] {
  const { limits, scripted, estimated, cost_usd: cost } = focus;
  const about = estimated && !scripted ? '≈ ' : '';
  const answered = turns.filter(({ turn }) => turn > 0);
  const context = answered.findLast(({ usage }) => usage !== null)?.usage?.input ?? null;
  return [
    {
      name: 'Turns',
      value: String(answered.length),
      ...of(answered.length, limits.max_turns, String),
      title: 'Answers of the model',
    },
    {
      name: 'Active',
      value: isRunning ? formatElapsed(activeMs) : formatDuration(activeMs),
      ...of(null, null, String),
      title: 'Time in which the model or a tool was at work',
    },
    {
      name: 'Cost',
      value: scripted ? 'none' : cost === null ? 'unknown' : about + formatCost(cost),
      ...of(limits.spent_usd ?? cost, scripted ? null : limits.cost_usd, formatCost),
      title: costTitle(about !== '', limits.spent_usd),
    },
    {
      name: 'Context',
      value: context === null ? '–' : about + formatTokens(context),
      ...of(context ?? 0, limits.context_tokens, formatTokens),
      title: about ? 'Tokens of the newest prompt, estimated from its length' : 'Tokens of the newest prompt',
    },
  ];
}

function costTitle(isEstimated: boolean, spent: number | undefined): string {
  const price = `By the list price of the model${isEstimated ? ', of tokens that were estimated' : ''}`;
  return spent === undefined ? price : `${price}. Of the limit ${formatCost(spent)} are spent, with all work below.`;
}

function of(
  used: number | null,
  limit: number | null,
  format: (limit: number) => string,
): Pick<Reading, 'limit' | 'share'> {
  if (limit === null) return { limit: null, share: null };
  return { limit: format(limit), share: used === null ? null : Math.min(1, limit === 0 ? 1 : used / limit) };
}
