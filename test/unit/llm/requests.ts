/** Requests and messages as tests need them. */
import type { CompletionRequest, ContentBlock, JsonValue, Message } from '../../../src/host/llm/types.ts';

export function requestOf(messages: Message[], rest: Partial<CompletionRequest> = {}): CompletionRequest {
  return { model: 'model-of-the-test', system: [], messages, tools: [], maxTokens: 1024, ...rest };
}

export function user(...content: (string | ContentBlock)[]): Message {
  return { role: 'user', content: content.map(toBlock) };
}

export function assistant(...content: (string | ContentBlock)[]): Message {
  return { role: 'assistant', content: content.map(toBlock) };
}

export function call(id: string, name: string, input: { [name: string]: JsonValue } = {}): ContentBlock {
  return { type: 'tool_use', id, name, input };
}

export function result(toolUseId: string, content: string, isError = false): ContentBlock {
  return { type: 'tool_result', toolUseId, content, isError };
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

function toBlock(content: string | ContentBlock): ContentBlock {
  return typeof content === 'string' ? { type: 'text', text: content } : content;
}
