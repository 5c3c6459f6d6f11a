/**
 * The loop's memory in the database. Each function is one transaction that proves the lease first, redacts what it
 * stores, and finds its own effect when it is repeated after a lost connection.
 */

import type { JsonValue } from '../../../protocol/json.ts';
import { retryLost } from '../../db/retry-lost.ts';
import type { Db, Tx } from '../../db/types.ts';
import { type CostOf, costMicros } from '../../llm/prices.ts';
import { changeBlocks } from '../../llm/thinking.ts';
import type { ContentBlock, Usage } from '../../llm/types.ts';
import { useApproval } from '../../store/approvals/approvals.ts';
import { insertBlock, readBlocks } from '../../store/foci/context-blocks.ts';
import { insertCut, readNewestContextCuts } from '../../store/foci/cuts.ts';
import { addUsage, readUsedTokens } from '../../store/foci/foci.ts';
import { readHookRuns } from '../../store/foci/hook-runs.ts';
import { insertMessage, readMessages } from '../../store/foci/messages.ts';
import {
  finishToolCall,
  insertToolCall,
  keepEffectiveInput,
  keepRawResult,
  markStarted,
  readToolCalls,
} from '../../store/foci/tool-calls.ts';
import { readEntries } from '../../store/ledger/ledger.ts';
import { type Lease, LeaseLost, proveLease } from '../../store/work/leases.ts';
import { noteProgress } from '../../store/work/transitions.ts';
import { resolveCallWait } from '../../store/work/waits.ts';
import type { Remark } from '../awareness/remark.ts';
import { type Closing, closeTurn, openBlock, openBlockSeq } from '../engage/context/close-turn.ts';
import { grown } from '../engage/context/grow.ts';
import type {
  ContextCut,
  ContextRows,
  ContextSettings,
  NewMessage,
  RecordedMessage,
  RoomCut,
} from '../engage/context/types.ts';
import type { HookDecision } from '../engage/hooks.ts';
import type { Caller, FilePlan, ToolEffect, ToolResult } from '../engage/tool.ts';
import type {
  CallEnd,
  ClosedTurn,
  Journal,
  KeepModelHooks,
  RecordAnswer,
  RecordCut,
  RecordedCall,
  Settled,
  Spent,
  WaitingCall,
} from '../engage/types.ts';
import type { Redactor } from '../redaction/redactor.ts';
import { cutContent, fromStored, fromStoredCut, readContext, toStored } from './context-rows.ts';
import { defaultContextSettings } from './context-settings.ts';
import { keepPlan, noteFiles, readPlan } from './file-records.ts';
import { GroupedWrites } from './grouped-writes.ts';
import { insertBreaks, insertDecisions, readModelHooks } from './hook-records.ts';
import { insertBesides, insertSaid, textMessage } from './insert-besides.ts';
import { keepResult } from './keep-result.ts';
import { cutText } from './ledger-in-brief.ts';
import { fromStoredCall, newCall, uniqueCallIds } from './recorded-calls.ts';
import { findPark, settleCalls } from './settle-calls.ts';
import { inStoredOrder } from './stored-order.ts';
import type { Writing } from './writing.ts';

/** What is to be remarked at the end of a turn; called in the transaction that closes it. */
export type Remarks = (tx: Tx) => Promise<Remark | undefined>;

/** Counts what an answer used; called last in the transaction that records it. */
export type Settle = (tx: Tx, usage: Usage, model: string) => Promise<void>;

const NOTHING_USED: Usage = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };

export class DbJournal implements Journal {
  #db: Db;
  #lease: Lease;
  #model: string;
  #redactor: Redactor;
  #remarks: Remarks | undefined;
  #costOf: CostOf;
  #settle: Settle | undefined;
  #settings: ContextSettings;
  #context: ContextRows = { messages: [], blocks: [], cuts: [] };
  /** Of calls that run beside each other. */
  #beside = new GroupedWrites((body) => this.#write(body));
  /** Calls that this host started without a plan: they have no change of a file to be applied. */
  #planless = new Set<string>();
  /** Who makes the calls of this focus's model. */
  #caller: Caller;

  constructor(
    db: Db,
    lease: Lease,
    model: string,
    redactor: Redactor,
    remarks?: Remarks,
    costOf: CostOf = costMicros,
    settle?: Settle,
    settings: ContextSettings = defaultContextSettings(model),
    caller: Caller = 'model',
  ) {
    this.#caller = caller;
    this.#db = db;
    this.#lease = lease;
    this.#model = model;
    this.#redactor = redactor;
    this.#settings = settings;
    this.#remarks = remarks;
    this.#costOf = costOf;
    this.#settle = settle;
  }

