/** A model whose answers are written down: by turn, so that a loop that goes on is answered as it would have been. */
import type {
  CompletionRequest,
  ContentBlock,
  JsonValue,
  LlmClient,
  LlmError,
  LlmEvent,
  StopReason,
  ThinkingBlock,
  ToolUseBlock,
} from '../../src/host/llm/types.ts';

export type WrittenCall = {
  name: string;
  input?: JsonValue;
  id?: string;
  invalid?: ToolUseBlock['invalid'];
};

export type WrittenAnswer =
  | {
      /** What the answer begins with. */
      thoughts?: readonly ThinkingBlock[];
      text?: string;
      calls?: readonly WrittenCall[];
      stop?: StopReason['kind'];
      /** The answer comes when this does. */
      after?: Promise<unknown>;
    }
  | { error: LlmError };

export type WrittenModel = LlmClient & { requests: CompletionRequest[] };

const USAGE = { input: 100, cacheRead: 0, cacheWrite: 0, output: 10, reasoning: 0 };

/** Answers turn n with the n-th answer, or with what the function gives; beyond the last one it fails. */
export function writtenModel(
  answers: readonly WrittenAnswer[] | ((turn: number, request: CompletionRequest) => WrittenAnswer),
  provider = 'written',
): WrittenModel {
  const requests: CompletionRequest[] = [];
  return {
    provider,
    requests,
    async *stream(request, signal) {
      requests.push(structuredClone(request));
      const turn = request.turn ?? 0;
      const answer = typeof answers === 'function' ? answers(turn, request) : answers[turn - 1];
      yield* play(
        answer ?? { error: { kind: 'malformed', message: `Nothing is written for turn ${turn}.` } },
        turn,
        signal,
      );
    },
  };
}

async function* play(answer: WrittenAnswer, turn: number, signal: AbortSignal): AsyncGenerator<LlmEvent> {
  if ('error' in answer) {
    yield { type: 'failed', error: answer.error };
    return;
  }
  const { thoughts = [], text, calls = [], after = Promise.resolve() } = answer;
  for (const piece of text?.match(/[\s\S]{1,3}/g) ?? []) yield { type: 'text_delta', index: 0, text: piece };
  await Promise.race([after, aborted(signal)]);
  if (signal.aborted) {
    yield { type: 'failed', error: { kind: 'cancelled', message: 'The request was cancelled.' } };
    return;
  }
  const content: ContentBlock[] = [
    ...thoughts,
    ...(text === undefined ? [] : [{ type: 'text', text } as const]),
    ...calls.map(({ name, input = {}, id, invalid }, at): ToolUseBlock => {
      return { type: 'tool_use', id: id ?? `call_${turn}_${at}`, name, input, ...(invalid ? { invalid } : {}) };
    }),
  ];
  for (const [index, block] of content.entries()) {
    if (block.type === 'tool_use') yield { type: 'tool_call_start', index, id: block.id, name: block.name };
  }
  const kind = answer.stop ?? (calls.length > 0 ? 'tool_use' : 'end_turn');
  const stopReason: StopReason = kind === 'other' ? { kind, raw: 'odd' } : { kind };
  yield { type: 'done', response: { model: 'written', content, stopReason, usage: USAGE } };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
