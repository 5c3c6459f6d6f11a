/**
 * What a focus's context is made of, as rows: messages, closed blocks, cuts. Every request is built from these, by whoever
 * builds it: the loop, a loop that goes on after a crash, and a person who asks what the model saw.
 */
import type { ContentBlock, StopReason, Usage } from '../../../llm/types.ts';

/** How a focus's context is bounded; fixed with the focus. */
export type ContextSettings = {
  /** What a request may hold, in tokens, prompt and answer together. */
  windowTokens: number;
  /** Off: blocks are closed and stay as they are. */
  truncateClosedBlocks: boolean;
  /** Turns without a ledger entry after which one is reminded; 0 never. */
  ledgerNudgeInterval: number;
  /** The part of the window from which on room is made. */
  compactThreshold: number;
  /** Most messages that stay as they are where room is made. */
  compactKeepRecent: number;
  /** Tokens below which closed blocks stay until the next one closes. */
  foldMinTokens: number;
};

/** A message that has no place yet. */
export type NewMessage = {
  turn: number;
  role: 'user' | 'assistant';
  kind: 'task' | 'assistant' | 'tool_results' | 'remark' | 'person' | 'skill' | 'hook';
  blocks: ContentBlock[];
  /** How an answer ended. */
  stopReason?: StopReason;
};

/**
 * What stays as it is wherever it stands: the task, what a person said, skills that were activated, and what hooks put in.
 * Remarks of the engine fold with their block: what mattered of them is in the ledger, and recall_step has the rest.
 */
export const PINNED_KINDS: readonly NewMessage['kind'][] = ['task', 'person', 'skill', 'hook'];

/** A message as it was recorded. */
export type RecordedMessage = NewMessage & {
  /** 1, 2, 3 … within the focus. */
  n: number;
  block: number;
  /** Of an answer: what it used, and how large its request was by our own measure. */
  usage?: Usage;
  requestTokens?: number;
  /** Where the ledger stood when the message closed its turn. */
  ledger?: LedgerMark;
};

/** Where the focus's own entries in the ledger stand. */
export type LedgerMark = {
  /** The newest entry, 0 before the first. */
  seq: number;
  /** The turn in which it was written. */
  turn: number;
  /** The turn after which was last reminded of the ledger. */
  remindedTurn: number;
};

export const NO_ENTRIES: LedgerMark = { seq: 0, turn: 0, remindedTurn: 0 };

/** A closed block. The stub's bytes and the decision to fold are made once, in the transaction that closes the turn. */
export type ClosedBlock = {
  block: number;
  firstMessage: number;
  lastMessage: number;
  /** Stands for the block once it is folded. */
  stub: string;
  measuredTokens: number;
  /** Everything that is closed up to here, this block included, leaves the context. */
  folds: boolean;
  /** The entries that closed it. */
  steps: number[];
  /** The newest entry in it; the ones above belong to later blocks. */
  throughSeq: number;
};

/** The oldest stubs became one line of numbers. */
export type StubsCut = {
  kind: 'stubs';
  /** The one that follows, whose request is the first without them. */
  turn: number;
  throughBlock: number;
  lastMessage: number;
  count: number;
  firstSeq: number;
  lastSeq: number;
  text: string;
};

/** What lies before message `fromN` left the context; `text` stands for it. Decided before the request of its turn. */
export type RoomCut = {
  kind: 'compaction' | 'summary';
  turn: number;
  fromN: number;
  /** What the request would have held, in tokens. */
  measuredTokens: number;
  text: string;
};

export type ContextCut = StubsCut | RoomCut;

/** What one request is built from. Rows that no request needs any more may be missing, except the newest of each kind. */
export type ContextRows = {
  /** In order, the task first. */
  messages: readonly RecordedMessage[];
  blocks: readonly ClosedBlock[];
  cuts: readonly ContextCut[];
};

/** An entry of the ledger, as far as a stub needs it. */
export type BlockEntry = { seq: number; entryType: string; content: string };
