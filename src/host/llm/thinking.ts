/** What holds for thinking whatever its provider: who may get it back, and in what shape. */
import { mapStrings } from './clean-text.ts';
import type { ContentBlock, JsonValue, Message, ThinkingBlock } from './types.ts';

/**
 * Applies `change` to every string of an answer's blocks. Thinking is proven to be its model's own together with all that came
 * before it: what is changed, or follows something changed, loses what its provider would check it against. A call that did
 * not parse goes back without its arguments, so it counts as changed.
 */
export function changeBlocks(blocks: readonly ContentBlock[], change: (text: string) => string): ContentBlock[] {
  let isWhole = true;
  return blocks.map((block) => {
    const changed = mapStrings(block as JsonValue, change) as ContentBlock;
    isWhole &&= isSame(block, changed) && !(block.type === 'tool_use' && block.invalid !== undefined);
    return changed.type === 'thinking' && !isWhole ? withoutOpaque(changed) : changed;
  });
}

/** A conversation of which nobody has to prove anything. */
export function withoutThinking(messages: readonly Message[]): Message[] {
  return messages.map(({ role, content }) => ({ role, content: content.filter(({ type }) => type !== 'thinking') }));
}

function isSame(before: ContentBlock, after: ContentBlock): boolean {
  return JSON.stringify(before) === JSON.stringify(after);
}

function withoutOpaque({ type, text, model }: ThinkingBlock): ThinkingBlock {
  return { type, text, model };
}
