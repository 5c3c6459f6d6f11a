import * as z from 'zod';
import { ENTRY_TYPES, readEntries } from '../../store/ledger/ledger.ts';
import { defineTool } from '../engage/tool.ts';

/** Reads the own item's ledger, as lines `[seq] type: content`. */
export const ledgerRead = defineTool({
  name: 'ledger_read',
  description:
    'Read the work ledger of this work item: lines "[number] type: content" in the order they were recorded. Narrow it ' +
    'by entry_type, by query (words to look for), or to the last_n entries.',
  kind: 'store',
  effect: 'read',
  timeoutMs: 30_000,
  input: z.strictObject({
    entry_type: z.enum(ENTRY_TYPES).optional(),
    last_n: z.int().min(1).max(1000).optional(),
    query: z.string().min(1).max(500).optional(),
  }),
  async run({ entry_type, last_n, query }, context, tx) {
    const entries = await readEntries(tx, {
      workItemId: context.workItemId,
      ...(entry_type ? { entryType: entry_type } : {}),
      ...(last_n ? { lastN: last_n } : {}),
      ...(query ? { query } : {}),
    });
    const lines = entries.map(({ seq, entryType, content }) => `[${seq}] ${entryType}: ${content}`);
    return { content: lines.length === 0 ? 'No entries.' : lines.join('\n'), isError: false };
  },
});
