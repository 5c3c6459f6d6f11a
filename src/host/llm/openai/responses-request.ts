/** Our request as the body of POST /responses. A pure function: equal requests make equal bytes. */
import { mapStrings } from '../clean-text.ts';
import { isJsonObject } from '../tool-arguments.ts';
import type { CompletionRequest, ContentBlock, JsonValue, Message } from '../types.ts';

type JsonObject = { [key: string]: JsonValue };

export type ResponsesRequestOptions = {
  /** provider/name: thoughts of any other model stay here. */
  modelName: string;
  /** Models that do not think refuse to be asked for their thoughts. */
  withThoughts: boolean;
  /** A summary of what it thinks is not for every account. */
  withSummary: boolean;
};

/** Builds the body. Nothing is kept with the provider: what it thought comes with the answer, and goes back from here. */
export function buildResponsesBody(request: CompletionRequest, options: ResponsesRequestOptions): JsonObject {
  const instructions = request.system.map(({ text }) => text).filter(isVisible);
  const body: JsonObject = {
    model: request.model,
    stream: true,
    store: false,
    ...(options.withThoughts ? { include: ['reasoning.encrypted_content'] } : {}),
    max_output_tokens: request.maxTokens,
    ...(instructions.length === 0 ? {} : { instructions: instructions.join('\n\n') }),
    input: request.messages.flatMap((message) => toItems(message, options.modelName)),
    ...toolMembers(request),
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    ...reasoningMembers(request, options.withSummary),
  };
  return mapStrings(body, (text) => text.toWellFormed()) as JsonObject;
}

function toolMembers({ tools, toolChoice }: CompletionRequest): JsonObject {
  // A choice among no tools is refused.
  if (tools.length === 0) return {};
  return {
    // Without `strict` every member of a schema would be required.
    tools: tools.map(({ name, description, inputSchema: parameters }) => ({
      ...{ type: 'function', name, description, parameters, strict: false },
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
      return { type: 'function', name: choice.name };
  }
}

function reasoningMembers({ thinking }: CompletionRequest, withSummary: boolean): JsonObject {
  if (thinking === undefined) return {};
  if (thinking === 'off') return { reasoning: { effort: 'none' } };
  return { reasoning: { effort: thinking, ...(withSummary ? { summary: 'auto' } : {}) } };
}

function toItems({ role, content }: Message, modelName: string): JsonValue[] {
  return role === 'user' ? toInput(content) : toOutput(content, modelName);
}

function toInput(content: ContentBlock[]): JsonObject[] {
  const results = content.flatMap((block): JsonObject[] =>
    block.type === 'tool_result'
      ? [{ type: 'function_call_output', call_id: block.toolUseId, output: block.content }]
      : [],
  );
  const parts = content.flatMap((block): JsonObject[] => {
    if (block.type === 'image') {
      const url = `data:${block.mediaType};base64,${block.data}`;
      return [{ type: 'input_image', image_url: url, detail: 'auto' }];
    }
    return block.type === 'text' && isVisible(block.text) ? [{ type: 'input_text', text: block.text }] : [];
  });
  return parts.length === 0 ? results : [...results, { type: 'message', role: 'user', content: parts }];
}

function toOutput(content: ContentBlock[], modelName: string): JsonValue[] {
  const items = content.flatMap((block) => {
    const item = toOutputItem(block, modelName);
    return item === undefined ? [] : [item];
  });
  // What was thought is refused without what came of it, as where an answer was cut.
  const last = items.findLastIndex((item) => !isReasoning(item));
  return items.slice(0, last + 1);
}

/** Undefined for what is not sent. */
function toOutputItem(block: ContentBlock, modelName: string): JsonValue | undefined {
  switch (block.type) {
    case 'text':
      return isVisible(block.text) ? { type: 'message', role: 'assistant', content: block.text } : undefined;
    case 'thinking':
      return block.model === modelName ? block.opaque : undefined;
    case 'tool_use': {
      const input = isJsonObject(block.input) ? block.input : {};
      return { type: 'function_call', call_id: block.id, name: block.name, arguments: JSON.stringify(input) };
    }
    case 'image':
    case 'tool_result':
      return undefined;
  }
}

function isReasoning(item: JsonValue): boolean {
  return isJsonObject(item) && item.type === 'reasoning';
}

function isVisible(text: string): boolean {
  return text.trim() !== '';
}
