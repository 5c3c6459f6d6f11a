/** OpenAI's Responses API as the model server speaks it. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { cut } from '../../src/host/llm/scripted/client.ts';
import type { PlannedTurn } from '../../src/host/llm/scripted/plan.ts';
import type { ContentBlock, Message, StopReason, ToolUseBlock } from '../../src/host/llm/types.ts';
import type { WireFormat } from './model-server.ts';

const inputPart = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('input_text'), text: z.string().min(1) }),
  z.strictObject({
    type: z.literal('input_image'),
    image_url: z.string().regex(/^data:image\/\w+;base64,/),
    detail: z.enum(['auto', 'low', 'high']),
  }),
]);

const summaryPart = z.strictObject({ type: z.literal('summary_text'), text: z.string() });

const inputItem = z.union([
  z.strictObject({ type: z.literal('message'), role: z.literal('user'), content: z.array(inputPart).min(1) }),
  z.strictObject({ type: z.literal('message'), role: z.literal('assistant'), content: z.string().min(1) }),
  z
    .strictObject({
      type: z.literal('reasoning'),
      id: z.string().regex(/^rs_/),
      summary: z.array(summaryPart),
      encrypted_content: z.string(),
    })
    .refine(
      ({ summary, encrypted_content }) => encrypted_content === encrypted(summary.map((part) => part.text).join('')),
      'the encrypted content could not be verified',
    ),
  z.strictObject({
    ...{ type: z.literal('function_call'), call_id: z.string(), name: z.string().min(1), arguments: z.string() },
  }),
  z.strictObject({ type: z.literal('function_call_output'), call_id: z.string(), output: z.string() }),
]);
type InputItem = z.output<typeof inputItem>;

/** Strict where the API is: what it would refuse is refused here. */
const requestBody = z
  .strictObject({
    model: z.string(),
    stream: z.literal(true),
    store: z.literal(false),
    include: z.tuple([z.literal('reasoning.encrypted_content')]).optional(),
    max_output_tokens: z.int().min(16),
    instructions: z.string().min(1).optional(),
    input: z.array(inputItem).min(1),
    tools: z
      .array(
        z.strictObject({
          type: z.literal('function'),
          name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
          description: z.string(),
          parameters: z.record(z.string(), z.json()),
          strict: z.literal(false),
        }),
      )
      .min(1)
      .optional(),
    tool_choice: z
      .union([z.enum(['auto', 'none', 'required']), z.strictObject({ type: z.literal('function'), name: z.string() })])
      .optional(),
    temperature: z.number().optional(),
    reasoning: z
      .strictObject({ effort: z.enum(['none', 'low', 'medium', 'high']), summary: z.literal('auto').optional() })
      .optional(),
  })
  .refine(
    ({ input }) => isFollowed(input),
    'an item of type reasoning was provided without its required following item',
  )
  .refine(({ input }) => isAnswered(input), 'No tool output found for a function call');

function isFollowed(input: readonly InputItem[]): boolean {
  return input.every((item, index) => {
    const next = input[index + 1];
    const comesOfIt = next?.type === 'reasoning' || next?.type === 'function_call' || isSaid(next);
    return item.type !== 'reasoning' || comesOfIt;
  });
}

const isSaid = (item: InputItem | undefined) => item?.type === 'message' && item.role === 'assistant';

function isAnswered(input: readonly InputItem[]): boolean {
  const ids = (type: 'function_call' | 'function_call_output') =>
    input.flatMap((item) => (item.type === type ? [item.call_id] : [])).sort();
  return JSON.stringify(ids('function_call')) === JSON.stringify(ids('function_call_output'));
}

/** Stands for what only the provider can read. */
export function encrypted(thoughts: string): string {
  return createHash('sha256').update(thoughts).digest('base64');
}

export const responsesFormat: WireFormat = {
  path: '/v1/responses',
  readRequest(body) {
    const { model, instructions, input, max_output_tokens: maxTokens } = requestBody.parse(body);
    return {
      model,
      system: instructions === undefined ? [] : [{ type: 'text', text: instructions }],
      messages: toMessages(input),
      tools: [],
      maxTokens,
    };
  },
  writeAnswer: writeResponsesAnswer,
  writeError: (type, message) => JSON.stringify({ error: { message, type, param: null, code: null } }),
  writeErrorFrame: (type, message) => responsesFrame({ type: 'error', code: type, message, param: null }),
};

/** Items of one side that stand together are one message. */
function toMessages(input: readonly InputItem[]): Message[] {
  const messages: Message[] = [];
  for (const item of input) {
    const role =
      item.type === 'function_call_output' || (item.type === 'message' && item.role === 'user') ? 'user' : 'assistant';
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(...toBlocks(item));
    else messages.push({ role, content: toBlocks(item) });
  }
  return messages;
}

function toBlocks(item: InputItem): ContentBlock[] {
  switch (item.type) {
    case 'message':
      if (item.role === 'assistant') return [{ type: 'text', text: item.content }];
      return item.content.flatMap((part) =>
        part.type === 'input_text' ? [{ type: 'text' as const, text: part.text }] : [],
      );
    case 'function_call':
      return [{ type: 'tool_use', id: item.call_id, name: item.name, input: JSON.parse(item.arguments) }];
    case 'function_call_output':
      return [{ type: 'tool_result', toolUseId: item.call_id, content: item.output, isError: false }];
    case 'reasoning':
      return [];
  }
}

