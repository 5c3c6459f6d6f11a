/** Messages as a text that shows every byte of what they say: for a model that looks something up, and for a summary. */
import type { ContentBlock } from '../../../llm/types.ts';
import type { NewMessage } from './types.ts';

type Written = Pick<NewMessage, 'turn' | 'role' | 'blocks'> & { kind: string };

export function transcript(messages: readonly Written[]): string {
  return messages.map((message) => message.blocks.map((block) => part(message, block)).join('')).join('');
}

function part({ turn, kind, role }: Written, block: ContentBlock): string {
  const who = role === 'assistant' ? 'you' : kind;
  switch (block.type) {
    case 'text':
      return `--- turn ${turn}, ${who}\n${block.text}\n`;
    case 'thinking':
      return block.text === '' ? '' : `--- turn ${turn}, you thought\n${block.text}\n`;
    case 'tool_use':
      return `--- turn ${turn}, call ${block.id}: ${block.name}\n${block.invalid?.raw ?? JSON.stringify(block.input)}\n`;
    case 'tool_result':
      return `--- turn ${turn}, ${block.isError ? 'error' : 'result'} of ${block.toolUseId}\n${block.content}\n`;
    case 'image':
      return `--- turn ${turn}, an image (${block.mediaType})\n`;
  }
}
