/**
 * The loop's memory in the database. Each function is one transaction that proves the lease first, redacts what it
 * stores, and finds its own effect when it is repeated after a lost connection.
 */

import type { JsonValue } from '../../../protocol/json.ts';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { retryLost } from '../../db/retry-lost.ts';
import type { Db, Tx } from '../../db/types.ts';
import { type CostOf, costMicros } from '../../llm/prices.ts';
import { changeBlocks } from '../../llm/thinking.ts';
import type { ContentBlock, StopReason, ToolUseBlock } from '../../llm/types.ts';
import { useApproval } from '../../store/approvals/approvals.ts';
import { addUsage } from '../../store/foci/foci.ts';
import { insertMessage, readMessages, type StoredMessage } from '../../store/foci/messages.ts';
import {
  finishToolCall,
  insertToolCall,
  keepEffectiveInput,
  keepRawResult,
  markStarted,
  readToolCalls,
  type ToolCall,
} from '../../store/foci/tool-calls.ts';
import { type Lease, LeaseLost, proveLease } from '../../store/work/leases.ts';
import { takeMessages } from '../../store/work/messages.ts';
import { noteProgress } from '../../store/work/transitions.ts';
import { resolveCallWait } from '../../store/work/waits.ts';
import type { Remark } from '../awareness/remark.ts';
import type { HookDecision } from '../engage/hooks.ts';
import type { Caller, ToolEffect, ToolResult } from '../engage/tool.ts';
import type {
  CallEnd,
  Journal,
  KeepModelHooks,
  RecordAnswer,
  RecordedCall,
  RecordedMessage,
  Settled,
  WaitingCall,
} from '../engage/types.ts';
import type { Redactor } from '../redaction/redactor.ts';
import { insertBreaks, insertDecisions, readModelHooks } from './hook-records.ts';
import { findPark, settleCalls } from './settle-calls.ts';

/** What is to be remarked at the end of a turn; called in the transaction that closes it. */
export type Remarks = (tx: Tx) => Promise<Remark | undefined>;

/** Stands above what a person says to a focus: unlike what tools and other foci say, it instructs. */
export const SAID = '== MESSAGE FROM A PERSON ==';

export class DbJournal implements Journal {
  #db: Db;
  #lease: Lease;
  #model: string;
  #redactor: Redactor;
  #remarks: Remarks | undefined;
  #costOf: CostOf;
  #nextN = 1;
  #block = 0;
  /** A recorded step closes the block that its turn's results end. */
  #stepInTurn = false;
  /** Who makes the calls of this focus's model. */
  #caller: Caller;

  constructor(
    db: Db,
    lease: Lease,
    model: string,
    redactor: Redactor,
    remarks?: Remarks,
    costOf: CostOf = costMicros,
    caller: Caller = 'model',
  ) {
    this.#caller = caller;
    this.#db = db;
    this.#lease = lease;
    this.#model = model;
    this.#redactor = redactor;
    this.#remarks = remarks;
    this.#costOf = costOf;
  }

