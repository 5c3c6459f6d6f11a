/** A client and a server for one test, and the check that neither leaves anything behind. */
import assert from 'node:assert/strict';
import { type AnthropicOptions, createAnthropicClient } from '../../src/host/llm/anthropic/client.ts';
import { parseScript, type Script } from '../../src/host/llm/scripted/script.ts';
import type { CompletionRequest, LlmClient, LlmError, LlmEvent } from '../../src/host/llm/types.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import { anthropicFormat, frame } from '../support/model-server-anthropic.ts';
import { createCountingClock, createRecordedSleep } from '../support/model-server-clock.ts';
import type { Fault } from '../support/model-server-faults.ts';
import { collect } from '../unit/llm/requests.ts';

export const KEY = 'sk-ant-planted-0123456789';

/** Text in several alphabets, two calls, one of them without arguments. */
export const TALK = scriptOf({
  name: 'talk',
  turns: [
    {
      text: 'Größe, 東京, 👩‍🚀 and "quotes"\nin two lines.',
      tool_calls: [
        { name: 'read_file', input: { path: 'naïve/ü.md', limit: 3, nested: { list: [1, null, true, '🙂'] } } },
        { name: 'list_files', input: {} },
      ],
      chunk: 5,
    },
  ],
});

export const REQUEST: CompletionRequest = {
  model: 'claude-of-the-test',
  system: [{ type: 'text', text: 'Be brief.' }],
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Go on.' }] }],
  tools: [{ name: 'read_file', description: 'Reads.', inputSchema: { type: 'object' } }],
  maxTokens: 512,
};

export function scriptOf(document: object): Script {
  const read = parseScript(JSON.stringify(document), 'json', 'the script of the test');
  if (read.kind === 'invalid') throw new Error(read.message);
  return read.script;
}

export type Setup = {
  server: ModelServer;
  client: LlmClient;
  /** Another one like `client`. */
  createClient(options: Partial<AnthropicOptions>): LlmClient;
  slept: number[];
};

/** Runs `test`, and fails it where afterwards a timer still runs or, by its time limit, an answer is still open. */
export async function withServer(
  setup: {
    script?: Script;
    faultOf?: (request: number) => Fault | undefined;
    client?: Partial<AnthropicOptions>;
    wallMs?: number;
    basePath?: string;
  },
  test: (parts: Setup) => Promise<void>,
): Promise<void> {
  const clock = createCountingClock(setup.wallMs);
  const { sleep, slept } = createRecordedSleep();
  const server = await startModelServer({
    formats: [anthropicFormat],
    script: setup.script ?? TALK,
    basePath: setup.basePath ?? '',
    ...(setup.faultOf === undefined ? {} : { faultOf: setup.faultOf }),
  });
  const baseUrl = `${server.url}${setup.basePath ?? ''}`;
  const defaults = { baseUrl, credential: () => ({ value: KEY }), clock, sleep, random: () => 0, ...setup.client };
  const createClient = (options: Partial<AnthropicOptions>) => createAnthropicClient({ ...defaults, ...options });
  try {
    await test({ server, client: createClient({}), createClient, slept });
    assert.equal(clock.running(), 0, 'a timer was left running');
    await server.idle();
  } finally {
    await server.close();
  }
}

export async function stream(client: LlmClient, signal = new AbortController().signal): Promise<LlmEvent[]> {
  return collect(client.stream(REQUEST, signal));
}

/** The error a stream ended with; fails the test where it ended otherwise, or went on after it. */
export function failureOf(events: LlmEvent[]): LlmError {
  const ends = events.filter((event) => event.type === 'done' || event.type === 'failed');
  assert.equal(ends.length, 1, 'a stream has one end');
  const last = events.at(-1);
  assert.equal(last?.type, 'failed');
  if (last?.type !== 'failed') throw new Error('unreachable');
  return last.error;
}

export const errorBody = (type: string, message: string) =>
  JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_1' });
export const START = frame({
  type: 'message_start',
  message: { id: 'msg_1', model: 'claude', usage: { input_tokens: 3, output_tokens: 1 } },
});
export const STOP = frame({ type: 'message_stop' });

export function answerWith(...frames: string[]): string {
  return START + frames.join('') + STOP;
}

export function textBlock(data: string): string {
  return `event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n${data}`;
}
