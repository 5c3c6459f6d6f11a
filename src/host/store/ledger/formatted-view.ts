/** The ledger as text for the next focus of a retried item, and for people: grouped by type, the latest plan only. */
import type { EntryType, LedgerEntry } from './ledger.ts';

const SECTIONS: readonly { title: string; type: EntryType }[] = [
  { title: 'PLAN', type: 'plan' },
  { title: 'FINDINGS', type: 'finding' },
  { title: 'STEPS COMPLETED', type: 'step' },
  { title: 'DECISIONS', type: 'decision' },
  { title: 'ERRORS', type: 'error' },
  { title: 'NOTES', type: 'note' },
];

/** Returns '' for an empty ledger. */
export function formatLedger(entries: readonly LedgerEntry[]): string {
  return SECTIONS.flatMap(({ title, type }) => {
    const all = entries.filter(({ entryType }) => entryType === type);
    const shown = type === 'plan' ? all.slice(-1) : all;
    return shown.length === 0 ? [] : [`${title}\n${shown.map(({ seq, content }) => `[${seq}] ${content}`).join('\n')}`];
  }).join('\n\n');
}
