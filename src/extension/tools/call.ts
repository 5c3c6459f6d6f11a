/** Has the tools of VS Code called for the host. Everything of VS Code itself is handed in. */
import type { CallTool } from '../../client/host-client.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { ToolCallEnd, ToolFailure } from '../../protocol/window-tools.ts';
import { type ResultPart, resultText } from './result-text.ts';

export type CallOptions = {
  /** Whether the host was told of it, by VS Code's own name. */
  isOffered(name: string): boolean;
  invoke(name: string, input: JsonObject, signal: AbortSignal): Promise<readonly ResultPart[]>;
  /** Whether VS Code itself, or a person who was asked by it, ended the call. */
  isCancellation(error: unknown): boolean;
  log(level: 'info' | 'warn', message: string): void;
};

const LONGEST_MESSAGE = 500;

export function callWith({ isOffered, invoke, isCancellation, log }: CallOptions): CallTool {
  return async ({ name, input }, signal): Promise<ToolCallEnd> => {
    if (!isOffered(name)) return failed('not_offered', 'This window offers no such tool.');
    log('info', `An agent calls the tool ${name}.`);
    try {
      return { kind: 'done', text: resultText(await invoke(name, input, signal)) };
    } catch (error) {
      if (!signal.aborted) log('warn', `The tool ${name} gave no result: ${messageOf(error)}`);
      return failed(isCancellation(error) ? 'declined' : 'failed', messageOf(error));
    }
  };
}

function failed(reason: ToolFailure, message: string): ToolCallEnd {
  return { kind: 'failed', reason, message };
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.slice(0, LONGEST_MESSAGE).toWellFormed() || 'It gave no reason.';
}
