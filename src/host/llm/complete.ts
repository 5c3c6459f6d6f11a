import type { CompletionRequest, CompletionResponse, LlmClient, LlmError } from './types.ts';

export type Completion = { kind: 'done'; response: CompletionResponse } | { kind: 'failed'; error: LlmError };

/** The whole answer at once: the same stream, collected. */
export async function complete(
  client: LlmClient,
  request: CompletionRequest,
  signal: AbortSignal,
): Promise<Completion> {
  for await (const event of client.stream(request, signal)) {
    if (event.type === 'done') return { kind: 'done', response: event.response };
    if (event.type === 'failed') return { kind: 'failed', error: event.error };
  }
  return { kind: 'failed', error: { kind: 'stream_cut', message: 'The answer ended before it was complete.' } };
}