  async load() {
    const context = await retryLost(() => readContext(this.#db, this.#lease.focusId));
    this.#context = context;
    const last = context.messages.at(-1);
    if (last?.role !== 'assistant') return { context, callsOfLastTurn: [] };
    const calls = await retryLost(() => readToolCalls(this.#db, this.#lease.focusId, last.turn));
    return { context, callsOfLastTurn: calls.map((call) => fromStoredCall(call, last.blocks)) };
  }

  async recordAnswer(answer: RecordAnswer) {
    const { turn, blocks, stopReason, usage, requestTokens, model = this.#model } = answer;
    const uncounted = answer.isCounted ? NOTHING_USED : usage;
    const redacted = changeBlocks(uniqueCallIds(blocks), (text) => this.#redactor.text(text));
    const kept = inStoredOrder(redacted as unknown as JsonValue) as unknown as ContentBlock[];
    const said: NewMessage = { turn, role: 'assistant', kind: 'assistant', blocks: kept, stopReason };
    const message = { ...this.#placed(said), usage, ...(requestTokens === undefined ? {} : { requestTokens }) };
    const calls = kept
      .filter((block) => block.type === 'tool_use')
      .map((block, position) => newCall(block, position, turn, this.#caller));
    await this.#write(async (tx, again) => {
      if (again && (await this.#hasMessage(tx, message.n))) return;
      const { focusId, workItemId } = this.#lease;
      const focus = { id: focusId, workItemId };
      await Promise.all([
        this.#insert(tx, message, { model }),
        ...calls.map((call) => insertToolCall(tx, focus, { ...call, input: call.input as JsonValue })),
        this.#addUsage(tx, uncounted, 1, model),
        noteProgress(tx, workItemId),
      ]);
      await this.#settle?.(tx, uncounted, model);
    });
    this.#context = grown(this.#context, { messages: [message] });
    return { message, calls };
  }

  async startCall(call: RecordedCall, effect: ToolEffect, plan?: FilePlan): Promise<void> {
    await this.#beside.write(async (tx, again) => {
      if (plan) await keepPlan(this.#writing(tx), call, plan);
      else this.#planless.add(call.id);
      const started = await markStarted(tx, call.id, effect);
      if (call.waiting) await this.#endApproval(tx, call);
      if (!started && !again) throw new Error(`Tool call ${call.id} cannot start from the state it is in.`);
    });
  }

  async planOf(call: RecordedCall): Promise<FilePlan | undefined> {
    return retryLost(() => readPlan(this.#db, call));
  }

  async keepInput(call: RecordedCall, input: JsonValue, runs: readonly HookDecision[]): Promise<JsonValue> {
    const kept = this.#redactor.json(input);
    await this.#write(async (tx) => {
      await insertDecisions(tx, this.#lease.focusId, this.#redactor, { turn: call.turn, callId: call.id }, runs);
      await keepEffectiveInput(tx, call.id, kept);
    });
    return kept;
  }

  async keepRaw(call: RecordedCall, raw: ToolResult): Promise<ToolResult> {
    const kept = { ...raw, content: this.#redactor.text(raw.content) };
    await this.#write(async (tx) => {
      await noteFiles(this.#writing(tx), call, raw.isError ? 'error' : 'done', raw);
      await keepRawResult(tx, call.id, { content: kept.content, is_error: kept.isError });
    });
    return kept;
  }

  async finishCall(
    call: RecordedCall,
    end: CallEnd,
    result: ToolResult,
    runs: readonly HookDecision[] = [],
  ): Promise<ToolResult> {
    const redacted = { ...result, content: this.#redactor.text(result.content) };
    return this.#beside.write(async (tx) => {
      await insertDecisions(tx, this.#lease.focusId, this.#redactor, { turn: call.turn, callId: call.id }, runs);
      if (call.waiting) await resolveCallWait(tx, call.id);
      await noteFiles(this.#writing(tx), call, this.#planless.has(call.id) ? null : end, result);
      const kept = await keepResult(tx, { focusId: this.#lease.focusId, callId: call.id }, redacted);
      const isFirst = await finishToolCall(tx, call.id, end, { content: kept.content, is_error: kept.isError });
      return isFirst ? kept : ((await this.#resultOf(tx, call)) ?? kept);
    });
  }

  async runStoreCall(
    call: RecordedCall,
    effect: ToolEffect,
    run: (tx: Tx) => Promise<ToolResult>,
    keep: 'raw' | 'result' = 'result',
  ): Promise<ToolResult> {
    return this.#write(async (tx, again) => {
      if (again) {
        const present = await this.#resultOf(tx, call);
        if (present) return present;
      }
      const given = await run(tx);
      const redacted = { ...given, content: this.#redactor.text(given.content) };
      if (call.waiting) await this.#endApproval(tx, call);
      if (keep === 'raw') {
        await markStarted(tx, call.id, effect);
        await keepRawResult(tx, call.id, { content: redacted.content, is_error: redacted.isError });
        return redacted;
      }
      const kept = await keepResult(tx, { focusId: this.#lease.focusId, callId: call.id }, redacted);
      const end = kept.isError ? 'error' : 'done';
      await finishToolCall(tx, call.id, end, { content: kept.content, is_error: kept.isError }, effect);
      return kept;
    });
  }

  async settleCalls(waiting: readonly WaitingCall[]): Promise<Settled> {
    return retryLost(async (again) => {
      try {
        return await this.#db.transaction((tx) => settleCalls(tx, this.#lease, waiting, this.#redactor));
      } catch (error) {
        const parked = again && error instanceof LeaseLost ? await findPark(this.#db, this.#lease.focusId) : undefined;
        if (parked) return parked;
        throw error;
      }
    });
  }

  async readModelHooks(turn: number) {
    return retryLost(() => readModelHooks(this.#db, this.#lease.focusId, turn));
  }

  async keepModelHooks(kept: KeepModelHooks): Promise<RecordedMessage[]> {
    const { turn } = kept;
    const first = this.#nextN();
    const messages = kept.messages.map((text, at) => {
      const place = { turn, n: first + at, block: openBlock(this.#context) };
      return textMessage(place, 'hook', this.#redactor.text(text));
    });
    await this.#write(async (tx, again) => {
      if (again && messages.length > 0 && (await this.#hasMessage(tx, first))) return;
      for (const message of messages) await this.#insert(tx, message);
      await insertDecisions(tx, this.#lease.focusId, this.#redactor, { turn, callId: null }, kept.runs);
      await insertBreaks(tx, this.#lease.focusId, this.#redactor, kept);
    });
    this.#context = grown(this.#context, { messages });
    return messages;
  }

  async keepHookRuns(turn: number, runs: readonly HookDecision[]): Promise<void> {
    await this.#write((tx) => insertDecisions(tx, this.#lease.focusId, this.#redactor, { turn, callId: null }, runs));
  }

  async hasHookRuns(turn: number): Promise<boolean> {
    return (await retryLost(() => readHookRuns(this.#db, this.#lease.focusId, 'AfterTurn', turn))).length > 0;
  }

  async closeTurn(message: NewMessage): Promise<ClosedTurn> {
    const { n } = this.#placed(message);
    const closed = await this.#write(async (tx, again) => {
      if (again && (await this.#hasMessage(tx, n))) return this.#closedBefore(tx, n);
      const [closing, made] = await Promise.all([
        this.#decide(tx, { ...message, n }),
        message.kind === 'tool_results' ? this.#remarks?.(tx) : undefined,
      ]);
      const { focusId, workItemId } = this.#lease;
      const { block, cut, ledger } = closing;
      const first = { ...this.#placed(message), ledger };
      const [, besides] = await Promise.all([
        this.#insert(tx, first),
        insertBesides(this.#writing(tx), { turn: message.turn, block: openBlock(this.#context) }, closing, {
          n,
          remark: made,
        }),
        block && insertBlock(tx, focusId, block),
        cut && insertCut(tx, focusId, cut.kind, cutContent(cut)),
        noteProgress(tx, workItemId),
      ]);
      return { messages: [first, ...besides], block, cut };
    });
    this.#context = grown(this.#context, closed);
    return closed;
  }

  async hearPeople(turn: number): Promise<RecordedMessage[]> {
    const at = { turn, n: this.#nextN(), block: openBlock(this.#context) };
    const heard = await this.#write(async (tx, again) => {
      const present = again ? await readMessages(tx, this.#lease.focusId, at.n - 1) : [];
      return present.length > 0 ? present.map(fromStored) : insertSaid(this.#writing(tx), at);
    });
    this.#context = grown(this.#context, { messages: heard });
    return heard;
  }

  /** Nothing else counts for the focus while it asks its model, so that its own count tells whether this took effect. */
  async recordSpent({ usage, model = this.#model }: Spent): Promise<void> {
    let before: number | undefined;
    await this.#write(async (tx) => {
      const used = await readUsedTokens(tx, this.#lease.focusId);
      before ??= used;
      if (used !== before) return;
      await this.#addUsage(tx, usage, 0, model);
      await this.#settle?.(tx, usage, model);
    });
  }

  async recordCut({ summary = '', spent, ...cut }: RecordCut): Promise<RoomCut> {
    const recorded = await this.#write(async (tx, again) => {
      const present = again ? await this.#cutOf(tx, cut) : undefined;
      if (present) return present;
      const entries = await readEntries(tx, { workItemId: this.#lease.workItemId });
      const made: RoomCut = { ...cut, text: this.#redactor.text(cutText(entries, this.#settings, summary)) };
      await Promise.all([
        insertCut(tx, this.#lease.focusId, made.kind, cutContent(made)),
        spent && this.#addUsage(tx, spent.usage, 0, spent.model),
      ]);
      if (spent) await this.#settle?.(tx, spent.usage, spent.model ?? this.#model);
      return made;
    });
    this.#context = grown(this.#context, { cut: recorded });
    return recorded;
  }

  async #cutOf(tx: Tx, { turn, kind }: Pick<RoomCut, 'turn' | 'kind'>): Promise<RoomCut | undefined> {
    const cuts = (await readNewestContextCuts(tx, this.#lease.focusId)).map(fromStoredCut);
    return cuts.find((cut) => cut.kind !== 'stubs' && cut.kind === kind && cut.turn === turn) as RoomCut | undefined;
  }

  async #decide(tx: Tx, message: NewMessage & { n: number }): Promise<Closing> {
    const { workItemId, focusId } = this.#lease;
    const entries = await readEntries(tx, { workItemId, focusId, afterSeq: openBlockSeq(this.#context) });
    return closeTurn(this.#context, this.#settings, message, entries);
  }

  /** What had committed from message `n` on. */
  async #closedBefore(tx: Tx, n: number): Promise<ClosedTurn> {
    const { focusId } = this.#lease;
    const messages = (await readMessages(tx, focusId, n - 1)).map(fromStored);
    const [block = null] = await readBlocks(tx, focusId, { after: openBlock(this.#context) - 1 });
    const cuts: ContextCut[] = (await readNewestContextCuts(tx, focusId)).map(fromStoredCut);
    const cut = cuts.find((made) => made.kind === 'stubs' && made.turn === (messages[0]?.turn ?? 0) + 1) ?? null;
    return { messages, block, cut };
  }

  #insert(tx: Tx, message: RecordedMessage, facts: object = {}): Promise<void> {
    return insertMessage(tx, this.#lease.focusId, toStored(message, facts));
  }

  #writing(tx: Tx): Writing {
    return { tx, lease: this.#lease, redactor: this.#redactor };
  }

  #nextN(): number {
    return (this.#context.messages.at(-1)?.n ?? 0) + 1;
  }

  #placed(message: NewMessage): RecordedMessage {
    return { ...message, n: this.#nextN(), block: openBlock(this.#context) };
  }

  #addUsage(tx: Tx, usage: Usage, iterations: 0 | 1, model = this.#model): Promise<void> {
    const counted = { ...usage, estimated: usage.estimated ?? false };
    return addUsage(tx, this.#lease.focusId, counted, this.#costOf(model, usage), iterations);
  }

  #write<T>(body: (tx: Tx, again: boolean) => Promise<T>): Promise<T> {
    return retryLost((again) =>
      this.#db.transaction(async (tx) => {
        await proveLease(tx, this.#lease);
        return body(tx, again);
      }),
    );
  }

  /** A call that waited for a person has its start: the approval is used up, and nothing is waited for. */
  async #endApproval(tx: Tx, call: RecordedCall): Promise<void> {
    await useApproval(tx, call.id);
    await resolveCallWait(tx, call.id);
  }

  async #hasMessage(tx: Tx, n: number): Promise<boolean> {
    return (await readMessages(tx, this.#lease.focusId, n - 1)).length > 0;
  }

  async #resultOf(tx: Tx, call: RecordedCall): Promise<ToolResult | undefined> {
    const calls = await readToolCalls(tx, this.#lease.focusId);
    const found = calls.find(({ id }) => id === call.id);
    const result = found?.result ?? found?.rawResult;
    return result ? { content: result.content, isError: result.is_error } : undefined;
  }
}
