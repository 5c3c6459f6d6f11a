/** One model call: the request built from what was recorded, the stream passed on to watchers, the answer collected. */

import { parseModelName } from '../../llm/resolve.ts';
import type { CompletionRequest, CompletionResponse, ContentBlock, LlmError, Message } from '../../llm/types.ts';
import type { EngageConfig, EngageDependencies, RecordedMessage } from './types.ts';

export type Answer = { kind: 'answered'; response: CompletionResponse } | { kind: 'failed'; error: LlmError };

type StreamDependencies = Pick<EngageDependencies, 'client' | 'emit' | 'abort'>;

export async function streamAnswer(
  deps: StreamDependencies,
  config: EngageConfig,
  messages: readonly RecordedMessage[],
  turn: number,
): Promise<Answer> {
  deps.emit({ type: 'turn_start', turn });
  for await (const event of deps.client.stream(buildRequest(config, messages, turn), deps.abort)) {
    if (event.type === 'text_delta') deps.emit({ type: 'text', turn, text: event.text });
    if (event.type === 'tool_call_start') deps.emit({ type: 'tool_call', turn, name: event.name });
    if (event.type === 'retry') deps.emit({ type: 'retry', turn, reason: event.error.message });
    if (event.type === 'done') return { kind: 'answered', response: event.response };
    if (event.type === 'failed') return { kind: 'failed', error: event.error };
  }
  return { kind: 'failed', error: { kind: 'malformed', message: 'The stream ended without an end.' } };
}

export function buildRequest(
  config: EngageConfig,
  messages: readonly RecordedMessage[],
  turn: number,
): CompletionRequest {
  const name = parseModelName(config.model);
  return {
    model: name.kind === 'name' ? name.model : config.model,
    system: config.system.map((text) => ({ type: 'text' as const, text })),
    messages: alternating(messages),
    tools: config.tools,
    maxTokens: config.maxTokens,
    turn,
    ...(config.temperature === null ? {} : { temperature: config.temperature }),
    ...(config.thinking === null ? {} : { thinking: config.thinking }),
  };
}

/** Providers want the roles to alternate: neighbours of one role become one message. */
function alternating(messages: readonly RecordedMessage[]): Message[] {
  const merged: Message[] = [];
  for (const { role, blocks } of messages) {
    const last = merged.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else merged.push({ role, content: [...blocks] satisfies ContentBlock[] });
  }
  return merged;
}
