/** The parts of a window's answer as events, and as the response that they add up to. */
import { cleanText } from '../clean-text.ts';
import { estimateTokens } from '../estimate-tokens.ts';
import type { AttemptEvent } from '../retry.ts';
import { checkToolArguments } from '../tool-arguments.ts';
import type { CompletionRequest, ContentBlock, ToolUseBlock, Usage } from '../types.ts';
import type { WindowPart } from './ask.ts';

/** The longest answer, in characters: far more than any model writes at once. */
export const LONGEST_ANSWER = 4 * 1024 * 1024;
export const MOST_CALLS = 200;

export class AnswerReader {
  #request: CompletionRequest;
  #content: ContentBlock[] = [];
  #length = 0;
  /** The first half of a character whose second has not come yet. */
  #half = '';

  constructor(request: CompletionRequest) {
    this.#request = request;
  }

  /** The events of one part; the last of them is `failed` where the answer grows beyond all bounds. */
  take(part: WindowPart): AttemptEvent[] {
    this.#length += part.type === 'text' ? part.text.length : JSON.stringify(part.input).length;
    const calls = this.#content.filter(({ type }) => type === 'tool_use').length;
    if (this.#length > LONGEST_ANSWER || calls > MOST_CALLS) {
      return [
        { type: 'failed', error: { kind: 'malformed', message: 'The answer is longer than any answer may be.' } },
      ];
    }
    if (part.type === 'tool_call') return this.#call(part);
    const text = this.#half + part.text;
    this.#half = /[\ud800-\udbff]$/.exec(text)?.[0] ?? '';
    return this.#text(cleanText(text.slice(0, text.length - this.#half.length)));
  }

  /** What ends the stream. */
  end(): AttemptEvent[] {
    const ended = this.#endText();
    const usage = estimateUsage(this.#request, this.#content);
    const hasCalls = this.#content.some(({ type }) => type === 'tool_use');
    const response = {
      model: this.#request.model,
      content: this.#content,
      stopReason: { kind: hasCalls ? ('tool_use' as const) : ('end_turn' as const) },
      usage,
    };
    return [...ended, { type: 'usage', usage }, { type: 'done', response }];
  }

  #text(text: string): AttemptEvent[] {
    if (text === '') return [];
    const last = this.#content.at(-1);
    if (last?.type === 'text') {
      last.text += text;
      return [{ type: 'text_delta', index: this.#content.length - 1, text }];
    }
    const index = this.#content.push({ type: 'text', text }) - 1;
    return [
      { type: 'text_start', index },
      { type: 'text_delta', index, text },
    ];
  }

  #call({ id, name, input }: Extract<WindowPart, { type: 'tool_call' }>): AttemptEvent[] {
    const ended = this.#endText();
    const json = JSON.stringify(input);
    const checked = checkToolArguments(input, json);
    const block: ToolUseBlock = { type: 'tool_use', id: cleanText(id), name: cleanText(name), input: null };
    if (checked.kind === 'parsed') block.input = checked.input;
    else block.invalid = { raw: checked.raw, reason: checked.reason };
    const index = this.#content.push(block) - 1;
    return [
      ...ended,
      { type: 'tool_call_start', index, id: block.id, name: block.name },
      { type: 'tool_call_delta', index, json: checked.kind === 'parsed' ? JSON.stringify(checked.input) : checked.raw },
      { type: 'tool_call_end', index },
    ];
  }

  #endText(): AttemptEvent[] {
    const rest = this.#text(cleanText(this.#half));
    this.#half = '';
    const index = this.#content.length - 1;
    return this.#content.at(-1)?.type === 'text' ? [...rest, { type: 'text_end', index }] : rest;
  }
}

/** VS Code reports no usage: what was sent and came back is counted by its length. */
function estimateUsage({ system, messages, tools }: CompletionRequest, content: readonly ContentBlock[]): Usage {
  const sent = [...system, ...messages.flatMap((message) => message.content)];
  const input = sent.map(lengthOf).reduce(sum, 0) + (tools.length === 0 ? 0 : estimateTokens(JSON.stringify(tools)));
  const output = content.map(lengthOf).reduce(sum, 0);
  return { input, cacheRead: 0, cacheWrite: 0, output, reasoning: 0, estimated: true };
}

const sum = (a: number, b: number) => a + b;

/** An image is no text; providers count them at about this. */
const IMAGE_TOKENS = 1500;

function lengthOf(block: ContentBlock): number {
  switch (block.type) {
    case 'text':
      return estimateTokens(block.text);
    case 'image':
      return IMAGE_TOKENS;
    case 'thinking':
      return 0; // it is not sent
    case 'tool_use':
      return estimateTokens(block.name + (block.invalid?.raw ?? JSON.stringify(block.input)));
    case 'tool_result':
      return estimateTokens(block.content);
  }
}
