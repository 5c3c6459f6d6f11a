/** Anthropic's Messages API as the model server speaks it. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { estimateTokens } from '../../src/host/llm/estimate-tokens.ts';
import { cut } from '../../src/host/llm/scripted/client.ts';
import type { PlannedTurn } from '../../src/host/llm/scripted/plan.ts';
import type { CompletionRequest, ContentBlock, StopReason } from '../../src/host/llm/types.ts';
import type { WireFormat } from './model-server.ts';

const cacheControl = { cache_control: z.strictObject({ type: z.literal('ephemeral') }).optional() };
const textBlock = z.strictObject({
  type: z.literal('text'),
  text: z.string().regex(/\S/, 'text content blocks must contain non-whitespace text'),
  ...cacheControl,
});
const callId = z.string().regex(/^[a-zA-Z0-9_-]+$/);
const contentBlock = z.discriminatedUnion('type', [
  textBlock,
  z.strictObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() }),
  z.strictObject({ type: z.literal('redacted_thinking'), data: z.string().min(1) }),
  z.strictObject({
    type: z.literal('tool_use'),
    id: callId,
    name: z.string(),
    input: z.record(z.string(), z.json()),
    ...cacheControl,
  }),
  z.strictObject({
    type: z.literal('tool_result'),
    tool_use_id: callId,
    content: z.string(),
    is_error: z.boolean().optional(),
    ...cacheControl,
  }),
]);

const thinkingConfig = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('enabled'), budget_tokens: z.number().int().min(1024) }),
  z.strictObject({ type: z.enum(['adaptive', 'disabled', 'between_tools']) }),
]);

/** What shapes the prompt; strict where the API is: what it would refuse is refused here. */
const promptMembers = {
  model: z.string(),
  system: z.union([z.string(), z.array(textBlock)]).default([]),
  messages: z
    .array(
      z.strictObject({
        role: z.enum(['user', 'assistant']),
        content: z.union([z.string().min(1), z.array(contentBlock).min(1)]),
      }),
    )
    .min(1),
  tools: z
    .array(z.strictObject({ name: z.string(), description: z.string(), input_schema: z.record(z.string(), z.json()) }))
    .default([]),
  tool_choice: z.looseObject({ type: z.string() }).optional(),
  thinking: thinkingConfig.optional(),
  output_config: z.strictObject({ effort: z.enum(['low', 'medium', 'high']) }).optional(),
};

const requestBody = z
  .strictObject({
    ...promptMembers,
    max_tokens: z.number().int().min(1),
    stream: z.literal(true),
    temperature: z.number().optional(),
  })
  .refine((body) => JSON.stringify(body).split('"cache_control"').length <= 5, 'at most 4 blocks with cache_control')
  .refine(
    ({ thinking, max_tokens }) => thinking?.type !== 'enabled' || thinking.budget_tokens < max_tokens,
    'max_tokens must be greater than thinking.budget_tokens',
  )
  .refine(
    ({ thinking, temperature }) =>
      temperature === undefined || (thinking?.type !== 'enabled' && thinking?.type !== 'adaptive'),
    'temperature may only be set to 1 when thinking is enabled',
  )
  .refine(
    ({ messages }) =>
      messages.every(
        ({ role, content }) => role === 'user' || !isThinking(typeof content === 'string' ? undefined : content.at(-1)),
      ),
    'the final block of an assistant message cannot be `thinking`',
  )
  .refine(isProven, 'Invalid `signature` in `thinking` block. The block is bound to a different conversation.');
const prompt = z.strictObject(promptMembers);
type Prompt = Pick<z.output<typeof prompt>, 'system' | 'tools' | 'messages'>;
type WireBlock = z.output<typeof contentBlock>;

function isThinking(block: { type: string } | undefined): boolean {
  return block?.type === 'thinking' || block?.type === 'redacted_thinking';
}

/** Whether all thinking came from here, and nothing before it was changed since. */
function isProven(body: Prompt): boolean {
  return body.messages.every(
    ({ content }, at) =>
      typeof content === 'string' ||
      content.every(
        (block, place) =>
          block.type !== 'thinking' ||
          block.signature === signatureOf(block.thinking, body, body.messages.slice(0, at), content.slice(0, place)),
      ),
  );
}

/** Stands for what the provider proves its own thinking by: it is bound to all that came before it. */
function signatureOf(
  thinking: string,
  { system, tools }: Pick<Prompt, 'system' | 'tools'>,
  messages: Prompt['messages'],
  content: WireBlock[],
): string {
  const bound = JSON.stringify([thinking, system, tools, messages, content], (name, value: unknown) =>
    name === 'cache_control' ? undefined : value,
  );
  return createHash('sha256').update(bound).digest('base64');
}

