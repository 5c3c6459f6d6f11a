/** What hooks are to the loop: it is handed them, and imports none. Whatever a hook does comes back as a decision. */
import type { CompletionRequest, JsonValue } from '../../llm/types.ts';
import type { RecordedCall } from './recorded.ts';
import type { ToolEffect, ToolResult } from './tool.ts';

export type HookEvent = 'BeforeLLMCall' | 'BeforeToolCall' | 'AfterToolCall' | 'AfterTurn';

/** One hook's part in one event, as it is recorded. */
export type HookDecision = {
  id: string;
  event: HookEvent;
  hook: string;
  /**
   * `marked`: it only looked and its answer does not count, or it failed and may. `blocked` is also what a guard is that
   * failed, with the reason.
   */
  outcome: 'allowed' | 'blocked' | 'modified' | 'marked';
  reason: string | null;
  /** The patch, as it was applied. */
  patch: { [key: string]: JsonValue } | null;
  exitCode: number | null;
  stderrTail: string;
  durationMs: number;
  /** Of a model call that is for no turn. */
  purpose?: 'summary';
};

/** What a hook may change of a request. `tools_removed` are refused when they are called: the request keeps its bytes. */
export type ModelPatch = {
  system?: string;
  /** Texts that join the conversation, as a user's. */
  messages?: string[];
  tools_removed?: string[];
  model?: string;
  temperature?: number;
  max_tokens?: number;
};

export type BeforeTool = {
  call: RecordedCall;
  effect: ToolEffect;
  input: JsonValue;
  /** What is wrong with arguments that a hook made; undefined where nothing is. */
  complaint(input: JsonValue): string | undefined;
};

export type BeforeToolVerdict =
  /** No hook is about this call. */
  | { kind: 'none' }
  | { kind: 'pass'; input: JsonValue; runs: HookDecision[] }
  | { kind: 'block'; reason: string; runs: HookDecision[] };

export type AfterTool = {
  call: RecordedCall;
  effect: ToolEffect;
  input: JsonValue;
  result: ToolResult;
  /** Null where the host that ran it is gone. */
  durationMs: number | null;
};

export type BeforeModel = {
  turn: number;
  /** provider/name. */
  model: string;
  request: CompletionRequest;
  /** A summary makes room in the context. What a patch says of the conversation does not concern it. */
  purpose: 'answer' | 'summary';
  /** How many characters hooks may add to the conversation in this turn. */
  messageRoom: number;
  /** Whether a model that a hook chooses can be used now. */
  isUsable(model: string): boolean;
};

export type AfterTurn = { turn: number; model: string; stopReason: string; toolCalls: number };

export interface Hooks {
  /** Whether any hook is to be asked. `subject`: a tool's name, or the model's. */
  matches(event: HookEvent, subject: string): Promise<boolean>;
  beforeTool(asked: BeforeTool, signal: AbortSignal): Promise<BeforeToolVerdict>;
  afterTool(asked: AfterTool, signal: AbortSignal): Promise<{ result: ToolResult; runs: HookDecision[] }>;
  beforeModel(asked: BeforeModel, signal: AbortSignal): Promise<HookDecision[]>;
  afterTurn(asked: AfterTurn, signal: AbortSignal): Promise<HookDecision[]>;
}
