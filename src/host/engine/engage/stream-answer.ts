/** One model call: the request built from what was recorded, the stream passed on to watchers, the answer collected. */

import { parseModelName } from '../../llm/resolve.ts';
import type { CompletionRequest, CompletionResponse, LlmError } from '../../llm/types.ts';
import type { ContextRows } from './context/types.ts';
import { alternating, viewContext } from './context/view.ts';
import type { EngageConfig, EngageDependencies } from './types.ts';

export type Answer = { kind: 'answered'; response: CompletionResponse } | { kind: 'failed'; error: LlmError };

type StreamDependencies = Pick<EngageDependencies, 'client' | 'emit' | 'abort'>;

export async function streamAnswer(
  deps: StreamDependencies,
  config: EngageConfig,
  context: ContextRows,
  turn: number,
): Promise<Answer> {
  deps.emit({ type: 'turn_start', turn });
  for await (const event of deps.client.stream(buildRequest(config, context, turn), deps.abort)) {
    if (event.type === 'text_delta') deps.emit({ type: 'text', turn, text: event.text });
    if (event.type === 'tool_call_start') deps.emit({ type: 'tool_call', turn, name: event.name });
    if (event.type === 'retry') deps.emit({ type: 'retry', turn, reason: event.error.message });
    if (event.type === 'done') return { kind: 'answered', response: event.response };
    if (event.type === 'failed') return { kind: 'failed', error: event.error };
  }
  return { kind: 'failed', error: { kind: 'malformed', message: 'The stream ended without an end.' } };
}

/** A pure function of what was fixed and what was recorded: whoever builds a turn's request anew gets the same bytes. */
export function buildRequest(config: EngageConfig, context: ContextRows, turn: number): CompletionRequest {
  const name = parseModelName(config.model);
  return {
    model: name.kind === 'name' ? name.model : config.model,
    system: config.system.map((text) => ({ type: 'text' as const, text })),
    messages: alternating(viewContext(context)),
    tools: config.tools,
    maxTokens: config.maxTokens,
    turn,
    ...(config.temperature === null ? {} : { temperature: config.temperature }),
    ...(config.thinking === null ? {} : { thinking: config.thinking }),
  };
}
