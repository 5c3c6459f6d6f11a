/** What it takes to look at a context from outside: a model that counts, and the bytes of its requests. */
import assert from 'node:assert/strict';
import type { ContextSettings } from '../../src/host/engine/engage/context/types.ts';
import { buildRequestBody } from '../../src/host/llm/anthropic/request.ts';
import type { CompletionRequest, ContentBlock, LlmClient } from '../../src/host/llm/types.ts';

/** How contexts are bounded in tests: by nothing that a short conversation would meet. */
export const CONTEXT_SETTINGS: ContextSettings = {
  windowTokens: 100_000,
  truncateClosedBlocks: true,
  ledgerNudgeInterval: 5,
  compactThreshold: 0.7,
  compactKeepRecent: 10,
  foldMinTokens: 2000,
};

/** The client, with a usage that is counted from its requests: so many characters a token. */
export function counting<Client extends LlmClient>(client: Client, charactersPerToken = 4): Client {
  return {
    ...client,
    async *stream(request: CompletionRequest, signal: AbortSignal) {
      for await (const event of client.stream(request, signal)) {
        if (event.type !== 'done') yield event;
        else {
          const input = Math.ceil(requestPieces(request).join('').length / charactersPerToken);
          yield { ...event, response: { ...event.response, usage: { ...event.response.usage, input } } };
        }
      }
    },
  };
}

/** What a provider gets, piece by piece in its order, without the marks of what to keep. */
export const requestPieces = (request: CompletionRequest): string[] => bodyPieces(buildRequestBody(request, 'written'));

/** The same of a body as it went over the wire. */
export function bodyPieces(sent: unknown): string[] {
  const body = JSON.parse(JSON.stringify(sent), (key, value) => (key === 'cache_control' ? undefined : value)) as {
    system?: unknown[];
    tools?: unknown[];
    messages: { role: string; content: unknown[] }[];
  };
  return [
    ...(body.tools ?? []),
    ...(body.system ?? []),
    ...body.messages.flatMap(({ role, content }) => content.map((block) => [role, block])),
  ].map((piece) => JSON.stringify(piece));
}

export const sizeOf = (pieces: readonly string[]) => pieces.join('').length;

/** Every call has exactly one result, in the message after it, and no result is without its call. */
export function assertPairsWhole({ messages }: CompletionRequest): void {
  for (const [at, { role, content }] of messages.entries()) {
    assert.notEqual(role, messages[at - 1]?.role, 'roles alternate');
    const asked = idsOf(messages[at - 1]?.content ?? [], 'tool_use');
    const answered = idsOf(content, 'tool_result');
    if (role === 'user') assert.deepEqual(answered, asked, `message ${at}`);
    else assert.deepEqual(answered, [], `message ${at}`);
  }
  assert.equal(messages[0]?.role, 'user');
  assert.equal(
    messages.at(-1)?.role === 'user' || idsOf(messages.at(-1)?.content ?? [], 'tool_use').length === 0,
    true,
  );
}

function idsOf(content: readonly ContentBlock[], type: 'tool_use' | 'tool_result'): string[] {
  return content
    .flatMap((block) => {
      if (block.type !== type) return [];
      return block.type === 'tool_use' ? [block.id] : block.type === 'tool_result' ? [block.toolUseId] : [];
    })
    .sort();
}

/** All texts of a request's messages, a line each. */
export function textsOf({ messages }: CompletionRequest): string[] {
  return messages.flatMap(({ content }) => content.flatMap((block) => (block.type === 'text' ? [block.text] : [])));
}
