/** Our request as the body of POST /chat/completions. A pure function: equal requests make equal bytes. */
import type { ChatQuirks } from '../../providers/types.ts';
import { mapStrings } from '../clean-text.ts';
import { isJsonObject } from '../tool-arguments.ts';
import type { CompletionRequest, ContentBlock, JsonValue, Message, Thinking } from '../types.ts';

type JsonObject = { [key: string]: JsonValue };

export type ChatRequestOptions = {
  quirks: ChatQuirks;
  /** provider/name: thoughts of any other model stay here. */
  modelName: string;
  /** The model takes tools only where it is told not to think. */
  withoutReasoning: boolean;
};

/** Builds the body. Strings come out well-formed; texts without a visible character are left out. */
export function buildChatBody(request: CompletionRequest, options: ChatRequestOptions): JsonObject {
  const { quirks } = options;
  const system = request.system.map(({ text }) => text).filter(isVisible);
  const body: JsonObject = {
    model: request.model,
    stream: true,
    ...(quirks.streamUsage ? { stream_options: { include_usage: true } } : {}),
    [quirks.maxTokens]: request.maxTokens,
    messages: [
      ...(system.length === 0 ? [] : [{ role: 'system', content: system.join('\n\n') }]),
      ...request.messages.flatMap((message) => toWireMessages(message, options)),
    ],
    ...toolMembers(request),
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    ...(options.withoutReasoning ? { reasoning_effort: 'none' } : thinkingMembers(quirks, request.thinking)),
  };
  return mapStrings(body, (text) => text.toWellFormed()) as JsonObject;
}

function toolMembers({ tools, toolChoice }: CompletionRequest): JsonObject {
  // A choice among no tools is refused.
  if (tools.length === 0) return {};
  return {
    tools: tools.map(({ name, description, inputSchema: parameters }) => ({
      type: 'function',
      function: { name, description, parameters },
    })),
    ...(toolChoice === undefined ? {} : { tool_choice: toToolChoice(toolChoice) }),
  };
}

function toToolChoice(choice: NonNullable<CompletionRequest['toolChoice']>): JsonValue {
  switch (choice.type) {
    case 'auto':
    case 'none':
      return choice.type;
    case 'any':
      return 'required';
    case 'tool':
      return { type: 'function', function: { name: choice.name } };
  }
}

function thinkingMembers(quirks: ChatQuirks, thinking: Thinking | undefined): JsonObject {
  if (thinking === undefined) return {};
  const effort = thinking === 'off' ? 'none' : thinking;
  switch (quirks.thinking) {
    case 'none':
      return {};
    case 'reasoning_effort':
      return { reasoning_effort: effort };
    case 'reasoning':
      return { reasoning: { effort } };
    case 'deepseek':
      return thinking === 'off'
        ? { thinking: { type: 'disabled' } }
        : { thinking: { type: 'enabled' }, reasoning_effort: effort };
  }
}

/** One message of ours may be several of theirs: each result of a tool is a message of its own, before what was said. */
function toWireMessages(message: Message, options: ChatRequestOptions): JsonObject[] {
  return message.role === 'assistant' ? toAnswer(message.content, options) : toQuestion(message.content);
}

function toQuestion(content: ContentBlock[]): JsonObject[] {
  const results = content.flatMap((block): JsonObject[] =>
    block.type === 'tool_result' ? [{ role: 'tool', tool_call_id: block.toolUseId, content: block.content }] : [],
  );
  const parts = content.flatMap((block): JsonObject[] => {
    if (block.type === 'image') {
      return [{ type: 'image_url', image_url: { url: `data:${block.mediaType};base64,${block.data}` } }];
    }
    return block.type === 'text' && isVisible(block.text) ? [{ type: 'text', text: block.text }] : [];
  });
  return parts.length === 0 ? results : [...results, { role: 'user', content: plainWhereText(parts) }];
}

/** Several servers know text alone as a string. */
function plainWhereText(parts: JsonObject[]): JsonValue {
  return parts.every(({ type }) => type === 'text') ? parts.map(({ text }) => text).join('\n\n') : parts;
}

function toAnswer(content: ContentBlock[], { quirks, modelName }: ChatRequestOptions): JsonObject[] {
  const texts = content.flatMap((block) => (block.type === 'text' && isVisible(block.text) ? [block.text] : []));
  const calls = content.flatMap((block): JsonObject[] => {
    if (block.type !== 'tool_use') return [];
    const input = isJsonObject(block.input) ? block.input : {};
    return [{ id: block.id, type: 'function', function: { name: block.name, arguments: JSON.stringify(input) } }];
  });
  if (texts.length === 0 && calls.length === 0) return [];
  const thoughts = content.flatMap((block) =>
    block.type === 'thinking' && block.model === modelName ? [block.text] : [],
  );
  return [
    {
      role: 'assistant',
      // Servers differ in whether an absent text is null or ''; the member itself all of them want.
      content: texts.length === 0 ? null : texts.join(''),
      ...thoughtMembers(quirks, thoughts.join('')),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    },
  ];
}

/** DeepSeek refuses an answer without the member where it thinks, an answer of another model's included. */
function thoughtMembers({ thoughts: member, thinking }: ChatQuirks, thoughts: string): JsonObject {
  if (member === 'none' || (thoughts === '' && thinking !== 'deepseek')) return {};
  return { [member]: thoughts };
}

function isVisible(text: string): boolean {
  return text.trim() !== '';
}
