/**
 * The loop's memory in the database. Each function is one transaction that proves the lease first, redacts what it
 * stores, and finds its own effect when it is repeated after a lost connection.
 */

import type { JsonValue } from '../../../protocol/json.ts';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { retryLost } from '../../db/retry-lost.ts';
import type { Db, Tx } from '../../db/types.ts';
import { costMicros } from '../../llm/prices.ts';
import type { ContentBlock, StopReason, ToolUseBlock } from '../../llm/types.ts';
import { applyFileChange, dropFileChange, planFileChange, readFileChange } from '../../store/foci/file-changes.ts';
import { addUsage } from '../../store/foci/foci.ts';
import { noteKnownFile } from '../../store/foci/known-files.ts';
import { insertMessage, readMessages, type StoredMessage } from '../../store/foci/messages.ts';
import {
  finishToolCall,
  insertToolCall,
  markStarted,
  readToolCalls,
  type ToolCall,
} from '../../store/foci/tool-calls.ts';
import { type Lease, LeaseLost, proveLease } from '../../store/work/leases.ts';
import { takeMessages } from '../../store/work/messages.ts';
import { noteProgress } from '../../store/work/transitions.ts';
import { resolveCallWait } from '../../store/work/waits.ts';
import type { Remark } from '../awareness/remark.ts';
import type { FilePlan, ToolEffect, ToolResult } from '../engage/tool.ts';
import type {
  CallEnd,
  Journal,
  RecordAnswer,
  RecordedCall,
  RecordedMessage,
  Settled,
  WaitingCall,
} from '../engage/types.ts';
import type { Redactor } from '../redaction/redactor.ts';
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
  #nextN = 1;
  #block = 0;
  /** A recorded step closes the block that its turn's results end. */
  #stepInTurn = false;

  constructor(db: Db, lease: Lease, model: string, redactor: Redactor, remarks?: Remarks) {
    this.#db = db;
    this.#lease = lease;
    this.#model = model;
    this.#redactor = redactor;
    this.#remarks = remarks;
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

  async recordAnswer({ turn, blocks, stopReason, usage }: RecordAnswer) {
    const kept = this.#redactor.json(uniqueCallIds(blocks) as unknown as JsonValue) as unknown as ContentBlock[];
    const message: RecordedMessage = { turn, role: 'assistant', kind: 'assistant', blocks: kept, stopReason };
    const calls = kept.filter((block) => block.type === 'tool_use').map((block, position) => newCall(block, position));
    const n = this.#nextN;
    await this.#write(async (tx, again) => {
      if (again && (await this.#hasMessage(tx, n))) return;
      await insertMessage(
        tx,
        this.#lease.focusId,
        this.#stored(n, message, { usage: { ...usage }, model: this.#model }),
      );
      const focus = { id: this.#lease.focusId, workItemId: this.#lease.workItemId };
      for (const call of calls) await insertToolCall(tx, focus, { ...call, turn, input: call.input as JsonValue });
      const counted = { ...usage, estimated: usage.estimated ?? false };
      await addUsage(tx, this.#lease.focusId, counted, costMicros(this.#model, usage));
      await noteProgress(tx, this.#lease.workItemId);
    });
    this.#nextN += 1;
    return { message, calls };
  }

  async startCall(call: RecordedCall, effect: ToolEffect, plan?: FilePlan): Promise<void> {
    await this.#write(async (tx, again) => {
      if (plan) await planFileChange(tx, this.#storedPlan(call, plan));
      const started = await markStarted(tx, call.id, effect);
      if (!started && !again) throw new Error(`Tool call ${call.id} cannot start from the state it is in.`);
    });
  }

  async planOf(call: RecordedCall): Promise<FilePlan | undefined> {
    const change = await retryLost(() => readFileChange(this.#db, call.id));
    if (!change) return undefined;
    const { path, beforeSha256, beforeContent, afterSha256, diff } = change;
    const before = beforeSha256 === null ? null : { text: beforeContent ?? '', sha256: beforeSha256 };
    return { path, before, after: { sha256: afterSha256 }, diff };
  }

  async finishCall(call: RecordedCall, end: CallEnd, result: ToolResult): Promise<ToolResult> {
    const kept = { ...result, content: this.#redactor.text(result.content) };
    return this.#write(async (tx) => {
      if (call.waiting) await resolveCallWait(tx, call.id);
      await this.#noteFiles(tx, call, end, result);
      const isFirst = await finishToolCall(tx, call.id, end, { content: kept.content, is_error: kept.isError });
      return isFirst ? kept : ((await this.#resultOf(tx, call)) ?? kept);
    });
  }

  async runStoreCall(
    call: RecordedCall,
    effect: ToolEffect,
    run: (tx: Tx) => Promise<ToolResult>,
  ): Promise<ToolResult> {
    const result = await this.#write(async (tx, again) => {
      if (again) {
        const present = await this.#resultOf(tx, call);
        if (present) return present;
      }
      await markStarted(tx, call.id, effect);
      const raw = await run(tx);
      const kept = { ...raw, content: this.#redactor.text(raw.content) };
      const end = kept.isError ? 'error' : 'done';
      await finishToolCall(tx, call.id, end, { content: kept.content, is_error: kept.isError });
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

  async closeTurn(message: RecordedMessage): Promise<RecordedMessage[]> {
    const n = this.#nextN;
    const besides = await this.#write(async (tx, again) => {
      const present = again ? await readMessages(tx, this.#lease.focusId, n - 1) : [];
      if (present.length > 0) return present.slice(1).map(fromStored);
      const made = message.kind === 'tool_results' ? await this.#remarks?.(tx) : undefined;
      await insertMessage(tx, this.#lease.focusId, this.#stored(n, message));
      await noteProgress(tx, this.#lease.workItemId);
      const remarks = made ? [await this.#insertRemark(tx, n + 1, message.turn, made)] : [];
      return [...remarks, ...(await this.#insertSaid(tx, n + 1 + remarks.length, message.turn))];
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

  async #noteFiles(tx: Tx, call: RecordedCall, end: CallEnd, { files = [] }: ToolResult): Promise<void> {
    for (const { path, sha256, text } of files) {
      const content = text === null ? null : this.#redactor.text(text);
      await noteKnownFile(tx, this.#lease.focusId, { path, sha256, content });
    }
    if (end === 'done') await applyFileChange(tx, call.id);
    // Of one that was cut off, nobody knows whether it took effect: its row stays, and is no change.
    else if (end === 'error') await dropFileChange(tx, call.id);
  }

  #storedPlan(call: RecordedCall, { path, before, after, diff }: FilePlan) {
    const { focusId, workItemId } = this.#lease;
    const beforeContent = before && this.#redactor.text(before.text);
    return {
      toolCallId: call.id,
      focusId,
      workItemId,
      path,
      beforeSha256: before?.sha256 ?? null,
      beforeContent,
      // What is redacted in the store cannot be written back.
      undoable: beforeContent === (before?.text ?? null),
      afterSha256: after.sha256,
      diff: this.#redactor.text(diff),
    };
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

  async #hasMessage(tx: Tx, n: number): Promise<boolean> {
    return (await readMessages(tx, this.#lease.focusId, n - 1)).length > 0;
  }

  async #resultOf(tx: Tx, call: RecordedCall): Promise<ToolResult | undefined> {
    const calls = await readToolCalls(tx, this.#lease.focusId);
    const result = calls.find(({ id }) => id === call.id)?.result;
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
    position: call.position,
    providerCallId: call.providerCallId,
    name: call.name,
    input: call.input,
    ...(invalid ? { invalid } : {}),
    started: call.state === 'started',
    waiting: call.state === 'waiting',
    result: call.result ? { content: call.result.content, isError: call.result.is_error } : null,
  };
}

function newCall(block: ToolUseBlock, position: number): RecordedCall {
  return {
    id: uuidv7(),
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

function isStep({ name, input }: Pick<RecordedCall, 'name' | 'input'>): boolean {
  return name === 'ledger_append' && (input as { entry_type?: unknown } | null)?.entry_type === 'step';
}
