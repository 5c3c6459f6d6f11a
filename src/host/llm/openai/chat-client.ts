/** OpenAI's Chat Completions, and the many servers that speak it. */
import type { ChatQuirks } from '../../providers/types.ts';
import type { CompletionRequest, LlmClient, LlmError } from '../types.ts';
import { createWireClient, type Wire, type WireClientOptions } from '../wire-client.ts';
import { type ChatReadState, endChat, readChunk, startChat } from './chat-read.ts';
import { buildChatBody } from './chat-request.ts';
import { readErrorAnswer } from './errors.ts';

export type ChatOptions = WireClientOptions & { quirks: ChatQuirks };

export function createChatClient(options: ChatOptions): LlmClient {
  return createWireClient(chatWire(options), options);
}

function chatWire({ provider, quirks }: ChatOptions): Wire<ChatReadState> {
  /** Models that were found to take tools only where they are told not to think. */
  const thinkless = new Set<string>();
  const takesBack = ({ model, tools }: CompletionRequest) => thinkless.has(model) && tools.length > 0;
  return {
    path: '/chat/completions',
    buildBody: (request) =>
      buildChatBody(request, {
        ...{ quirks, modelName: `${provider}/${request.model}`, withoutReasoning: takesBack(request) },
      }),
    startReading: (request) => startChat(request, `${provider}/${request.model}`),
    readEvent: readChunk,
    endReading: endChat,
    readError: readErrorAnswer,
    reconsider(request, error) {
      if (!refusesToThink(error) || request.tools.length === 0) return undefined;
      thinkless.add(request.model);
      return { undo: () => thinkless.delete(request.model) };
    },
  };
}

/** Newer models take no tools here while they think, and name the way on which they would. */
function refusesToThink(error: LlmError): boolean {
  return error.kind === 'api' && error.status === 400 && /\/v1\/responses/.test(error.message);
}
