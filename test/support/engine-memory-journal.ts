/**
 * The loop's memory in a plain object. It can be cut at any of its writes, before or after it took effect, as when the
 * process dies; what was kept is then what a new loop finds.
 */
import type { Tx } from '../../src/host/db/types.ts';
import { closeTurn, openBlock, openBlockSeq } from '../../src/host/engine/engage/context/close-turn.ts';
import { grown } from '../../src/host/engine/engage/context/grow.ts';
import type {
  ClosedBlock,
  ContextCut,
  ContextRows,
  ContextSettings,
  NewMessage,
  RecordedMessage,
  RoomCut,
} from '../../src/host/engine/engage/context/types.ts';
import { forgetLeft } from '../../src/host/engine/engage/context/view.ts';
import type { HookDecision } from '../../src/host/engine/engage/hooks.ts';
import type { CallWait, Evaluation, FilePlan, ToolEffect, ToolResult } from '../../src/host/engine/engage/tool.ts';
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
} from '../../src/host/engine/engage/types.ts';
import { cutText } from '../../src/host/engine/focus/ledger-in-brief.ts';
import type { JsonValue } from '../../src/host/llm/types.ts';
import type { LedgerEntry } from '../../src/host/store/ledger/ledger.ts';
import { CONTEXT_SETTINGS } from './engine-context.ts';

/** The process is gone: whatever the loop tries from here on fails. */
export class Crash extends Error {
  override name = 'Crash';
}

/** The number of a write within one life, from 1, and whether it still took effect. */
export type Cut = { at: number; when: 'before' | 'after' };

export type KeptCall = RecordedCall & { turn: number; effect: ToolEffect | null; end: CallEnd | null };

export class MemoryJournal implements Journal {
  messages: RecordedMessage[];
  calls: KeptCall[] = [];
  /** What closed, and what was cut. */
  blocks: ClosedBlock[] = [];
  cuts: ContextCut[] = [];
  /** What ledger_append wrote. */
  ledger: LedgerEntry[] = [];
  /** What other store tools wrote, committed only. */
  rows: string[] = [];
  /** What calls wait for, by the call's id, and whose time has come. */
  waits = new Map<string, CallWait>();
  due = new Set<string>();
  /** What hooks decided about calls and turns, and about requests. */
  runs: HookDecision[] = [];
  modelRuns: (KeepModelHooks & { runs: HookDecision[] })[] = [];
  /** Each write that took effect, in order. */
  log: string[] = [];
  #cut: Cut | undefined;
  #writes = 0;
  #dead = false;
  readonly #settings: ContextSettings;
  /** What the loop of this life has, as the real journal keeps it. */
  #rows: ContextRows = { messages: [], blocks: [], cuts: [] };

  constructor(task = 'The task.', settings: ContextSettings = CONTEXT_SETTINGS) {
    this.#settings = settings;
    const blocks = [{ type: 'text' as const, text: task }];
    this.messages = [{ n: 1, block: 0, turn: 0, role: 'user', kind: 'task', blocks }];
  }

  /** A new process: it lives until the cut, or to its end. */
  revive(cut?: Cut): void {
    this.#cut = cut;
    this.#writes = 0;
    this.#dead = false;
  }

  async load() {
    if (this.#dead) throw new Crash('load');
    const last = this.messages.at(-1);
    const open = last?.role === 'assistant' ? this.calls.filter(({ turn }) => turn === last.turn) : [];
    this.#rows = forgetLeft({ messages: this.messages, blocks: this.blocks, cuts: this.cuts });
    return structuredClone({ context: this.#rows, callsOfLastTurn: open });
  }

  async recordAnswer({ turn, blocks, stopReason, usage, requestTokens }: RecordAnswer) {
    const said: NewMessage = { turn, role: 'assistant', kind: 'assistant', blocks, stopReason };
    const message = { ...this.#placed(said), usage, ...(requestTokens === undefined ? {} : { requestTokens }) };
    const asked = blocks.filter((block) => block.type === 'tool_use');
    const calls: KeptCall[] = asked.map((block, position) => ({
      id: `${turn}.${position}`,
      turn,
      caller: 'model',
      position,
      providerCallId: block.id,
      name: block.name,
      input: block.input,
      ...(block.invalid ? { invalid: block.invalid } : {}),
      started: false,
      waiting: false,
      result: null,
      effect: null,
      end: null,
    }));
    return this.#write(`answer ${turn}`, () => {
      this.messages.push(structuredClone(message));
      this.#rows = grown(this.#rows, { messages: [message] });
      this.calls.push(...structuredClone(calls));
      return { message, calls };
    });
  }

  /** What calls were going to do to files, by the call's id. */
  plans = new Map<string, FilePlan>();

  async planOf(call: RecordedCall): Promise<FilePlan | undefined> {
    return this.plans.get(call.id);
  }

  async startCall(call: RecordedCall, effect: ToolEffect, plan?: FilePlan): Promise<void> {
    this.#write(`start ${call.id}`, () => {
      if (plan) this.plans.set(call.id, plan);
      const kept = this.#kept(call);
      if (kept.result !== null || (kept.started && kept.effect !== 'read')) throw new Error(`${call.id} cannot start`);
      kept.started = true;
      kept.effect = effect;
    });
  }

