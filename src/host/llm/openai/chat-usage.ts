import { estimateTokens } from '../estimate-tokens.ts';
import type { CompletionRequest, ContentBlock, Usage } from '../types.ts';
import type { ChatUsage, WireChunk } from './chat-wire.ts';

/** The usage that a chunk reports, wherever its server puts it; undefined where it reports none. */
export function usageOf({ usage, x_groq, choices }: WireChunk): Usage | undefined {
  const reports = [usage, x_groq?.usage, ...(choices ?? []).map((choice) => choice.usage)];
  const report = reports.find((candidate) => candidate != null);
  // Zeros stand for a report where a server has none.
  if (report == null || !((report.prompt_tokens ?? 0) > 0 || (report.completion_tokens ?? 0) > 0)) return undefined;
  return toUsage(report);
}

/** Each report counts from the start of the response, so it replaces the one before. */
function toUsage(report: ChatUsage): Usage {
  const input = report.prompt_tokens ?? 0;
  const cacheRead = report.prompt_tokens_details?.cached_tokens ?? report.prompt_cache_hit_tokens ?? 0;
  return {
    input,
    cacheRead: Math.min(cacheRead, input),
    cacheWrite: Math.min(report.prompt_tokens_details?.cache_write_tokens ?? 0, Math.max(0, input - cacheRead)),
    output: report.completion_tokens ?? 0,
    reasoning: report.completion_tokens_details?.reasoning_tokens ?? 0,
  };
}

/** Where a server counts nothing. Images count as nobody knows how much, and so as nothing. */
export function estimateUsage(request: CompletionRequest, content: readonly ContentBlock[]): Usage {
  const reasoning = content.flatMap((block) => (block.type === 'thinking' ? [block.text] : [])).join('');
  const said = content.map((block) => {
    if (block.type === 'text') return block.text;
    return block.type === 'tool_use' ? block.name + (block.invalid?.raw ?? JSON.stringify(block.input)) : '';
  });
  const isImage = (value: unknown) => typeof value === 'object' && value !== null && 'mediaType' in value;
  const asked = JSON.stringify([request.system, request.tools, request.messages], (_, value: unknown) =>
    isImage(value) ? undefined : value,
  );
  return {
    input: estimateTokens(asked),
    cacheRead: 0,
    cacheWrite: 0,
    output: estimateTokens(said.join('') + reasoning),
    reasoning: estimateTokens(reasoning),
    estimated: true,
  };
}
