/**
 * What the loop is handed and what it gives back. The journal is its only memory: after a crash a new loop with the same
 * journal goes on where the last one stopped.
 */

import type { Tx } from '../../db/types.ts';
import type {
  ContentBlock,
  JsonValue,
  LlmClient,
  LlmError,
  StopReason,
  Thinking,
  ToolDefinition,
  Usage,
} from '../../llm/types.ts';
import type {
  ClosedBlock,
  ContextCut,
  ContextRows,
  ContextSettings,
  NewMessage,
  RecordedMessage,
  RoomCut,
} from './context/types.ts';
import type { HookDecision, Hooks } from './hooks.ts';
import type { Permissions } from './permissions.ts';
import type { RecordedCall } from './recorded.ts';
import type {
  CallWait,
  Evaluation,
  FilePlan,
  StoredCallWait,
  Tool,
  ToolContext,
  ToolEffect,
  ToolResult,
} from './tool.ts';

export type { NewMessage, RecordedMessage } from './context/types.ts';
export type { RecordedCall } from './recorded.ts';

/** Fixed when the focus begins to engage, and the same for every request of its life. */
export type EngageConfig = {
  /** provider/name. */
  model: string;
  system: string[];
  tools: ToolDefinition[];
  /** Those of MCP servers that say that they only read; absent where there are none. */
  readOnlyTools?: string[];
  maxTurns: number;
  /** Most tokens of one answer. */
  maxTokens: number;
  temperature: number | null;
  /** Null leaves it to the model. */
  thinking: Thinking | null;
  context: ContextSettings;
  /** Most calls of a turn that run at once; 1 runs them in turn. */
  maxParallelTools?: number;
  /** A program of the faculty's stands in the model's place. */
  external?: true;
};

/** A call that gives a result or waits, ready to be evaluated in a transaction of the journal's. */
export type WaitingCall = {
  call: RecordedCall;
  evaluate(stored: StoredCallWait | null, tx: Tx): Promise<Evaluation>;
  /** Set where hooks are to see the result first: what is stored is raw, and this makes the result of it. */
  finish?(raw: ToolResult): Promise<ToolResult>;
};

export type Settled =
  /** Every call has its result, by the call's id. */
  | { kind: 'settled'; results: ReadonlyMap<string, ToolResult> }
  /** Some may be run now, and nothing is parked; the others' results, by the call's id. */
  | { kind: 'ready'; results: ReadonlyMap<string, ToolResult> }
  /** Some still wait: the focus is parked and its lease is gone. What the others gave is stored. */
  | { kind: 'parked'; waitsFor: CallWait['kind'] };

export type CallEnd = 'done' | 'error' | 'blocked' | 'denied' | 'interrupted' | 'cancelled';

/** What hooks made of the requests so far: the prefix as it was sent last. Null where it was never patched. */
export type SentPrefix = { system: string | null; model: string | null };

/** Each function is one fenced transaction, and may be repeated when its answer was lost. */
export interface Journal {
  load(): Promise<{ context: ContextRows; callsOfLastTurn: RecordedCall[] }>;
  /** The answer and its calls in state requested. Gives both as stored: secrets are gone from them. */
  recordAnswer(answer: RecordAnswer): Promise<{ message: RecordedMessage; calls: RecordedCall[] }>;
  /** `plan` is stored with the start: what the call is going to do to a file. */
  startCall(call: RecordedCall, effect: ToolEffect, plan?: FilePlan): Promise<void>;
  /** The plan that a call was started under; undefined where it had none. */
  planOf(call: RecordedCall): Promise<FilePlan | undefined>;
  /** What hooks made of a call's arguments, with their decisions, before it starts. Gives it as stored. */
  keepInput(call: RecordedCall, input: JsonValue, runs: readonly HookDecision[]): Promise<JsonValue>;
  /** What a tool gave, for hooks to see before it becomes the result, with the files that the focus knows by it. Gives it as stored. */
  keepRaw(call: RecordedCall, raw: ToolResult): Promise<ToolResult>;
  /** Stores a result, once, with the decisions of hooks that led to it and the files known by it; gives what is stored. */
  finishCall(call: RecordedCall, end: CallEnd, result: ToolResult, runs?: readonly HookDecision[]): Promise<ToolResult>;
  /**
   * Runs a tool whose effect is rows: effect and result in one transaction. `keep: 'raw'`: hooks are to see the result
   * first, and `finishCall` follows.
   */
  runStoreCall(
    call: RecordedCall,
    effect: ToolEffect,
    run: (tx: Tx) => Promise<ToolResult>,
    keep?: 'raw' | 'result',
  ): Promise<ToolResult>;
  /**
   * Evaluates calls that may wait, behind the lock on the item, and stores the results that there are. Where a call still
   * waits the same transaction parks the focus: all else of the turn has its result by then, or must not run before it.
   */
  settleCalls(waiting: readonly WaitingCall[]): Promise<Settled>;
  /**
   * Results, or a remark of the engine, as the user's half of the turn. Gives it with what was remarked and what people said
   * besides, and with what it meant for the context.
   */
  closeTurn(message: NewMessage): Promise<ClosedTurn>;
  /** What hooks decided about the turn's request, where they were asked already, and what was sent before it. */
  readModelHooks(turn: number): Promise<{ runs: HookDecision[]; sent: SentPrefix }>;
  /** Those decisions, the messages that hooks add, and the breaks of the prefix that the patches are. */
  keepModelHooks(kept: KeepModelHooks): Promise<RecordedMessage[]>;
  /** Decisions of hooks that only look. */
  keepHookRuns(turn: number, runs: readonly HookDecision[]): Promise<void>;
  /** Whether hooks that only look have seen the turn. */
  hasHookRuns(turn: number): Promise<boolean>;
  /** What people said since the last turn was closed, as messages after an answer that called nothing. */
  hearPeople(turn: number): Promise<RecordedMessage[]>;
  /** What a call used whose answer may be in no turn: nothing is held back for it any more. */
  recordSpent(spent: Spent): Promise<void>;
  /** Makes room: what lies before a message leaves, and the ledger as it is, with a summary or without, stands for it. */
  recordCut(cut: RecordCut): Promise<RoomCut>;
}

