/** How the rows grow while a focus runs. What no later request shows is forgotten, so that a long focus stays small. */
import type { EngageConfig } from '../types.ts';
import { estimateRequest, measureHead, measureMessages } from './measure.ts';
import type { ClosedBlock, ContextCut, ContextRows, RecordedMessage } from './types.ts';
import { forgetLeft, viewContext } from './view.ts';

export type Growth = { messages?: readonly RecordedMessage[]; block?: ClosedBlock | null; cut?: ContextCut | null };

export function grown(rows: ContextRows, { messages = [], block, cut }: Growth): ContextRows {
  const all = {
    messages: [...rows.messages, ...messages],
    blocks: block ? [...rows.blocks, block] : rows.blocks,
    cuts: cut ? [...rows.cuts, cut] : rows.cuts,
  };
  return block || cut ? forgetLeft(all) : all;
}

/** Of the next request, by our own measure, in tokens. */
export function requestTokens(head: Parameters<typeof measureHead>, rows: ContextRows): number {
  return measureHead(...head) + measureMessages(viewContext(rows));
}

/** The same, from what the provider reported for the last one. */
export function estimatePrompt({ system, tools }: Pick<EngageConfig, 'system' | 'tools'>, rows: ContextRows): number {
  const answer = rows.messages.findLast(({ role }) => role === 'assistant');
  return estimateRequest(requestTokens([system, tools], rows), answer);
}
