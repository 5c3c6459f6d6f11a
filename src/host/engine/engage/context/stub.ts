/** The words that stand for what left the context. Written once, and sent byte for byte ever after. */
import type { BlockEntry, StubsCut } from './types.ts';

/** Longest text of a step in its stub, and of anything else that was recorded in the block; in characters. */
const STEP_MAX = 4000;
const ENTRY_MAX = 500;

const SHOWN = ['finding', 'decision', 'error'];

/** For a block in which `entries` were recorded, at least one step among them. */
export function stubText(entries: readonly BlockEntry[]): string {
  const steps = entries.filter(({ entryType }) => entryType === 'step');
  const others = entries.filter(({ entryType }) => SHOWN.includes(entryType));
  return [
    ...steps.map(({ seq, content }) => `[completed step ${seq}: ${bounded(content, STEP_MAX)}]`),
    ...others.map(({ seq, entryType, content }) => `[${seq}] ${entryType}: ${bounded(content, ENTRY_MAX)}`),
  ].join('\n');
}

/** What the oldest stubs shrink to. Its length does not grow with their number. */
export function shrunkText({ count, firstSeq, lastSeq }: Pick<StubsCut, 'count' | 'firstSeq' | 'lastSeq'>): string {
  return (
    `[completed before: ${count} steps, numbered from ${firstSeq} to ${lastSeq} in the work ledger. ledger_read with entry_type ` +
    '"step" shows them, recall_step with the number of one shows what led to it.]'
  );
}

function bounded(content: string, most: number): string {
  if (content.length <= most) return content;
  return `${content.slice(0, most).toWellFormed()}… (cut: ${content.length - most} more characters)`;
}
