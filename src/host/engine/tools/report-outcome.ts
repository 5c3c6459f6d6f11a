import * as z from 'zod';
import { jsonValue } from '../../../protocol/json.ts';
import { setReport } from '../../store/foci/foci.ts';
import { defineTool } from '../engage/tool.ts';

/** What the agent says came of the work; the last report counts. */
export const reportOutcome = defineTool({
  name: 'report_outcome',
  description:
    'Report what came of the work, once, when it is done or cannot be done. success: whether what was asked for is ' +
    'there. summary: what was done and what the reader should know, in a few sentences. data: a JSON result, where one ' +
    'was asked for. After it, end with a short closing answer and no more tool calls.',
  kind: 'store',
  effect: 'write',
  timeoutMs: 30_000,
  input: z.strictObject({
    success: z.boolean(),
    summary: z
      .string()
      .max(20_000)
      .refine((text) => text.trim() !== '', 'Empty: say what came of the work.'),
    data: jsonValue.optional(),
  }),
  async run({ success, summary, data }, context, tx) {
    const clean = summary.replaceAll('\0', '\uFFFD').toWellFormed();
    await setReport(tx, context.focusId, { success, summary: clean, ...(data === undefined ? {} : { data }) });
    return { content: 'The outcome is recorded.', isError: false };
  },
});