  async load() {
    const stored = await retryLost(() => readMessages(this.#db, this.#lease.focusId));
    const messages = stored.map(fromStored);
    const last = stored.at(-1);
    if (!last) return { messages, callsOfLastTurn: [] };
    const calls = await retryLost(() => readToolCalls(this.#db, this.#lease.focusId, last.turn));
    const step = calls.some((call) => call.state === 'done' && isStep(call));
    const closed = last.role === 'user';
    this.#nextN = last.n + 1;
    this.#block = last.block + (step && closed ? 1 : 0);
    this.#stepInTurn = step && !closed;
    if (closed) return { messages, callsOfLastTurn: [] };
    return { messages, callsOfLastTurn: calls.map((call) => fromStoredCall(call, messages.at(-1)?.blocks ?? [])) };
  }

  async recordAnswer({ turn, blocks, stopReason, usage, model = this.#model }: RecordAnswer) {
    const kept = changeBlocks(uniqueCallIds(blocks), (text) => this.#redactor.text(text));
    const message: RecordedMessage = { turn, role: 'assistant', kind: 'assistant', blocks: kept, stopReason };
    const calls = kept
      .filter((block) => block.type === 'tool_use')
      .map((block, position) => newCall(block, position, turn, this.#caller));
    const n = this.#nextN;
    await this.#write(async (tx, again) => {
      if (again && (await this.#hasMessage(tx, n))) return;
      const { focusId, workItemId } = this.#lease;
      const focus = { id: focusId, workItemId };
      const counted = { ...usage, estimated: usage.estimated ?? false };
      await Promise.all([
        insertMessage(tx, focusId, this.#stored(n, message, { usage: { ...usage }, model })),
        ...calls.map((call) => insertToolCall(tx, focus, { ...call, input: call.input as JsonValue })),
        addUsage(tx, focusId, counted, this.#costOf(model, usage)),
        noteProgress(tx, workItemId),
      ]);
    });
    this.#nextN += 1;
    return { message, calls };
  }

  async startCall(call: RecordedCall, effect: ToolEffect): Promise<void> {
    await this.#write(async (tx, again) => {
      const started = await markStarted(tx, call.id, effect);
      if (call.waiting) await useApproval(tx, call.id);
      if (!started && !again) throw new Error(`Tool call ${call.id} cannot start from the state it is in.`);
    });
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
    await this.#write((tx) => keepRawResult(tx, call.id, { content: kept.content, is_error: kept.isError }));
    return kept;
  }

  async finishCall(
    call: RecordedCall,
    end: CallEnd,
    result: ToolResult,
    runs: readonly HookDecision[] = [],
  ): Promise<ToolResult> {
    const kept = { ...result, content: this.#redactor.text(result.content) };
    if (end === 'done' && isStep(call)) this.#stepInTurn = true;
    return this.#write(async (tx) => {
      await insertDecisions(tx, this.#lease.focusId, this.#redactor, { turn: call.turn, callId: call.id }, runs);
      if (call.waiting) await resolveCallWait(tx, call.id);
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
    const result = await this.#write(async (tx, again) => {
      if (again) {
        const present = await this.#resultOf(tx, call);
        if (present) return present;
      }
      const given = await run(tx);
      const kept = { ...given, content: this.#redactor.text(given.content) };
      const stored = { content: kept.content, is_error: kept.isError };
      if (keep === 'raw') {
        await markStarted(tx, call.id, effect);
        await keepRawResult(tx, call.id, stored);
      } else await finishToolCall(tx, call.id, kept.isError ? 'error' : 'done', stored, effect);
      if (call.waiting) await this.#endApproval(tx, call);
      return kept;
    });
    if (!result.isError && isStep(call)) this.#stepInTurn = true;
    return result;
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
    const n = this.#nextN;
    const { turn } = kept;
    const texts = kept.messages.map((text) => this.#redactor.text(text));
    const messages = texts.map((text): RecordedMessage => {
      return { turn, role: 'user', kind: 'hook', blocks: [{ type: 'text', text }] };
    });
    await this.#write(async (tx, again) => {
      if (again && messages.length > 0 && (await this.#hasMessage(tx, n))) return;
      for (const [at, message] of messages.entries()) {
        await insertMessage(tx, this.#lease.focusId, this.#stored(n + at, message));
      }
      await insertDecisions(tx, this.#lease.focusId, this.#redactor, { turn, callId: null }, kept.runs);
      await insertBreaks(tx, this.#lease.focusId, this.#redactor, kept);
    });
    this.#nextN += messages.length;
    return messages;
  }

  async keepHookRuns(turn: number, runs: readonly HookDecision[]): Promise<void> {
    await this.#write((tx) => insertDecisions(tx, this.#lease.focusId, this.#redactor, { turn, callId: null }, runs));
  }

  async closeTurn(message: RecordedMessage): Promise<RecordedMessage[]> {
    const n = this.#nextN;
    const besides = await this.#write(async (tx, again) => {
      const present = again ? await readMessages(tx, this.#lease.focusId, n - 1) : [];
      if (present.length > 0) return present.slice(1).map(fromStored);
      const made = message.kind === 'tool_results' ? await this.#remarks?.(tx) : undefined;
      const remarks = made ? [this.#insertRemark(tx, n + 1, message.turn, made)] : [];
      const [, , said, ...remarked] = await Promise.all([
        insertMessage(tx, this.#lease.focusId, this.#stored(n, message)),
        noteProgress(tx, this.#lease.workItemId),
        this.#insertSaid(tx, n + 1 + remarks.length, message.turn),
        ...remarks,
      ]);
      return [...remarked, ...said];
    });
    const recorded = [message, ...besides];
    this.#nextN += recorded.length;
    if (this.#stepInTurn) this.#block += 1;
    this.#stepInTurn = false;
    return recorded;
  }

  async hearPeople(turn: number): Promise<RecordedMessage[]> {
    const n = this.#nextN;
    const heard = await this.#write(async (tx, again) => {
      const present = again ? await readMessages(tx, this.#lease.focusId, n - 1) : [];
      return present.length > 0 ? present.map(fromStored) : this.#insertSaid(tx, n, turn);
    });
    this.#nextN += heard.length;
    return heard;
  }

  /** Each message as one of its own, from number `n` on. */
  async #insertSaid(tx: Tx, n: number, turn: number): Promise<RecordedMessage[]> {
    const said = await takeMessages(tx, this.#lease.workItemId, this.#lease.focusId);
    const messages = said.map(({ content }): RecordedMessage => {
      return { turn, role: 'user', kind: 'person', blocks: [{ type: 'text', text: `${SAID}\n${content}` }] };
    });
    for (const [at, message] of messages.entries()) {
      await insertMessage(tx, this.#lease.focusId, this.#stored(n + at, message));
    }
    return messages;
  }

  async #insertRemark(tx: Tx, n: number, turn: number, remark: Remark): Promise<RecordedMessage> {
    const { findings, lookedTo } = remark;
    const blocks: ContentBlock[] = [{ type: 'text', text: this.#redactor.text(remark.text) }];
    const message: RecordedMessage = { turn, role: 'user', kind: 'remark', blocks };
    const facts = { findings, ...(lookedTo ? { looked_to: lookedTo.toISOString() } : {}) };
    await insertMessage(tx, this.#lease.focusId, this.#stored(n, message, facts));
    return message;
  }

  #write<T>(body: (tx: Tx, again: boolean) => Promise<T>): Promise<T> {
    return retryLost((again) =>
      this.#db.transaction(async (tx) => {
        await proveLease(tx, this.#lease);
        return body(tx, again);
      }),
    );
  }

  /** A call that waited for a person has run with its start: the approval is used up, and nothing is waited for. */
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

  #stored(n: number, message: RecordedMessage, facts: object = {}) {
    const { turn, role, kind, blocks, stopReason } = message;
    const content = { blocks, ...(stopReason ? { stopReason } : {}), ...facts } as unknown as StoredMessage['content'];
    return { n, turn, block: this.#block, role, kind, content };
  }
}

function fromStored({ turn, role, kind, content }: StoredMessage): RecordedMessage {
  const { blocks, stopReason } = content as unknown as { blocks: ContentBlock[]; stopReason?: StopReason };
  return { turn, role, kind: kind as RecordedMessage['kind'], blocks, ...(stopReason ? { stopReason } : {}) };
}

function fromStoredCall(call: ToolCall, blocks: readonly ContentBlock[]): RecordedCall {
  const block = blocks.find((candidate) => candidate.type === 'tool_use' && candidate.id === call.providerCallId);
  const invalid = block?.type === 'tool_use' ? block.invalid : undefined;
  return {
    id: call.id,
    turn: call.turn,
    caller: call.caller,
    position: call.position,
    providerCallId: call.providerCallId,
    name: call.name,
    input: call.input,
    ...(call.effectiveInput === null ? {} : { effectiveInput: call.effectiveInput }),
    ...(invalid ? { invalid } : {}),
    ...(call.rawResult ? { raw: { content: call.rawResult.content, isError: call.rawResult.is_error } } : {}),
    started: call.state === 'started',
    waiting: call.state === 'waiting',
    result: call.result ? { content: call.result.content, isError: call.result.is_error } : null,
  };
}

function newCall(block: ToolUseBlock, position: number, turn: number, caller: Caller): RecordedCall {
  return {
    id: uuidv7(),
    turn,
    caller,
    position,
    providerCallId: block.id,
    name: block.name,
    input: block.input,
    ...(block.invalid ? { invalid: block.invalid } : {}),
    started: false,
    waiting: false,
    result: null,
  };
}

/** Some servers give two calls one id; results could not be told apart. */
function uniqueCallIds(blocks: readonly ContentBlock[]): ContentBlock[] {
  const seen = new Set<string>();
  return blocks.map((block) => {
    if (block.type !== 'tool_use') return block;
    let id = block.id;
    for (let copy = 2; seen.has(id); copy += 1) id = `${block.id}-${copy}`;
    seen.add(id);
    return { ...block, id };
  });
}

function isStep(call: { name: string; input: unknown; effectiveInput?: JsonValue | null }): boolean {
  const input = (call.effectiveInput ?? call.input) as { entry_type?: unknown } | null;
  return call.name === 'ledger_append' && input?.entry_type === 'step';
}
