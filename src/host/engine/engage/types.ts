/**
 * What the loop is handed and what it gives back. The journal is its only memory: after a crash a new loop with the same
 * journal goes on where the last one stopped.
 */

import type { Tx } from '../../db/types.ts';
import type { ContentBlock, LlmClient, LlmError, StopReason, ToolDefinition, Usage } from '../../llm/types.ts';
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
};

/** A message as it was recorded. Assistant messages say how they ended. */
export type RecordedMessage = {
  turn: number;
  role: 'user' | 'assistant';
  kind: 'task' | 'assistant' | 'tool_results' | 'remark' | 'person';
  blocks: ContentBlock[];
  stopReason?: StopReason;
};

export type RecordedCall = {
  id: string;
  position: number;
  /** The provider's id, which pairs call and result. */
  providerCallId: string;
  name: string;
  input: unknown;
  /** Set where the arguments did not parse; such a call is answered and never run. */
  invalid?: { raw: string; reason: string };
  /** Started, and no result recorded: the process that ran it is gone. */
  started: boolean;
  /** It was evaluated before, and the focus parked for it. */
  waiting: boolean;
  result: ToolResult | null;
};

/** A call that gives a result or waits, ready to be evaluated in a transaction of the journal's. */
export type WaitingCall = {
  call: RecordedCall;
  evaluate(stored: StoredCallWait | null, tx: Tx): Promise<Evaluation>;
};

export type Settled =
  /** Every call has its result, by the call's id. */
  | { kind: 'settled'; results: ReadonlyMap<string, ToolResult> }
  /** Some still wait: the focus is parked and its lease is gone. What the others gave is stored. */
  | { kind: 'parked'; waitsFor: CallWait['kind'] };

export type CallEnd = 'done' | 'error' | 'interrupted' | 'cancelled';

/** Each function is one fenced transaction, and may be repeated when its answer was lost. */
export interface Journal {
  load(): Promise<{ messages: RecordedMessage[]; callsOfLastTurn: RecordedCall[] }>;
  /** The answer and its calls in state requested. Gives both as stored: secrets are gone from them. */
  recordAnswer(answer: RecordAnswer): Promise<{ message: RecordedMessage; calls: RecordedCall[] }>;
  /** `plan` is stored with the start: what the call is going to do to a file. */
  startCall(call: RecordedCall, effect: ToolEffect, plan?: FilePlan): Promise<void>;
  /** The plan that a call was started under; undefined where it had none. */
  planOf(call: RecordedCall): Promise<FilePlan | undefined>;
  /** Stores a result, once, with the files that the focus knows by it; gives what is stored. */
  finishCall(call: RecordedCall, end: CallEnd, result: ToolResult): Promise<ToolResult>;
  /** Runs a tool whose effect is rows: effect and result in one transaction. */
  runStoreCall(call: RecordedCall, effect: ToolEffect, run: (tx: Tx) => Promise<ToolResult>): Promise<ToolResult>;
  /**
   * Evaluates calls that may wait, behind the lock on the item, and stores the results that there are. Where a call still
   * waits the same transaction parks the focus: all else of the turn must have its result by then.
   */
  settleCalls(waiting: readonly WaitingCall[]): Promise<Settled>;
  /**
   * Results, or a remark of the engine, as the user's half of the turn. Gives it with what was remarked and what people said
   * besides.
   */
  closeTurn(message: RecordedMessage): Promise<RecordedMessage[]>;
  /** What people said since the last turn was closed, as messages after an answer that called nothing. */
  hearPeople(turn: number): Promise<RecordedMessage[]>;
}

export type RecordAnswer = { turn: number; blocks: ContentBlock[]; stopReason: StopReason; usage: Usage };

/** For watchers; nothing of it is recorded. */
export type EngageEvent =
  | { type: 'turn_start'; turn: number }
  | { type: 'text'; turn: number; text: string }
  | { type: 'tool_call'; turn: number; name: string }
  /** What was streamed of this turn does not count; it is asked again. */
  | { type: 'retry'; turn: number; reason: string };

export type EngageDependencies = {
  client: LlmClient;
  tools: ReadonlyMap<string, Tool>;
  journal: Journal;
  context: Omit<ToolContext, 'signal'>;
  emit(event: EngageEvent): void;
  /** Set: end at the next recorded point. */
  stopping: AbortSignal;
  /** Set: abort what is under way. */
  abort: AbortSignal;
};

export type EngageResult =
  | { kind: 'end_turn'; text: string }
  /** max_turns is reached. */
  | { kind: 'budget'; message: string }
  | { kind: 'refusal'; message: string }
  | { kind: 'model_failed'; error: LlmError }
  /** A call waits: the journal has parked the focus, and nothing is left to write. */
  | { kind: 'parked'; waitsFor: CallWait['kind'] }
  /** Asked to stop; the rest is for the next host. */
  | { kind: 'stopped' };
