/** What left a focus's context, for the wire. */
import type { ContextBlockView, ContextCutView } from '../../protocol/focus.ts';
import type { ContextCut } from '../engine/engage/context/types.ts';
import type { BlockRow } from '../store/foci/context-blocks.ts';

export function viewBlock({ block, firstMessage, lastMessage, stub, measuredTokens, folds, steps }: BlockRow) {
  const range = { first_message: firstMessage, last_message: lastMessage };
  return { block, ...range, stub, tokens: measuredTokens, folds, steps } satisfies ContextBlockView;
}

/** None for stubs that shrank: they left before. */
export function viewCut(cut: ContextCut): ContextCutView[] {
  if (cut.kind === 'stubs') return [];
  return [{ kind: cut.kind, turn: cut.turn, from_message: cut.fromN, tokens: cut.measuredTokens }];
}
