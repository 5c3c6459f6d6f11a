/** One page of a focus: messages as far as they fit, and the calls that belong to them. */
import * as z from 'zod';
import type { MessageView, ToolCallView } from '../../protocol/focus.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { CostOf } from '../llm/prices.ts';
import type { StoredMessage } from '../store/foci/messages.ts';
import type { ToolCall } from '../store/foci/tool-calls.ts';
import { fitting, jsonBytes, leftOut, PAGE_BYTES } from './page.ts';

/** Calls without their texts are small, and a focus of ten thousand turns has very many of them. */
const MOST_CALLS = 4000;

export type FocusPage = { messages: MessageView[]; tool_calls: ToolCallView[]; next_after_n: number | null };

/** `messages` and `calls` are in order, from where the reader goes on. */
export function focusPage(messages: readonly StoredMessage[], calls: readonly ToolCall[], price: CostOf): FocusPage {
  const page = fitting(messages.map((message) => viewMessage(message, price)));
  const last = page.length < messages.length ? page.at(-1) : undefined;
  const reached = last ? calls.filter(({ turn }) => turn <= last.turn) : calls;
  return { messages: page, tool_calls: viewCalls(reached), next_after_n: last?.n ?? null };
}

function viewMessage({ formatVersion: _, createdAt, content, ...message }: StoredMessage, price: CostOf): MessageView {
  const tooLong = jsonBytes(content) > PAGE_BYTES;
  return {
    ...message,
    content: tooLong ? { blocks: [{ type: 'text', text: leftOut(content) }] } : readable(content),
    cost_usd: costOf(content, price),
    created_at: createdAt.toISOString(),
  };
}

/** Without what only its provider can read: proofs of thinking can be longer than the thinking. */
function readable(content: StoredMessage['content']): StoredMessage['content'] {
  return { ...content, blocks: content.blocks.map(withoutOpaque) };
}

function withoutOpaque(block: JsonValue): JsonValue {
  if (typeof block !== 'object' || block === null || Array.isArray(block)) return block;
  const { opaque: _, ...rest } = block;
  return block.type === 'thinking' ? rest : block;
}

/** What an answer says about itself, as it was recorded. */
const answered = z.object({
  model: z.string(),
  usage: z.object({
    input: z.number(),
    cacheRead: z.number(),
    cacheWrite: z.number(),
    output: z.number(),
    reasoning: z.number(),
  }),
});

function costOf(content: StoredMessage['content'], price: CostOf): number | null {
  const answer = answered.safeParse(content);
  if (!answer.success || answer.data.model.startsWith('scripted/')) return null;
  const micros = price(answer.data.model, answer.data.usage);
  return micros === null ? null : micros / 1_000_000;
}

/** The newest calls are whole as far as they fit: the older ones' texts are in messages that the reader has. */
function viewCalls(calls: readonly ToolCall[]): ToolCallView[] {
  let bytes = 0;
  return calls
    .slice(-MOST_CALLS)
    .map(viewCall)
    .reverse()
    .map((call) => {
      bytes += jsonBytes(call);
      return bytes > PAGE_BYTES ? withoutTexts(call) : call;
    })
    .reverse();
}

function withoutTexts(call: ToolCallView): ToolCallView {
  const result = call.result && { ...call.result, content: leftOut(call.result.content) };
  return { ...call, input: {}, result };
}

function viewCall(call: ToolCall): ToolCallView {
  const { id, turn, position, name, effect, input, state, result, startedAt, endedAt } = call;
  const duration_ms = startedAt && endedAt ? endedAt.getTime() - startedAt.getTime() : null;
  const started_at = startedAt?.toISOString() ?? null;
  return { id, turn, position, name, effect, input, state, result, started_at, duration_ms };
}
