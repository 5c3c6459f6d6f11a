/** Anthropic's Messages API as the model server speaks it. */
import * as z from 'zod';
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

/** Strict where the API is: what it would refuse is refused here. */
const requestBody = z.strictObject({
  model: z.string(),
  max_tokens: z.number().int().min(1),
  stream: z.literal(true),
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
  temperature: z.number().optional(),
});
type WireBlock = z.output<typeof contentBlock>;

export const anthropicFormat: WireFormat = {
  path: '/v1/messages',
  readRequest(body) {
    const { model, system, messages, max_tokens: maxTokens } = requestBody.parse(body);
    return {
      model,
      system:
        typeof system === 'string'
          ? [{ type: 'text', text: system }]
          : system.map(({ text }) => ({ type: 'text', text })),
      messages: messages.map(({ role, content }): CompletionRequest['messages'][number] => ({
        role,
        content: typeof content === 'string' ? [{ type: 'text', text: content }] : content.map(toBlock),
      })),
      tools: [],
      maxTokens,
    };
  },
  writeAnswer: writeAnthropicAnswer,
  writeError: (type, message) => JSON.stringify(errorBody(type, message)),
  writeErrorFrame: (type, message) => frame(errorBody(type, message)),
};

export function writeAnthropicAnswer(planned: PlannedTurn, model: string): string[] {
  const { usage, stopReason } = planned;
  const counted = {
    input_tokens: usage.input,
    cache_creation_input_tokens: usage.cacheWrite,
    cache_read_input_tokens: usage.cacheRead,
  };
  const text: ContentBlock[] = planned.text === '' ? [] : [{ type: 'text', text: planned.text }];
  return [
    frame({
      type: 'message_start',
      message: {
        ...{ id: `msg_${planned.turn}`, type: 'message', role: 'assistant', model, content: [] },
        ...{ stop_reason: null, stop_sequence: null, usage: { ...counted, output_tokens: 1 } },
      },
    }),
    frame({ type: 'ping' }),
    ...[...text, ...planned.toolCalls].flatMap((block, index) => writeBlock(block, index, planned.chunk)),
    frame({
      type: 'message_delta',
      delta: { stop_reason: toWireStop(stopReason), stop_sequence: null },
      usage: { ...counted, output_tokens: usage.output },
    }),
    frame({ type: 'message_stop' }),
  ];
}

function writeBlock(block: ContentBlock, index: number, chunk: number): string[] {
  if (block.type !== 'text' && block.type !== 'tool_use') return [];
  const start =
    block.type === 'text'
      ? { type: 'text', text: '' }
      : { type: 'tool_use', id: block.id, name: block.name, input: {} };
  const deltas =
    block.type === 'text'
      ? cut(block.text, chunk).map((text) => ({ type: 'text_delta', text }))
      : ['', ...cut(JSON.stringify(block.input), chunk)].map((json) => ({
          type: 'input_json_delta',
          partial_json: json,
        }));
  return [
    frame({ type: 'content_block_start', index, content_block: start }),
    ...deltas.map((delta) => frame({ type: 'content_block_delta', index, delta })),
    frame({ type: 'content_block_stop', index }),
  ];
}

/** One server-sent event as this API writes it. */
export function frame(event: { type: string; [member: string]: unknown }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function toWireStop(stopReason: StopReason): string {
  if (stopReason.kind === 'other') return stopReason.raw;
  return stopReason.kind === 'context_exceeded' ? 'model_context_window_exceeded' : stopReason.kind;
}

function toBlock(block: WireBlock): ContentBlock {
  switch (block.type) {
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
