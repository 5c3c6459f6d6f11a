/** One page of a focus: messages as far as they fit, and the calls and hooks that belong to them. */
import * as z from 'zod';
import type { HookRunView, MessageView, ToolCallView } from '../../protocol/focus.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { CostOf } from '../llm/prices.ts';
import type { ListedHookRuns } from '../store/foci/hook-runs.ts';
import type { StoredMessage } from '../store/foci/messages.ts';
import type { ToolCall } from '../store/foci/tool-calls.ts';
import { type CallFacts, viewCalls } from './call-views.ts';
import { viewHookRuns } from './hook-run-views.ts';
import { fitting, jsonBytes, leftOut, PAGE_BYTES } from './page.ts';

export type FocusPage = {
  messages: MessageView[];
  tool_calls: ToolCallView[];
  hook_runs: HookRunView[];
  hook_runs_left_out: boolean;
  next_after_n: number | null;
};

/** What a page reaches is known before anything else is read for it. */
export type MessagePage = Pick<FocusPage, 'messages' | 'next_after_n'> & {
  /** Null where it is the last page. */
  throughTurn: number | null;
};

/** All in order, from where the reader goes on. `hookRuns`: of the page's turns. */
export type FocusRows = CallFacts & {
  calls: readonly ToolCall[];
  hookRuns: ListedHookRuns;
};

export function messagePage(messages: readonly StoredMessage[], price: CostOf): MessagePage {
  const page = fitting(messages.map((message) => viewMessage(message, price)));
  const last = page.length < messages.length ? page.at(-1) : undefined;
  return { messages: page, next_after_n: last?.n ?? null, throughTurn: last?.turn ?? null };
}

export function focusPage(page: MessagePage, { calls, hookRuns, ...facts }: FocusRows): FocusPage {
  const { throughTurn, ...told } = page;
  const isReached = ({ turn }: { turn: number }) => throughTurn === null || turn <= throughTurn;
  return {
    ...told,
    tool_calls: viewCalls(calls.filter(isReached), facts),
    hook_runs: viewHookRuns(hookRuns.runs),
    hook_runs_left_out: hookRuns.isCut,
  };
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
