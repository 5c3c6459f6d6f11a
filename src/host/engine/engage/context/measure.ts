/** How large things are. One measure for every decision: four characters a token, from the last figure that was reported. */
import { CHARACTERS_PER_TOKEN } from '../../../llm/estimate-tokens.ts';
import type { ContentBlock, ToolDefinition } from '../../../llm/types.ts';
import type { NewMessage, RecordedMessage } from './types.ts';

/** What providers count for a picture of the size that they scale to, about. */
const IMAGE_TOKENS = 1600;

/** Tokens of a text, about. */
export const measureText = (text: string): number => text.length / CHARACTERS_PER_TOKEN;

export function measureMessages(messages: readonly Pick<NewMessage, 'blocks'>[]): number {
  return Math.ceil(messages.reduce((sum, { blocks }) => sum + measureBlocks(blocks), 0));
}

/** What every request of a focus begins with. */
export function measureHead(system: readonly string[], tools: readonly ToolDefinition[]): number {
  return Math.ceil(measureText(system.join('')) + (tools.length === 0 ? 0 : measureText(JSON.stringify(tools))));
}

function measureBlocks(blocks: readonly ContentBlock[]): number {
  return blocks.reduce((sum, block) => sum + measureBlock(block), 0);
}

function measureBlock(block: ContentBlock): number {
  switch (block.type) {
    case 'text':
      return measureText(block.text);
    case 'thinking':
      return measureText(block.text) + (block.opaque === undefined ? 0 : measureText(JSON.stringify(block.opaque)));
    case 'tool_use':
      return measureText(block.name) + measureText(JSON.stringify(block.input));
    case 'tool_result':
      return measureText(block.content);
    case 'image':
      return IMAGE_TOKENS;
  }
}

/**
 * Tokens of the next request, whose messages and head measure `measured`: what was reported for the last one and its
 * answer, and our measure of what came since. Where more left than came, the report shrinks in proportion.
 */
export function estimateRequest(measured: number, answer: RecordedMessage | undefined): number {
  if (!answer?.usage || !answer.requestTokens) return measured;
  const reported = answer.usage.input + answer.usage.output;
  const before = answer.requestTokens + measureMessages([answer]);
  return Math.ceil(measured >= before ? reported + measured - before : (reported * measured) / before);
}
