/** Our request as the body of POST /v1/messages. A pure function: equal requests make equal bytes, which caching needs. */
import { mapStrings } from '../clean-text.ts';
import { isJsonObject } from '../tool-arguments.ts';
import type { CompletionRequest, ContentBlock, JsonValue, Message } from '../types.ts';

type JsonObject = { [key: string]: JsonValue };
type WireMessage = { role: Message['role']; content: JsonObject[] };

/** What ends the part of the prompt that the provider keeps for the next request. */
const CACHE_BREAKPOINT: JsonObject = { type: 'ephemeral' };

/** Builds the body. Strings come out well-formed; texts without a visible character are left out, as the API refuses them. */
export function buildRequestBody(request: CompletionRequest): JsonObject {
  const system = request.system.filter((block) => isVisible(block.text)).map(({ text }) => ({ type: 'text', text }));
  const messages = mergeMessages(request.messages);
  const body: JsonObject = {
    model: request.model,
    max_tokens: request.maxTokens,
    stream: true,
    ...(system.length === 0 ? {} : { system: endWithBreakpoint(system) }),
    messages: messages.map((message, index) => ({
      role: message.role,
      content: index === messages.length - 1 ? endWithBreakpoint(message.content) : message.content,
    })),
    ...toolMembers(request),
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
  };
  return mapStrings(body, (text) => text.toWellFormed()) as JsonObject;
}

function toolMembers({ tools, toolChoice }: CompletionRequest): JsonObject {
  // A choice among no tools is refused.
  if (tools.length === 0) return {};
  return {
    tools: tools.map(({ name, description, inputSchema }) => ({ name, description, input_schema: inputSchema })),
    ...(toolChoice === undefined ? {} : { tool_choice: { ...toolChoice } }),
  };
}

function mergeMessages(messages: Message[]): WireMessage[] {
  const merged: WireMessage[] = [];
  for (const { role, content } of messages) {
    const blocks = content.map(toWireBlock).filter((block) => block !== undefined);
    const last = merged.at(-1);
    if (blocks.length === 0) continue;
    if (last?.role === role) last.content.push(...blocks);
    else merged.push({ role, content: blocks });
  }
  return merged.map(({ role, content }) => ({ role, content: role === 'user' ? resultsFirst(content) : content }));
}

/** The API wants the results of a turn's calls before anything else the next message says. */
function resultsFirst(content: JsonObject[]): JsonObject[] {
  const isResult = (block: JsonObject) => block.type === 'tool_result';
  return [...content.filter(isResult), ...content.filter((block) => !isResult(block))];
}

/** Undefined for what is not sent. */
function toWireBlock(block: ContentBlock): JsonObject | undefined {
  switch (block.type) {
    case 'text':
      return isVisible(block.text) ? { type: 'text', text: block.text } : undefined;
    case 'thinking':
      return undefined;
    case 'image': {
      const { mediaType: media_type, data } = block;
      return { type: 'image', source: { type: 'base64', media_type, data } };
    }
    case 'tool_use':
      return {
        type: 'tool_use',
        id: toWireId(block.id),
        name: block.name,
        input: isJsonObject(block.input) ? block.input : {},
      };
    case 'tool_result':
      return {
        type: 'tool_result',
        tool_use_id: toWireId(block.toolUseId),
        content: block.content,
        ...(block.isError ? { is_error: true } : {}),
      };
  }
}

/** A call that another provider answered with may have an id of characters that this one refuses. */
function toWireId(id: string): string {
  return id.replace(/[^a-zA-Z0-9_-]/g, '_');
}

function endWithBreakpoint(blocks: JsonObject[]): JsonObject[] {
  return blocks.map((block, index) =>
    index === blocks.length - 1 ? { ...block, cache_control: { ...CACHE_BREAKPOINT } } : block,
  );
}

function isVisible(text: string): boolean {
  return text.trim() !== '';
}