export const anthropicFormat: WireFormat = {
  path: '/v1/messages',
  readRequest(body, headers) {
    // What the newer version takes of a temperature.
    const refused = headers['anthropic-version'] === '2026-10-21' && requestBody.parse(body).temperature !== undefined;
    if (refused) throw new Error('`temperature` is not supported in this version of the API');
    const { model, system, messages, max_tokens: maxTokens } = requestBody.parse(body);
    return {
      model,
      system:
        typeof system === 'string'
          ? [{ type: 'text', text: system }]
          : system.map(({ text }) => ({ type: 'text', text })),
      messages: messages.map(({ role, content }): CompletionRequest['messages'][number] => ({
        role,
        content:
          typeof content === 'string'
            ? [{ type: 'text', text: content }]
            : content.map((block) => toBlock(block, `anthropic/${model}`)),
      })),
      tools: [],
      maxTokens,
    };
  },
  writeAnswer: writeAnthropicAnswer,
  writeError: (type, message) => JSON.stringify(errorBody(type, message)),
  writeErrorFrame: (type, message) => frame(errorBody(type, message)),
  count: {
    path: '/v1/messages/count_tokens',
    answer: (body) => JSON.stringify({ input_tokens: estimateTokens(JSON.stringify(prompt.parse(body))) }),
  },
};

export function writeAnthropicAnswer(planned: PlannedTurn, model: string, body: unknown): string[] {
  const { usage, stopReason } = planned;
  const counted = {
    input_tokens: usage.input,
    cache_creation_input_tokens: usage.cacheWrite,
    cache_read_input_tokens: usage.cacheRead,
  };
  const { thinking } = planned;
  const text: ContentBlock[] = planned.text === '' ? [] : [{ type: 'text', text: planned.text }];
  const thought: ContentBlock[] = thinking === '' ? [] : [think(thinking, model, requestBody.parse(body))];
  return [
    frame({
      type: 'message_start',
      message: {
        ...{ id: `msg_${planned.turn}`, type: 'message', role: 'assistant', model, content: [] },
        ...{ stop_reason: null, stop_sequence: null, usage: { ...counted, output_tokens: 1 } },
      },
    }),
    frame({ type: 'ping' }),
    ...[...thought, ...text, ...planned.toolCalls].flatMap((block, index) => writeBlock(block, index, planned.chunk)),
    frame({
      type: 'message_delta',
      delta: { stop_reason: toWireStop(stopReason), stop_sequence: null },
      usage: { ...counted, output_tokens: usage.output },
    }),
    frame({ type: 'message_stop' }),
  ];
}

function think(text: string, model: string, body: Prompt): ContentBlock {
  return { type: 'thinking', text, model, opaque: signatureOf(text, body, body.messages, []) };
}

function writeBlock(block: ContentBlock, index: number, chunk: number): string[] {
  const { start, deltas } = wireParts(block, chunk);
  return [
    frame({ type: 'content_block_start', index, content_block: start }),
    ...deltas.map((delta) => frame({ type: 'content_block_delta', index, delta })),
    frame({ type: 'content_block_stop', index }),
  ];
}

function wireParts(block: ContentBlock, chunk: number): { start: object; deltas: object[] } {
  switch (block.type) {
    case 'text':
      return {
        start: { type: 'text', text: '' },
        deltas: cut(block.text, chunk).map((text) => ({ type: 'text_delta', text })),
      };
    case 'thinking':
      return {
        start: { type: 'thinking', thinking: '', signature: '' },
        deltas: [
          ...cut(block.text, chunk).map((thinking) => ({ type: 'thinking_delta', thinking })),
          { type: 'signature_delta', signature: block.opaque },
        ],
      };
    case 'tool_use':
      return {
        start: { type: 'tool_use', id: block.id, name: block.name, input: {} },
        deltas: ['', ...cut(JSON.stringify(block.input), chunk)].map((json) => ({
          type: 'input_json_delta',
          partial_json: json,
        })),
      };
    case 'image':
    case 'tool_result':
      throw new Error(`No answer holds a block of type ${block.type}.`);
  }
}

/** One server-sent event as this API writes it. */
export function frame(event: { type: string; [member: string]: unknown }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function toWireStop(stopReason: StopReason): string {
  if (stopReason.kind === 'other') return stopReason.raw;
  return stopReason.kind === 'context_exceeded' ? 'model_context_window_exceeded' : stopReason.kind;
}

function toBlock(block: WireBlock, model: string): ContentBlock {
  switch (block.type) {
    case 'thinking':
      return { type: 'thinking', text: block.thinking, model, opaque: { signature: block.signature } };
    case 'redacted_thinking':
      return { type: 'thinking', text: '', model, opaque: { redacted: block.data } };
    case 'text':
      return { type: 'text', text: block.text };
    case 'tool_use':
      return { type: 'tool_use', id: block.id, name: block.name, input: block.input };
    case 'tool_result':
      return {
        type: 'tool_result',
        toolUseId: block.tool_use_id,
        content: block.content,
        isError: block.is_error ?? false,
      };
  }
}

function errorBody(type: string, message: string) {
  return { type: 'error', error: { type, message }, request_id: 'req_of_the_test' };
}
