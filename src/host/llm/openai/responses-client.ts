/** OpenAI's Responses API, which lets a model think between its calls of tools. */
import type { LlmClient, LlmError } from '../types.ts';
import { createWireClient, type Wire, type WireClientOptions } from '../wire-client.ts';
import { readErrorAnswer } from './errors.ts';
import { type ResponsesReadState, readResponsesEvent, startResponse } from './responses-read.ts';
import { buildResponsesBody } from './responses-request.ts';

export function createResponsesClient(options: WireClientOptions): LlmClient {
  return createWireClient(responsesWire(options.provider), options);
}

function responsesWire(provider: string): Wire<ResponsesReadState> {
  /** Models that were found not to think, and those whose summaries were found not to be for this account. */
  const thoughtless = new Set<string>();
  const unsummarised = new Set<string>();
  return {
    path: '/responses',
    buildBody: (request) =>
      buildResponsesBody(request, {
        modelName: `${provider}/${request.model}`,
        withThoughts: !thoughtless.has(request.model),
        withSummary: !unsummarised.has(request.model),
      }),
    startReading: (request) => startResponse(request, `${provider}/${request.model}`),
    readEvent: readResponsesEvent,
    // Only an event of its own says that a response is whole.
    endReading: () => [],
    readError: readErrorAnswer,
    reconsider(request, error) {
      const models = refusal(error);
      models?.add(request.model);
      return models && { undo: () => models.delete(request.model) };
    },
  };

  function refusal(error: LlmError): Set<string> | undefined {
    if (error.kind !== 'api' || error.status !== 400) return undefined;
    if (/encrypted content is not supported/i.test(error.message)) return thoughtless;
    return /reasoning summar/i.test(error.message) ? unsummarised : undefined;
  }
}
