/** Between the rows of a focus's context and what requests are built from: for the loop, and for whoever looks at it later. */
import type { JsonObject } from '../../../protocol/json.ts';
import type { Queryable } from '../../db/types.ts';
import { readBlocks } from '../../store/foci/context-blocks.ts';
import { type ContextCutRow, readContextCuts, readNewestContextCuts } from '../../store/foci/cuts.ts';
import { readContextMessages, type StoredMessage } from '../../store/foci/messages.ts';
import { type ContextCut, type ContextRows, PINNED_KINDS, type RecordedMessage } from '../engage/context/types.ts';
import { boundsOf, forgetLeft } from '../engage/context/view.ts';

/** What the next request is built from; nothing else is read, however long the focus is. */
export async function readContext(db: Queryable, focusId: string): Promise<ContextRows> {
  return readRows(db, focusId, await readNewestContextCuts(db, focusId));
}

/** What the request of a turn was built from. `answerN` is the number of its answer, where it has one. */
export async function readContextAt(
  db: Queryable,
  focusId: string,
  { turn, answerN }: { turn: number; answerN?: number },
): Promise<ContextRows> {
  return readRows(db, focusId, await readContextCuts(db, focusId, turn), answerN);
}

async function readRows(
  db: Queryable,
  focusId: string,
  stored: readonly ContextCutRow[],
  beforeN?: number,
): Promise<ContextRows> {
  const cuts = stored.map(fromStoredCut);
  const { shrunkBlock } = boundsOf({ blocks: [], cuts });
  const before = beforeN === undefined ? {} : { beforeMessage: beforeN };
  const blocks = await readBlocks(db, focusId, { after: shrunkBlock, ...before });
  const { fromN, foldedN } = boundsOf({ blocks, cuts });
  const messages = await readContextMessages(db, focusId, {
    afterN: Math.max(fromN - 1, foldedN),
    always: PINNED_KINDS,
    ...(beforeN === undefined ? {} : { beforeN }),
  });
  return forgetLeft({ messages: messages.map(fromStored), blocks, cuts });
}

type Content = Pick<RecordedMessage, 'blocks' | 'stopReason' | 'usage' | 'requestTokens' | 'ledger'>;

export function fromStored({ n, turn, block, role, kind, content }: StoredMessage): RecordedMessage {
  const { blocks, stopReason, usage, requestTokens, ledger } = content as unknown as Content;
  return {
    n,
    turn,
    block,
    role,
    kind: kind as RecordedMessage['kind'],
    blocks,
    ...(stopReason ? { stopReason } : {}),
    ...(usage ? { usage } : {}),
    ...(requestTokens === undefined ? {} : { requestTokens }),
    ...(ledger ? { ledger } : {}),
  };
}

/** `more` is for other readers than the loop. */
export function toStored(message: RecordedMessage, more: object = {}) {
  const { n, turn, block, role, kind, ...said } = message;
  return { n, turn, block, role, kind, content: { ...said, ...more } as unknown as StoredMessage['content'] };
}

export function fromStoredCut({ turn, kind, content }: ContextCutRow): ContextCut {
  return { turn, kind, ...content } as unknown as ContextCut;
}

/** The row's own turn is the one that it is made for. */
export function cutContent({ turn: _turn, kind: _kind, ...content }: ContextCut): JsonObject {
  return content as unknown as JsonObject;
}
