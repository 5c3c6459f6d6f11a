/** How a window of VS Code is asked, as this client sees it. Who asks it, and over what, is handed in. */
import type { CompletionRequest, JsonValue, LlmError } from '../types.ts';

export type WindowPart =
  | { type: 'text'; text: string }
  | { type: 'tool_call'; id: string; name: string; input: { [key: string]: JsonValue } };

export type WindowEnd = { kind: 'done' } | { kind: 'failed'; error: LlmError };

/**
 * Asks some window that offers the model, `vendor/family or id`. Parts come before the end resolves, and none after it. Never
 * rejects: that no window has the model is the error `unavailable`, that the window went away is `stream_cut`.
 */
export type AskWindow = (
  request: CompletionRequest,
  onPart: (part: WindowPart) => void,
  signal: AbortSignal,
) => Promise<WindowEnd>;
