/** Clients of OpenAI's formats and a server for one test, and the check that neither leaves anything behind. */
import assert from 'node:assert/strict';
import { type ChatOptions, createChatClient } from '../../src/host/llm/openai/chat-client.ts';
import { createResponsesClient } from '../../src/host/llm/openai/responses-client.ts';
import type { Script } from '../../src/host/llm/scripted/script.ts';
import type { LlmClient } from '../../src/host/llm/types.ts';
import { BUILT_IN, COMPATIBLE } from '../../src/host/providers/built-in.ts';
import { type ModelServer, startModelServer, type WireFormat } from '../support/model-server.ts';
import { createCountingClock, createRecordedSleep } from '../support/model-server-clock.ts';
import type { Fault } from '../support/model-server-faults.ts';
import { chatFormat } from '../support/model-server-openai-chat.ts';
import { responsesFormat } from '../support/model-server-openai-responses.ts';
import { KEY, TALK } from './anthropic-setup.ts';

const openai = BUILT_IN.find(({ name }) => name === 'openai');
/** As the real one wants it. */
export const OPENAI_QUIRKS = openai?.format === 'openai-chat' ? openai.quirks : COMPATIBLE;

export type OpenAiOptions = Partial<ChatOptions> & Pick<ChatOptions, 'baseUrl'>;

export type OpenAiFormat = { name: string; wire: WireFormat; createClient(options: OpenAiOptions): LlmClient };

/** `baseUrl` of the options is the server's, without the version. */
export const CHAT: OpenAiFormat = {
  name: 'Chat Completions',
  wire: chatFormat,
  createClient: (options) =>
    createChatClient({
      ...{ provider: 'openai', title: 'OpenAI', credential: () => ({ value: KEY }), quirks: OPENAI_QUIRKS },
      ...options,
      baseUrl: `${options.baseUrl}/v1`,
    }),
};

export const RESPONSES: OpenAiFormat = {
  name: 'Responses',
  wire: responsesFormat,
  createClient: (options) =>
    createResponsesClient({
      ...{ provider: 'openai-responses', title: 'OpenAI', credential: () => ({ value: KEY }) },
      ...options,
      baseUrl: `${options.baseUrl}/v1`,
    }),
};

export type OpenAiParts = { server: ModelServer; client: LlmClient; slept: number[] };

/** Runs `test`, and fails it where afterwards a timer still runs or, by its time limit, an answer is still open. */
export async function withOpenAi(
  format: OpenAiFormat,
  setup: { script?: Script; faultOf?: (request: number) => Fault | undefined; client?: Partial<ChatOptions> },
  test: (parts: OpenAiParts) => Promise<void>,
): Promise<void> {
  const clock = createCountingClock();
  const { sleep, slept } = createRecordedSleep();
  const server = await startModelServer({
    formats: [format.wire],
    script: setup.script ?? TALK,
    ...(setup.faultOf === undefined ? {} : { faultOf: setup.faultOf }),
  });
  const client = format.createClient({ baseUrl: server.url, clock, sleep, random: () => 0, ...setup.client });
  try {
    await test({ server, client, slept });
    assert.equal(clock.running(), 0, 'a timer was left running');
    await server.idle();
  } finally {
    await server.close();
  }
}
