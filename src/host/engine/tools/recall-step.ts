import * as z from 'zod';
import type { Queryable } from '../../db/types.ts';
import type { ContentBlock } from '../../llm/types.ts';
import { findBlockOf, readBlocks } from '../../store/foci/context-blocks.ts';
import { readMessageRange } from '../../store/foci/messages.ts';
import { readEntry } from '../../store/ledger/ledger.ts';
import { transcript } from '../engage/context/transcript.ts';
import { defineTool, type ToolContext } from '../engage/tool.ts';
import { textPage } from './text-page.ts';
import { failure } from './tool-text.ts';

/** Shows what left the context: the messages among which a ledger entry was recorded, verbatim. */
export const recallStep = defineTool({
  name: 'recall_step',
  description:
    'Show what left your context: all messages of the piece of work that a step completed, word for word, in pages. seq: ' +
    "the number of the step in the work ledger, or of any other entry of yours; 0 for the piece that is still open. offset: where to go on, as the page's last line says.",
  kind: 'store',
  effect: 'read',
  timeoutMs: 30_000,
  input: z.strictObject({
    seq: z.int().min(0).max(2_000_000_000),
    offset: z.int().min(0).max(2_000_000_000).default(0),
  }),
  async run({ seq, offset }, context, tx) {
    const range = await findRange(tx, context, seq);
    if (typeof range === 'string') return failure(range);
    const messages = await readMessageRange(tx, range.focusId, range);
    if (messages.length === 0)
      return failure('Nothing is there any more: its messages were removed some time after its end.');
    const written = messages.map(({ turn, role, kind, content }) => {
      return { turn, role, kind, blocks: content.blocks as unknown as ContentBlock[] };
    });
    const page = textPage(transcript(written), offset);
    return page === undefined
      ? failure(`It is shorter than ${offset} characters. Begin with offset 0.`)
      : { content: page, isError: false };
  },
});

type Range = { focusId: string; firstN: number; lastN: number | null };

/** The messages that are meant, or why there are none. */
async function findRange(
  db: Queryable,
  { workItemId, focusId }: Pick<ToolContext, 'workItemId' | 'focusId'>,
  seq: number,
): Promise<Range | string> {
  if (seq === 0) return openRange(db, focusId);
  const entry = await readEntry(db, workItemId, seq);
  if (!entry) return `The work ledger has no entry ${seq}. ledger_read shows the numbers there are.`;
  if (entry.focusId === null) return `Entry ${seq} was written by a person, so there are no messages to it.`;
  const closed = await findBlockOf(db, entry.focusId, seq);
  if (!closed) return openRange(db, entry.focusId);
  return { focusId: entry.focusId, firstN: closed.firstMessage, lastN: closed.lastMessage };
}

async function openRange(db: Queryable, focusId: string): Promise<Range> {
  const last = (await readBlocks(db, focusId)).at(-1);
  // The task stands before the first block.
  return { focusId, firstN: (last?.lastMessage ?? 1) + 1, lastN: null };
}
