/** The ledger as it stands for messages that left a context: the formatted view, within a budget of its own. */
import { CHARACTERS_PER_TOKEN } from '../../llm/estimate-tokens.ts';
import { formatLedger } from '../../store/ledger/formatted-view.ts';
import type { LedgerEntry } from '../../store/ledger/ledger.ts';
import type { ContextSettings } from '../engage/context/types.ts';

const WINDOW_PART = 0.1;
const MOST_TOKENS = 8000;

type Entry = Pick<LedgerEntry, 'seq' | 'entryType' | 'content'>;

/** What the model reads in place of what was cut. `summary` is a model's, '' without one. */
export function cutText(entries: readonly LedgerEntry[], settings: ContextSettings, summary: string): string {
  const most = Math.min(MOST_TOKENS, settings.windowTokens * WINDOW_PART) * CHARACTERS_PER_TOKEN;
  const kept = newestWithin(entries, most);
  const left = entries.length - kept.length;
  return [
    '[shortened: earlier turns left this conversation. The work ledger has what was recorded of them:]',
    entries.length === 0 ? 'Nothing was recorded.' : formatLedger(kept),
    left === 0 ? '' : `(${left} entries are not shown here; ledger_read has them.)`,
    summary === '' ? '' : `A summary of what was said and done:\n\n${summary}`,
    '[end of what was shortened]',
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** The plan that counts first, then the newest entries that fit; in their order. */
function newestWithin<E extends Entry>(entries: readonly E[], most: number): E[] {
  const plan = entries.findLast(({ entryType }) => entryType === 'plan');
  const others = entries.filter(({ entryType }) => entryType !== 'plan');
  let room = most;
  const kept = [...(plan ? [plan] : []), ...others.toReversed()].filter(({ content }) => {
    const fits = content.length <= room;
    if (fits) room -= content.length;
    return fits;
  });
  return kept.sort((a, b) => a.seq - b.seq);
}