export type RecordAnswer = {
  turn: number;
  blocks: ContentBlock[];
  stopReason: StopReason;
  usage: Usage;
  /** How large the request was by our own measure, where that is known. */
  requestTokens?: number;
  /** The model that answered, where a hook chose another one. */
  model?: string;
  /** What it used was recorded before. */
  isCounted?: boolean;
};

export type ClosedTurn = { messages: RecordedMessage[]; block: ClosedBlock | null; cut: ContextCut | null };

export type RecordCut = Omit<RoomCut, 'text'> & {
  /** Of a summary: what the model said. */
  summary?: string;
  /** By the call that made it. */
  spent?: Spent;
};

/** What one model call used. `model` is the one that answered, where that is not the focus's own. */
export type Spent = { usage: Usage; model?: string };

export type KeepModelHooks = {
  turn: number;
  runs: readonly HookDecision[];
  /** Texts for the model, in order of asking for them. */
  messages: readonly string[];
  /** What the request's prefix is, in those parts that differ from what was sent before. */
  breaks: Partial<{ system: string; model: string }>;
};

/** For watchers; nothing of it is recorded. */
export type EngageEvent =
  | { type: 'turn_start'; turn: number }
  | { type: 'text'; turn: number; text: string }
  | { type: 'tool_call'; turn: number; name: string }
  /** What was streamed of this turn does not count; it is asked again. */
  | { type: 'retry'; turn: number; reason: string };

/** What the engine asks a person about a focus that may not simply go on. */
export type EngineQuestion = {
  kind: 'budget' | 'stuck';
  /** The newest turn of the conversation. */
  turn: number;
  text: string;
  choices: string[];
  data: { [key: string]: JsonValue };
};

/** A model call that is to be made. */
export type NextCall = {
  /** What it is made with: what the focus was fixed to, or what hooks made of that. */
  config: EngageConfig;
  /** What it sends, as estimated. */
  promptTokens: number;
};

/**
 * What stands before each model call: what the focus may use, and whether it still gets anywhere. The loop decides nothing of
 * this itself.
 */
export interface Limits {
  /** Before a model call of a turn: how the loop ends, or undefined where the call may be made. */
  admit(turn: number, call: NextCall): Promise<EngageResult | undefined>;
  /** The call that was admitted gave no answer that was recorded. */
  noAnswer(error: LlmError): Promise<void>;
  /** When the work has run for as long as it may, by `performance.now()`; Infinity where nothing limits that. */
  runsUntil(): Promise<number>;
  /** What is to be remarked below the results of a turn whose calls all have theirs. */
  warn(turn: number): Promise<string | undefined>;
}

export type EngageDependencies = {
  client: LlmClient;
  /** Another model, by its full name, for a hook that chooses one; undefined where it cannot be used now. */
  openModel(name: string): LlmClient | undefined;
  permissions: Permissions;
  hooks: Hooks;
  tools: ReadonlyMap<string, Tool>;
  journal: Journal;
  limits: Limits;
  context: Omit<ToolContext, 'signal'>;
  emit(event: EngageEvent): void;
  /** Set: end at the next recorded point. */
  stopping: AbortSignal;
  /** Set, and `stopping` with it: no call begins that has not begun. */
  held: AbortSignal;
  /** Set: abort what is under way. */
  abort: AbortSignal;
};

export type EngageResult =
  /** `chosen`: the model that failed, where hooks had chosen another one than the focus's own. */
  { kind: 'model_failed'; error: LlmError; chosen?: { model: string; provider: string } } | LoopEnd;

/** How the loop ends where its model answered, or was not needed. */
export type LoopEnd =
  | { kind: 'end_turn'; text: string }
  /** A budget is used up, and nobody is there to be asked for more. */
  | { kind: 'budget'; message: string }
  /** It goes round in circles, and nobody is there to be asked. */
  | { kind: 'stuck'; message: string }
  /** It goes on when a person has answered. */
  | { kind: 'asks'; question: EngineQuestion }
  /** The store has spent what it may spend in a day. */
  | { kind: 'day_over'; endsInMs: number }
  /** A cost is limited, and nobody knows what the model costs. */
  | { kind: 'unpriced'; message: string }
  | { kind: 'refusal'; message: string }
  /** A hook blocked the model call. */
  | { kind: 'blocked'; message: string }
  /** A call waits: the journal has parked the focus, and nothing is left to write. */
  | { kind: 'parked'; waitsFor: CallWait['kind'] }
  /** Asked to stop; the rest is for the next host. */
  | { kind: 'stopped' };
