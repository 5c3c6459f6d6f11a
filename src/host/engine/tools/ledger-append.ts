import * as z from 'zod';
import { jsonObject } from '../../../protocol/json.ts';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { appendEntry, ENTRY_MAX_LENGTH, ENTRY_TYPES } from '../../store/ledger/ledger.ts';
import { defineTool } from '../engage/tool.ts';

const TOO_LONG =
  `Too long: an entry holds up to ${ENTRY_MAX_LENGTH.toLocaleString('en')} characters. ` +
  'Split it into several entries, or name the files that hold the rest.';

/** Writes one entry of the work ledger; what comes back is its number. */
export const ledgerAppend = defineTool({
  name: 'ledger_append',
  description:
    'Record something in the work ledger, your durable memory: it outlives this conversation, crashes and retries, and ' +
    'other foci and people read it. plan: what you intend (a new plan replaces the last). finding: a fact you learned, ' +
    'with the file and line that show it. decision: what you chose and why. step: a piece of work you completed, with ' +
    'what came of it. error: what failed and what you make of it. note: anything else. Returns the entry number.',
  kind: 'store',
  effect: 'write',
  timeoutMs: 30_000,
  input: z.strictObject({
    entry_type: z.enum(ENTRY_TYPES),
    content: z
      .string()
      .max(ENTRY_MAX_LENGTH, TOO_LONG)
      .refine((text) => text.trim() !== '', 'Empty: say what is to be recorded.')
      .describe('1 to 20,000 characters. Plain text or Markdown.'),
    data: jsonObject.optional().describe('References, such as {"files": ["src/a.ts"]}.'),
  }),
  async run({ entry_type, content, data }, context, tx) {
    const seq = await appendEntry(tx, {
      id: uuidv7(),
      workItemId: context.workItemId,
      focusId: context.focusId,
      faculty: context.faculty,
      entryType: entry_type,
      content: content.replaceAll('\0', '\uFFFD').toWellFormed(),
      data: data ?? {},
    });
    return { content: `recorded as [${seq}] ${entry_type}`, isError: false };
  },
});