type Item = { type: string; id: string; [member: string]: unknown };

export function writeResponsesAnswer(planned: PlannedTurn, model: string): string[] {
  const items: Item[] = [
    ...(planned.thinking === '' ? [] : [reasoningItem(planned)]),
    ...(planned.text === '' ? [] : [messageItem(planned)]),
    ...planned.toolCalls.map((call, index) => callItem(call, index)),
  ];
  const response = { ...emptyResponse(planned, model), status: 'in_progress' };
  const end = toEnd(planned.stopReason);
  const whole = { ...response, ...end.members, output: items, usage: toWireUsage(planned) };
  return numbered([
    { type: 'response.created', response },
    { type: 'response.in_progress', response },
    ...items.flatMap((item, index) => writeItem(item, index, planned.chunk)),
    { type: end.type, response: whole },
  ]);
}

function emptyResponse(planned: PlannedTurn, model: string) {
  return {
    ...{ id: `resp_${planned.turn}`, object: 'response', created_at: 1_790_000_000, model, output: [] },
    ...{ error: null, incomplete_details: null, instructions: null, metadata: {}, parallel_tool_calls: true },
    ...{ temperature: 1, tool_choice: 'auto', tools: [], top_p: 1, store: false, usage: null },
  };
}

function toEnd(stop: StopReason): { type: string; members: object } {
  const incomplete = (reason: string) => ({
    type: 'response.incomplete',
    members: { status: 'incomplete', incomplete_details: { reason } },
  });
  if (stop.kind === 'max_tokens' || stop.kind === 'context_exceeded') return incomplete('max_output_tokens');
  if (stop.kind === 'refusal') return incomplete('content_filter');
  return { type: 'response.completed', members: { status: 'completed' } };
}

function toWireUsage({ usage }: PlannedTurn) {
  return {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cacheRead },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning },
    total_tokens: usage.input + usage.output,
  };
}

function reasoningItem({ thinking, turn }: PlannedTurn): Item {
  const summary = [{ type: 'summary_text', text: thinking }];
  return { id: `rs_${turn}`, type: 'reasoning', summary, encrypted_content: encrypted(thinking) };
}

function messageItem({ text, turn }: PlannedTurn): Item {
  const content = [{ type: 'output_text', text, annotations: [] }];
  return { id: `msg_${turn}`, type: 'message', status: 'completed', role: 'assistant', content };
}

function callItem({ id, name, input }: ToolUseBlock, index: number): Item {
  const members = { call_id: id, name, arguments: JSON.stringify(input) };
  return { id: `fc_${index}`, type: 'function_call', status: 'completed', ...members };
}

type Event = { type: string; [member: string]: unknown };

function writeItem(item: Item, output_index: number, chunk: number): Event[] {
  const place = { item_id: item.id, output_index };
  const { begun, events } = itemEvents(item, chunk);
  return [
    { type: 'response.output_item.added', output_index, item: { ...item, ...begun } },
    ...events.map((event) => ({ ...place, ...event })),
    { type: 'response.output_item.done', output_index, item },
  ];
}

function itemEvents(item: Item, chunk: number): { begun: object; events: Event[] } {
  if (item.type === 'function_call') {
    const json = String(item.arguments);
    return {
      begun: { arguments: '', status: 'in_progress' },
      events: [
        ...cut(json, chunk).map((delta) => ({ type: 'response.function_call_arguments.delta', delta })),
        { type: 'response.function_call_arguments.done', arguments: json, name: item.name },
      ],
    };
  }
  if (item.type === 'reasoning') {
    const [{ text }] = item.summary as [{ text: string }];
    const at = { summary_index: 0 };
    return {
      begun: { summary: [], encrypted_content: '' },
      events: [
        { type: 'response.reasoning_summary_part.added', ...at, part: { type: 'summary_text', text: '' } },
        ...cut(text, chunk).map((delta) => ({ type: 'response.reasoning_summary_text.delta', ...at, delta })),
        { type: 'response.reasoning_summary_text.done', ...at, text },
        { type: 'response.reasoning_summary_part.done', ...at, part: { type: 'summary_text', text } },
      ],
    };
  }
  const [part] = item.content as [{ text: string }];
  const at = { content_index: 0 };
  return {
    begun: { content: [], status: 'in_progress' },
    events: [
      { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
      ...cut(part.text, chunk).map((delta) => ({ type: 'response.output_text.delta', ...at, delta, logprobs: [] })),
      { type: 'response.output_text.done', ...at, text: part.text, logprobs: [] },
      { type: 'response.content_part.done', ...at, part },
    ],
  };
}

function numbered(events: Event[]): string[] {
  return events.map((event, sequence_number) => responsesFrame({ ...event, sequence_number }));
}

/** One server-sent event as this API writes it. */
export function responsesFrame(event: Event): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
