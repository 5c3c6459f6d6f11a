/** The model that plays a script, in this process and without a network. */
import { createSleep, type Sleep, systemClock } from '../clock.ts';
import type { CompletionResponse, ContentBlock, LlmClient, LlmError, LlmEvent } from '../types.ts';
import type { LoadedScript } from './load-script.ts';
import { type PlannedTurn, planTurn } from './plan.ts';
import type { ScriptedErrorKind } from './script.ts';

export type ScriptedOptions = {
  /** Finds a script by the model's own name, the part after `scripted/`. */
  loadScript: (name: string) => Promise<LoadedScript>;
  sleep?: Sleep;
};

export type ScriptedClient = LlmClient & {
  /** What people must be told wherever this model's output shows; undefined when there is no such script. */
  notice(model: string): Promise<string | undefined>;
};

export function createScriptedClient(options: ScriptedOptions): ScriptedClient {
  const sleep = options.sleep ?? createSleep(systemClock);
  /** How often each entry has failed on purpose so far. */
  const failures = new Map<string, number>();
  return {
    provider: 'scripted',
    async notice(model) {
      const loaded = await options.loadScript(model);
      return loaded.kind === 'script' ? loaded.script.notice : undefined;
    },
    async *stream(request, signal) {
      const loaded = await options.loadScript(request.model);
      if (loaded.kind === 'failed') {
        yield failed({ kind: 'api', status: 404, type: 'script_error', message: loaded.message });
        return;
      }
      const planned = planTurn(loaded.script, request);
      const error = takeError(planned, request.model, failures);
      for await (const event of error === undefined
        ? playTurn(planned, request.model, sleep, signal)
        : [failed(error)]) {
        if (signal.aborted) {
          yield failed({ kind: 'cancelled', message: 'The request was cancelled.' });
          return;
        }
        yield event;
      }
    },
  };
}

function takeError(planned: PlannedTurn, model: string, failures: Map<string, number>): LlmError | undefined {
  if (planned.error === undefined) return undefined;
  const entry = `${model}#${planned.entry}`;
  const before = failures.get(entry) ?? 0;
  if (before >= planned.error.times) return undefined;
  failures.set(entry, before + 1);
  return toLlmError(planned.error.kind);
}

function toLlmError(kind: ScriptedErrorKind): LlmError {
  const message = `The script fails here with ${kind}.`;
  return kind === 'api' ? { kind, status: 500, type: 'api_error', message } : { kind, message };
}

async function* playTurn(
  planned: PlannedTurn,
  model: string,
  sleep: Sleep,
  signal: AbortSignal,
): AsyncGenerator<LlmEvent, void, undefined> {
  const response = toResponse(planned, model);
  if (planned.delayMs > 0) await sleep(planned.delayMs, signal);
  for (const event of response.content.flatMap((block, index) => blockEvents(block, index, planned.chunk))) {
    yield event;
    if (event.type.endsWith('_delta') && planned.chunkDelayMs > 0) await sleep(planned.chunkDelayMs, signal);
  }
  yield { type: 'usage', usage: response.usage };
  yield { type: 'done', response };
}

function toResponse(planned: PlannedTurn, model: string): CompletionResponse {
  return {
    id: `scripted_${planned.turn}`,
    model,
    content: blocksOf(planned, model),
    stopReason: planned.stopReason,
    usage: planned.usage,
  };
}

function blocksOf({ thinking, text, toolCalls }: PlannedTurn, model: string): ContentBlock[] {
  return [
    ...(thinking === '' ? [] : [{ type: 'thinking', text: thinking, model: `scripted/${model}` } as const]),
    ...(text === '' ? [] : [{ type: 'text', text } as const]),
    ...toolCalls,
  ];
}

function blockEvents(block: ContentBlock, index: number, chunk: number): LlmEvent[] {
  if (block.type === 'text') {
    const deltas = cut(block.text, chunk).map((text) => ({ type: 'text_delta', index, text }) as const);
    return [{ type: 'text_start', index }, ...deltas, { type: 'text_end', index }];
  }
  if (block.type === 'thinking') {
    const deltas = cut(block.text, chunk).map((text) => ({ type: 'thinking_delta', index, text }) as const);
    return [{ type: 'thinking_start', index }, ...deltas, { type: 'thinking_end', index }];
  }
  if (block.type !== 'tool_use') return [];
  const deltas = cut(JSON.stringify(block.input), chunk).map(
    (json) => ({ type: 'tool_call_delta', index, json }) as const,
  );
  const { id, name } = block;
  return [{ type: 'tool_call_start', index, id, name }, ...deltas, { type: 'tool_call_end', index }];
}

/** Cuts a text into pieces of `size` characters, never within one. */
export function cut(text: string, size: number): string[] {
  if (text.length <= size) return [text];
  const characters = [...text];
  const pieces = Math.ceil(characters.length / size);
  return Array.from({ length: pieces }, (_, piece) => characters.slice(piece * size, (piece + 1) * size).join(''));
}

function failed(error: LlmError): LlmEvent {
  return { type: 'failed', error };
}
