/** Our request as the body of POST /v1/messages. A pure function: equal requests make equal bytes, which caching needs. */
import { mapStrings } from '../clean-text.ts';
import { isJsonObject } from '../tool-arguments.ts';
import type { CompletionRequest, ContentBlock, JsonValue, Message, TextBlock } from '../types.ts';
import { isThinking, thinkingMembers, thinkingToSend } from './thinking.ts';

type JsonObject = { [key: string]: JsonValue };
type WireMessage = { role: Message['role']; content: JsonObject[] };

/** What ends a part of the prompt that the provider keeps for the next request. */
const CACHE_BREAKPOINT: JsonObject = { type: 'ephemeral' };
/** The most of them that a request may have. */
const MOST_BREAKPOINTS = 4;

/** Builds the body. Strings come out well-formed; texts without a visible character are left out, as the API refuses them. */
export function buildRequestBody(request: CompletionRequest, provider: string): JsonObject {
  const { temperature, thinking } = request;
  return wellFormed({
    model: request.model,
    stream: true,
    ...thinkingMembers(request, provider),
    ...promptMembers(request, provider),
    ...(temperature === undefined || isThinking(thinking) ? {} : { temperature }),
  });
}

/** The body of a request to count the prompt's tokens: what shapes the prompt, and nothing of the answer. */
export function buildCountBody(request: CompletionRequest, provider: string): JsonObject {
  const { max_tokens: _, ...thinking } = thinkingMembers(request, provider);
  return wellFormed({ model: request.model, ...thinking, ...promptMembers(request, provider) });
}

function wellFormed(body: JsonObject): JsonObject {
  return mapStrings(body, (text) => text.toWellFormed()) as JsonObject;
}

function promptMembers(request: CompletionRequest, provider: string): JsonObject {
  const system = request.system.filter((block) => isVisible(block.text)).map(toTextBlock);
  const messages = mergeMessages(request.messages, `${provider}/${request.model}`);
  setBreakpoints(
    system,
    messages.flatMap(({ content }) => content),
  );
  return { ...(system.length === 0 ? {} : { system }), messages, ...toolMembers(request) };
}

/**
 * After the system, at the end, and where the request asks for one; of those in the middle the earliest fall away where there
 * are too many, since what comes after them is kept with a later one too. Changes the blocks, which are ours.
 */
function setBreakpoints(system: JsonObject[], content: JsonObject[]): void {
  const fixed = [system.at(-1), content.at(-1)].filter((block) => block !== undefined);
  const asked = [...system, ...content].filter((block) => 'cache_control' in block && !fixed.includes(block));
  const most = MOST_BREAKPOINTS - fixed.length;
  for (const block of asked.slice(0, Math.max(0, asked.length - most))) delete block.cache_control;
  for (const block of fixed) block.cache_control = { ...CACHE_BREAKPOINT };
}

function toolMembers({ tools, toolChoice }: CompletionRequest): JsonObject {
  // A choice among no tools is refused.
  if (tools.length === 0) return {};
  return {
    tools: tools.map(({ name, description, inputSchema }) => ({ name, description, input_schema: inputSchema })),
    ...(toolChoice === undefined ? {} : { tool_choice: { ...toolChoice } }),
  };
}

function mergeMessages(messages: Message[], asked: string): WireMessage[] {
  const merged: WireMessage[] = [];
  for (const { role, content } of messages) {
    const blocks = content.map((block) => toWireBlock(block, asked)).filter((block) => block !== undefined);
    const last = merged.at(-1);
    if (blocks.length === 0) continue;
    if (last?.role === role) last.content.push(...blocks);
    else merged.push({ role, content: blocks });
  }
  return merged
    .map(({ role, content }) => ({ role, content: role === 'user' ? resultsFirst(content) : endVisibly(content) }))
    .filter(({ content }) => content.length > 0);
}

/** The API refuses an answer that ends with thinking, as one does that was cut there. */
function endVisibly(content: JsonObject[]): JsonObject[] {
  const end = content.findLastIndex(({ type }) => type !== 'thinking' && type !== 'redacted_thinking');
  return content.slice(0, end + 1);
}

/** The API wants the results of a turn's calls before anything else the next message says. */
function resultsFirst(content: JsonObject[]): JsonObject[] {
  const isResult = (block: JsonObject) => block.type === 'tool_result';
  return [...content.filter(isResult), ...content.filter((block) => !isResult(block))];
}

/** Undefined for what is not sent. */
function toWireBlock(block: ContentBlock, asked: string): JsonObject | undefined {
  switch (block.type) {
    case 'text':
      return isVisible(block.text) ? toTextBlock(block) : undefined;
    case 'thinking':
      return thinkingToSend(block, asked);
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

function toTextBlock({ text, cacheBreakpoint }: TextBlock): JsonObject {
  return { type: 'text', text, ...(cacheBreakpoint ? { cache_control: { ...CACHE_BREAKPOINT } } : {}) };
}

function isVisible(text: string): boolean {
  return text.trim() !== '';
}
