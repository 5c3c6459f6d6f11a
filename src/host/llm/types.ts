/**
 * The one interface every model stands behind: a request, a stream of events, and a result that is data even when the
 * provider failed. Nothing here knows a provider, a wire format or a database.
 */

export type TextBlock = {
  type: 'text';
  text: string;
  /** The prompt up to here, this block included, is worth keeping for the next request, where the provider lets us say so. */
  cacheBreakpoint?: true;
};
export type ImageBlock = {
  type: 'image';
  mediaType: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';
  /** Base64. */
  data: string;
};
/** What a model thought before it answered. It goes back as it came, and to no other model than the one that thought it. */
export type ThinkingBlock = {
  type: 'thinking';
  /** What of it may be read; '' where the provider shows nothing. */
  text: string;
  /** provider/name of the model that was asked when this was thought; aliases count as names of their own. */
  model: string;
  /**
   * What its provider needs back and only it can read: a signature, redacted or encrypted reasoning. It is gone where the
   * block was changed after it came: what depends on it is then not sent back.
   */
  opaque?: JsonValue;
};
export type ToolUseBlock = {
  type: 'tool_use';
  /** The provider's id of the call; unique within one response, not beyond it. */
  id: string;
  name: string;
  /** The parsed arguments; absent when they did not parse, in which case `invalid` says why. */
  input: JsonValue;
  /** The raw text of arguments that are not a JSON object. Such a call is never run. */
  invalid?: { raw: string; reason: string };
};
export type ToolResultBlock = { type: 'tool_result'; toolUseId: string; content: string; isError: boolean };
export type ContentBlock = TextBlock | ImageBlock | ThinkingBlock | ToolUseBlock | ToolResultBlock;

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

export type Message = { role: 'user' | 'assistant'; content: ContentBlock[] };

export type ToolDefinition = {
  name: string;
  description: string;
  /** A JSON Schema of type object. */
  inputSchema: { [key: string]: JsonValue };
};

/** How much to think before answering. Each provider has its own measure for it; `off` asks for none. */
export type Thinking = 'off' | 'low' | 'medium' | 'high';

export type CompletionRequest = {
  /** The model's own name, without the provider's prefix. */
  model: string;
  system: TextBlock[];
  messages: Message[];
  tools: ToolDefinition[];
  /** Most tokens the answer may have. */
  maxTokens: number;
  temperature?: number;
  /** Absent: as the provider does by itself. */
  thinking?: Thinking;
  toolChoice?: { type: 'auto' } | { type: 'any' } | { type: 'none' } | { type: 'tool'; name: string };
  /**
   * The answer's place in the whole conversation, from 1, answers that were folded away counted. Providers are not told;
   * the scripted model needs it where the messages no longer show it.
   */
  turn?: number;
};

export type StopReason =
  | { kind: 'end_turn' }
  | { kind: 'tool_use' }
  | { kind: 'max_tokens' }
  | { kind: 'stop_sequence' }
  | { kind: 'pause_turn' }
  | { kind: 'refusal' }
  | { kind: 'context_exceeded' }
  /** A reason this version does not know, as the provider wrote it. */
  | { kind: 'other'; raw: string };

/** Tokens. `input` is the whole prompt, with what was read from or written to the provider's cache included. */
export type Usage = {
  input: number;
  cacheRead: number;
  cacheWrite: number;
  output: number;
  reasoning: number;
  /** True where the provider reported none and the figures are our estimate. */
  estimated?: boolean;
  /** What it cost, in micro-dollars, where whoever answered said so himself. */
  costMicros?: number;
};

export type CompletionResponse = {
  /** The provider's id of the response, if it gave one. */
  id?: string;
  /** The model that answered, as the provider names it. */
  model: string;
  content: ContentBlock[];
  stopReason: StopReason;
  usage: Usage;
};

/** Why no complete response came. `message` is for people and never holds a key. */
export type LlmError =
  /** The connection failed before an answer began. */
  | { kind: 'http'; message: string }
  | { kind: 'api'; status: number; type: string; message: string; requestId?: string }
  | { kind: 'rate_limited'; message: string; retryAfterMs?: number }
  | { kind: 'overloaded'; message: string; retryAfterMs?: number }
  /** `key` is the fingerprint of the key that was refused, where one was sent. */
  | { kind: 'auth'; message: string; key?: string }
  /** The account behind the key has no money or no quota left: waiting alone does not help. */
  | { kind: 'insufficient_quota'; message: string; key?: string }
  | { kind: 'context_exceeded'; message: string }
  /** Nobody who could ask the model is there now. That ends when somebody comes. */
  | { kind: 'unavailable'; message: string }
  | { kind: 'refused'; message: string }
  /** The stream ended, or fell silent, before the response was complete. */
  | { kind: 'stream_cut'; message: string }
  | { kind: 'malformed'; message: string }
  /** A program stands in the model's place, and did not end well. */
  | { kind: 'command_failed'; message: string }
  | { kind: 'cancelled'; message: string };

/**
 * What a stream yields. `index` is the content block's position in the response. A stream ends with exactly one `done`
 * or one `failed`, and nothing follows it.
 */
export type LlmEvent =
  | { type: 'text_start'; index: number }
  | { type: 'text_delta'; index: number; text: string }
  | { type: 'text_end'; index: number }
  | { type: 'thinking_start'; index: number }
  | { type: 'thinking_delta'; index: number; text: string }
  | { type: 'thinking_end'; index: number }
  | { type: 'tool_call_start'; index: number; id: string; name: string }
  | { type: 'tool_call_delta'; index: number; json: string }
  | { type: 'tool_call_end'; index: number }
  | { type: 'usage'; usage: Usage }
  /** An attempt failed and another follows after `delayMs`; what this attempt streamed does not count. */
  | { type: 'retry'; attempt: number; delayMs: number; error: LlmError }
  | { type: 'done'; response: CompletionResponse }
  | { type: 'failed'; error: LlmError };

/** How many tokens a request's prompt has, as its provider counts them. */
export type TokenCount = { kind: 'counted'; input: number } | { kind: 'failed'; error: LlmError };

export type ListedModel = {
  /** The model's own name, without the provider's prefix. */
  name: string;
  /** For people, where the provider has one. */
  title?: string;
  /** How many tokens a request may hold, where the provider says it. */
  contextTokens?: number;
};

/** `isComplete` is false where the provider has more models than it was asked for. */
export type ModelListing =
  | { kind: 'listed'; models: ListedModel[]; isComplete: boolean }
  | { kind: 'failed'; error: LlmError };

export interface LlmClient {
  /** The provider's name, the part of a model's name before the slash. */
  readonly provider: string;
  /** Streams one response. Never throws for what the provider does; an aborted `signal` ends in `failed: cancelled`. */
  stream(request: CompletionRequest, signal: AbortSignal): AsyncIterable<LlmEvent>;
  /** Counts without answering, once and without retries; absent where the provider has no such call. Never throws. */
  countTokens?(request: CompletionRequest, signal: AbortSignal): Promise<TokenCount>;
  /** The models that may be asked, as the provider lists them now; absent where it has no list. Never throws. */
  listModels?(signal: AbortSignal): Promise<ModelListing>;
}
