/** What a retry or a follow-up is told of the finished item that it comes after. */
import { retryLost } from '../../db/retry-lost.ts';
import type { Db } from '../../db/types.ts';
import { formatLedger } from '../../store/ledger/formatted-view.ts';
import { readEntries } from '../../store/ledger/ledger.ts';
import { readWorkItem } from '../../store/work/find.ts';
import type { WorkItem } from '../../store/work/types.ts';

/** Most characters of its ledger. The newest entries count: the rest can be read with ledger_read. */
const LEDGER_MAX = 30_000;
const DESCRIPTION_MAX = 4000;

/** '' where the item stands alone, or what it came after is gone. */
export async function earlierWork(db: Db, { retryOf, followUpOf }: WorkItem): Promise<string> {
  const id = followUpOf ?? retryOf;
  if (!id) return '';
  const earlier = await retryLost(() => readWorkItem(db, id));
  if (!earlier) return '';
  const entries = await retryLost(() => readEntries(db, { workItemId: id }));
  const why = followUpOf
    ? 'This goes on from finished work. It was:'
    : 'This was tried before, and ended without success. What was asked is the same; what came of it was:';
  return [
    `== EARLIER WORK ==\n${why}`,
    followUpOf ? bounded(earlier.description, DESCRIPTION_MAX) : '',
    outcomeText(earlier),
    entries.length === 0 ? '' : `What was recorded then:\n\n${newest(formatLedger(entries))}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function outcomeText({ state, outcome }: WorkItem): string {
  if (!outcome) return `It was ${state}.`;
  return `${outcome.success ? 'It succeeded' : 'It did not succeed'}: ${outcome.summary}`;
}

function bounded(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`.toWellFormed();
}

function newest(text: string): string {
  if (text.length <= LEDGER_MAX) return text;
  return `… (cut: what is older)\n${text.slice(-LEDGER_MAX)}`.toWellFormed();
}
