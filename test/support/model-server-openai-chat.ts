/** OpenAI's Chat Completions as the model server speaks them. */
import * as z from 'zod';
import { cut } from '../../src/host/llm/scripted/client.ts';
import type { PlannedTurn } from '../../src/host/llm/scripted/plan.ts';
import type { CompletionRequest, ContentBlock, Message, StopReason } from '../../src/host/llm/types.ts';
import type { WireFormat } from './model-server.ts';

const text = z.strictObject({ type: z.literal('text'), text: z.string().min(1) });
const image = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({ url: z.string().regex(/^data:image\/\w+;base64,/) }),
});
const call = z.strictObject({
  id: z.string().min(1),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string().min(1), arguments: z.string() }),
});

const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), content: z.string().min(1) }),
  z.strictObject({
    role: z.literal('user'),
    content: z.union([z.string().min(1), z.array(z.discriminatedUnion('type', [text, image])).min(1)]),
  }),
  z
    .strictObject({
      role: z.literal('assistant'),
      content: z.string().nullable(),
      reasoning_content: z.string().optional(),
      tool_calls: z.array(call).min(1).optional(),
    })
    .refine(
      ({ content, tool_calls }) => content !== null || tool_calls !== undefined,
      'content or tool_calls is needed',
    ),
  z.strictObject({ role: z.literal('tool'), tool_call_id: z.string(), content: z.string() }),
]);
type WireMessage = z.output<typeof message>;

/** Strict where the API is: what it would refuse is refused here. */
const requestBody = z
  .strictObject({
    model: z.string(),
    stream: z.literal(true),
    stream_options: z.strictObject({ include_usage: z.literal(true) }).optional(),
    max_completion_tokens: z.int().min(1).optional(),
    max_tokens: z.int().min(1).optional(),
    messages: z.array(message).min(1),
    tools: z
      .array(
        z.strictObject({
          type: z.literal('function'),
          function: z.strictObject({
            name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
            description: z.string(),
            parameters: z.record(z.string(), z.json()),
          }),
        }),
      )
      .min(1)
      .optional(),
    tool_choice: z
      .union([
        z.enum(['auto', 'none', 'required']),
        z.strictObject({ type: z.literal('function'), function: z.strictObject({ name: z.string() }) }),
      ])
      .optional(),
    temperature: z.number().optional(),
    reasoning_effort: z.enum(['none', 'low', 'medium', 'high']).optional(),
  })
  .refine(({ messages }) => isAnsweredInOrder(messages), 'tool_calls must be followed by their tool messages');

/** Every call has its result right after it, and no result comes without a call. */
function isAnsweredInOrder(messages: readonly WireMessage[]): boolean {
  let open = new Set<string>();
  for (const entry of messages) {
    if (entry.role === 'tool') {
      if (!open.delete(entry.tool_call_id)) return false;
    } else {
      if (open.size > 0) return false;
      open = new Set(entry.role === 'assistant' ? (entry.tool_calls ?? []).map(({ id }) => id) : []);
    }
  }
  return open.size === 0;
}

export const chatFormat: WireFormat = {
  path: '/v1/chat/completions',
  readRequest(body) {
    const { model, messages, max_completion_tokens, max_tokens } = requestBody.parse(body);
    return {
      model,
      system: messages.flatMap((entry) =>
        entry.role === 'system' ? [{ type: 'text' as const, text: entry.content }] : [],
      ),
      messages: messages.flatMap(toMessage),
      tools: [],
      maxTokens: max_completion_tokens ?? max_tokens ?? 0,
    };
  },
  writeAnswer: writeChatAnswer,
  writeError: (type, message) => JSON.stringify(errorBody(type, message)),
  writeErrorFrame: (type, message) => chatFrame(errorBody(type, message)),
};

function toMessage(entry: WireMessage): CompletionRequest['messages'] {
  switch (entry.role) {
    case 'system':
      return [];
    case 'user':
      return [
        {
          role: 'user',
          content: typeof entry.content === 'string' ? said(entry.content) : entry.content.flatMap(toBlock),
        },
      ];
    case 'assistant':
      return [{ role: 'assistant', content: [...said(entry.content ?? ''), ...(entry.tool_calls ?? []).map(toCall)] }];
    case 'tool': {
      const { tool_call_id: toolUseId, content } = entry;
      return [{ role: 'user', content: [{ type: 'tool_result', toolUseId, content, isError: false }] }];
    }
  }
}

const said = (words: string): Message['content'] => (words === '' ? [] : [{ type: 'text', text: words }]);

function toBlock(part: z.output<typeof text> | z.output<typeof image>): ContentBlock[] {
  return part.type === 'text' ? [{ type: 'text', text: part.text }] : [];
}

function toCall({ id, function: called }: z.output<typeof call>): ContentBlock {
  return { type: 'tool_use', id, name: called.name, input: JSON.parse(called.arguments) };
}

export function writeChatAnswer(planned: PlannedTurn, model: string): string[] {
  const { usage } = planned;
  const chunk = (members: object) =>
    chatFrame({
      id: `chatcmpl-${planned.turn}`,
      object: 'chat.completion.chunk',
      created: 1_790_000_000,
      model,
      ...members,
    });
  const delta = (members: object, finish_reason: string | null = null) =>
    chunk({ choices: [{ index: 0, delta: members, logprobs: null, finish_reason }], usage: null });
  return [
    delta({ role: 'assistant', content: '', refusal: null }),
    ...cut(planned.thinking, planned.chunk).map((reasoning_content) => delta({ reasoning_content })),
    ...cut(planned.text, planned.chunk).map((content) => delta({ content })),
    ...planned.toolCalls.flatMap(({ id, name, input }, index) => [
      delta({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }),
      ...cut(JSON.stringify(input), planned.chunk).map((json) =>
        delta({ tool_calls: [{ index, function: { arguments: json } }] }),
      ),
    ]),
    delta({}, toFinishReason(planned.stopReason)),
    chunk({
      choices: [],
      usage: {
        prompt_tokens: usage.input,
        completion_tokens: usage.output,
        total_tokens: usage.input + usage.output,
        prompt_tokens_details: { cached_tokens: usage.cacheRead },
        completion_tokens_details: { reasoning_tokens: usage.reasoning },
      },
    }),
    'data: [DONE]\n\n',
  ];
}

/** One chunk as this API writes it. */
export function chatFrame(chunk: object): string {
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

function toFinishReason(stop: StopReason): string {
  switch (stop.kind) {
    case 'end_turn':
    case 'stop_sequence':
      return 'stop';
    case 'tool_use':
      return 'tool_calls';
    case 'max_tokens':
    case 'context_exceeded':
      return 'length';
    case 'refusal':
      return 'content_filter';
    case 'pause_turn':
      return 'pause_turn';
    case 'other':
      return stop.raw;
  }
}

function errorBody(type: string, message: string) {
  return { error: { message, type, param: null, code: null } };
}
