/** What holds for thinking whatever its provider: who may get it back, and in what shape. */
import { mapStrings } from './clean-text.ts';
import type { ContentBlock, JsonValue, ThinkingBlock } from './types.ts';

/**
 * Applies `change` to every string of the blocks. Thinking that it changed can no longer be proven to be its model's own, so
 * it loses what its provider would check it against.
 */
export function changeBlocks(blocks: readonly ContentBlock[], change: (text: string) => string): ContentBlock[] {
  return blocks.map((block) => {
    const changed = mapStrings(block as JsonValue, change) as ContentBlock;
    return changed.type === 'thinking' && !isSame(block as ThinkingBlock, changed) ? withoutOpaque(changed) : changed;
  });
}

function isSame(before: ThinkingBlock, after: ThinkingBlock): boolean {
  return JSON.stringify(before) === JSON.stringify(after);
}

function withoutOpaque({ type, text, model }: ThinkingBlock): ThinkingBlock {
  return { type, text, model };
}