  async finishCall(
    call: RecordedCall,
    end: CallEnd,
    result: ToolResult,
    runs: readonly HookDecision[] = [],
  ): Promise<ToolResult> {
    return this.#write(`finish ${call.id} ${end}`, () => {
      this.runs.push(...runs);
      return this.#finish(call, end, result);
    });
  }

  async keepInput(call: RecordedCall, input: JsonValue, runs: readonly HookDecision[]): Promise<JsonValue> {
    return this.#write(`input ${call.id}`, () => {
      this.runs.push(...runs);
      this.#kept(call).effectiveInput = structuredClone(input);
      return input;
    });
  }

  async keepRaw(call: RecordedCall, raw: ToolResult): Promise<ToolResult> {
    return this.#write(`raw ${call.id}`, () => {
      this.#kept(call).raw = structuredClone(raw);
      return raw;
    });
  }

  async readModelHooks(turn: number) {
    const runs = this.modelRuns.filter((kept) => kept.turn === turn).flatMap((kept) => kept.runs);
    const sent = Object.assign({ system: null, model: null }, ...this.modelRuns.map(({ breaks }) => breaks));
    return structuredClone({ runs, sent });
  }

  async keepModelHooks(kept: KeepModelHooks): Promise<RecordedMessage[]> {
    return this.#write(`hooks ${kept.turn}`, () => {
      this.modelRuns.push({ ...kept, runs: [...kept.runs] });
      const { turn } = kept;
      const messages = kept.messages.map((text) =>
        this.#push({ turn, role: 'user', kind: 'hook', blocks: [{ type: 'text', text }] }),
      );
      this.#rows = grown(this.#rows, { messages });
      return messages;
    });
  }

  async keepHookRuns(turn: number, runs: readonly HookDecision[]): Promise<void> {
    this.#write(`looked ${turn}`, () => {
      this.runs.push(...runs);
      if (runs.some(({ event }) => event === 'AfterTurn')) this.#looked.add(turn);
    });
  }

  #looked = new Set<number>();

  async hasHookRuns(turn: number): Promise<boolean> {
    return this.#looked.has(turn);
  }

  async runStoreCall(
    call: RecordedCall,
    _effect: ToolEffect,
    run: (tx: Tx) => Promise<ToolResult>,
    keep: 'raw' | 'result' = 'result',
  ) {
    const staged: string[] = [];
    const entries: LedgerEntry[] = [];
    const query = async (sql: string, parameters: readonly unknown[] = []) => {
      if (!sql.includes('insert into animus.work_ledger')) {
        if (!sql.includes('pg_notify')) staged.push(sql);
        return [];
      }
      const seq = this.ledger.length + entries.length + 1;
      entries.push(ledgerEntry(seq, parameters));
      return [{ seq }];
    };
    const result = await run({ inTransaction: true, query: query as Tx['query'] });
    return this.#write(`store ${call.id}`, () => {
      this.rows.push(...staged);
      this.ledger.push(...entries);
      if (keep === 'result') return this.#finish(call, result.isError ? 'error' : 'done', result);
      Object.assign(this.#kept(call), { started: true, raw: structuredClone(result) });
      return result;
    });
  }

  async settleCalls(waiting: readonly WaitingCall[]): Promise<Settled> {
    const tx: Tx = { inTransaction: true, query: async () => [] };
    const evaluated: [WaitingCall, Evaluation][] = [];
    for (const one of waiting) {
      const { call, evaluate } = one;
      const wait = this.waits.get(call.id);
      const stored = wait ? { ...wait, isDue: this.due.has(call.id) } : null;
      evaluated.push([one, await evaluate(stored, tx)]);
    }
    const open = evaluated.flatMap(([, { kind }]) => (kind === 'wait' ? [kind] : []));
    return this.#write(`settle ${waiting.length - open.length} of ${waiting.length}`, () => this.#settle(evaluated));
  }

  /** What people say next: heard at the end of a turn, or where the model would end. */
  readonly said: NewMessage[] = [];

  async hearPeople(): Promise<RecordedMessage[]> {
    if (this.said.length === 0) return [];
    return this.#write('hear', () => {
      const messages = this.#hear();
      this.#rows = grown(this.#rows, { messages });
      return messages;
    });
  }

  #hear(): RecordedMessage[] {
    return this.said.splice(0).map((message) => this.#push(message));
  }

  async closeTurn(message: NewMessage): Promise<ClosedTurn> {
    return this.#write(`close ${message.turn}`, () => {
      const context = this.#rows;
      const placed = this.#placed(message);
      const entries = this.ledger.slice(openBlockSeq(context));
      const { ledger, block, cut, reminder } = closeTurn(context, this.#settings, placed, entries);
      const first = { ...placed, ledger };
      this.messages.push(first);
      if (block) this.blocks.push(block);
      if (cut) this.cuts.push(cut);
      const reminders = reminder === null ? [] : [this.#push(remark(message.turn, reminder))];
      const closed = { messages: [first, ...reminders, ...this.#hear()], block, cut };
      this.#rows = grown(context, closed);
      return closed;
    });
  }

  /** By calls whose answers may be in no turn. */
  readonly spent: Spent[] = [];

  async recordSpent(spent: Spent): Promise<void> {
    this.#write('spent', () => this.spent.push(structuredClone(spent)));
  }

  async recordCut({ summary = '', spent: _spent, ...cut }: RecordCut): Promise<RoomCut> {
    return this.#write(`${cut.kind} ${cut.turn}`, () => {
      const made: RoomCut = { ...cut, text: cutText(this.ledger, this.#settings, summary) };
      this.cuts.push(made);
      this.#rows = grown(this.#rows, { cut: made });
      return made;
    });
  }

  #placed(message: NewMessage): RecordedMessage {
    return { ...message, n: this.messages.length + 1, block: openBlock(this) };
  }

  #push(message: NewMessage): RecordedMessage {
    const placed = this.#placed(message);
    this.messages.push(placed);
    return placed;
  }

  #settle(evaluated: readonly [WaitingCall, Evaluation][]): Settled {
    const results = new Map<string, ToolResult>();
    let waitsFor: CallWait['kind'] | undefined;
    let isReady = false;
    for (const [{ call, finish }, evaluation] of evaluated) {
      if (evaluation.kind === 'result') {
        const { result } = evaluation;
        if (finish) this.#kept(call).raw = structuredClone(result);
        results.set(call.id, finish ? result : this.#finish(call, result.isError ? 'error' : 'done', result));
        continue;
      }
      if (evaluation.kind === 'ready') {
        isReady = true;
        continue;
      }
      this.#kept(call).waiting = true;
      if (!this.waits.has(call.id)) this.waits.set(call.id, evaluation.wait);
      waitsFor ??= evaluation.wait.kind;
    }
    if (isReady) return { kind: 'ready', results };
    return waitsFor ? { kind: 'parked', waitsFor } : { kind: 'settled', results };
  }

  #finish(call: RecordedCall, end: CallEnd, result: ToolResult): ToolResult {
    const kept = this.#kept(call);
    if (kept.result === null) Object.assign(kept, { result: structuredClone(result), end });
    return kept.result ?? result;
  }

  #kept({ id }: RecordedCall): KeptCall {
    const kept = this.calls.findLast((call) => call.id === id);
    if (!kept) throw new Error(`There is no call ${id}`);
    return kept;
  }

  #write<T>(operation: string, change: () => T): T {
    this.#writes += 1;
    const when = this.#cut?.at === this.#writes ? this.#cut.when : undefined;
    this.#dead ||= when === 'before';
    if (this.#dead) throw new Crash(operation);
    const result = structuredClone(change());
    this.log.push(operation);
    this.#dead = when === 'after';
    if (this.#dead) throw new Crash(operation);
    return result;
  }
}

function ledgerEntry(seq: number, parameters: readonly unknown[]): LedgerEntry {
  const [workItemId, id, focusId, faculty, entryType, content] = parameters as string[];
  const text = { workItemId, id, focusId, faculty, entryType, content } as unknown as LedgerEntry;
  return { ...text, seq, data: {}, createdAt: new Date(0) };
}

function remark(turn: number, text: string): NewMessage {
  return { turn, role: 'user', kind: 'remark', blocks: [{ type: 'text', text }] };
}
