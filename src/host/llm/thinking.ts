/** What holds for thinking whatever its provider: who may get it back, and in what shape. */
import { mapStrings } from './clean-text.ts';
import type { ContentBlock, JsonValue, Message, Thinking, ThinkingBlock } from './types.ts';

/** The most tokens a model may think, for providers that count them on top of the answer's. */
export const THINKING_TOKENS = { low: 2048, medium: 8192, high: 16_384 } as const;

/** What an answer may have at most, thinking and all, whichever way its provider counts. */
export function mostAnswerTokens(maxTokens: number, thinking: Thinking | null): number {
  return thinking === null || thinking === 'off' ? maxTokens : maxTokens + THINKING_TOKENS[thinking];
}

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
