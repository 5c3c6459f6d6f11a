/** Which messages the model no longer sees, by what was recorded of it. */
import type { ContextBlockView, ContextCutView, MessageView } from '../../protocol/focus.ts';

export type Context = { blocks: readonly ContextBlockView[]; cuts: readonly ContextCutView[] };

/** What stays in a context wherever it stands. */
const PINNED = ['task', 'person', 'skill', 'hook'];

/** Says of a message whether it left the context. */
export function createHasLeft({ blocks, cuts }: Context): (message: Pick<MessageView, 'n' | 'kind'>) => boolean {
  const folded = blocks.findLast(({ folds }) => folds)?.last_message ?? 0;
  const cut = cuts.at(-1)?.from_message ?? 0;
  return ({ n, kind }) => !PINNED.includes(kind) && (n <= folded || n < cut);
}
