/**
 * The loop's memory in a plain object. It can be cut at any of its writes, before or after it took effect, as when the
 * process dies; what was kept is then what a new loop finds.
 */
import type { Tx } from '../../src/host/db/types.ts';
import type { HookDecision } from '../../src/host/engine/engage/hooks.ts';
import type { CallWait, Evaluation, ToolEffect, ToolResult } from '../../src/host/engine/engage/tool.ts';
import type {
  CallEnd,
  Journal,
  KeepModelHooks,
  RecordAnswer,
  RecordedCall,
  RecordedMessage,
  Settled,
  WaitingCall,
} from '../../src/host/engine/engage/types.ts';
import type { JsonValue } from '../../src/host/llm/types.ts';

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
  /** What store tools wrote, committed only. */
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

  constructor(task = 'The task.') {
    this.messages = [{ turn: 0, role: 'user', kind: 'task', blocks: [{ type: 'text', text: task }] }];
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
    return structuredClone({ messages: this.messages, callsOfLastTurn: open });
  }

  async recordAnswer({ turn, blocks, stopReason }: RecordAnswer) {
    const message: RecordedMessage = { turn, role: 'assistant', kind: 'assistant', blocks, stopReason };
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
      this.calls.push(...structuredClone(calls));
      return { message, calls };
    });
  }

  async startCall(call: RecordedCall, effect: ToolEffect): Promise<void> {
    this.#write(`start ${call.id}`, () => {
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
    const messages = kept.messages.map((text): RecordedMessage => {
      return { turn: kept.turn, role: 'user', kind: 'hook', blocks: [{ type: 'text', text }] };
    });
    return this.#write(`hooks ${kept.turn}`, () => {
      this.modelRuns.push({ ...kept, runs: [...kept.runs] });
      this.messages.push(...structuredClone(messages));
      return messages;
    });
  }

  async keepHookRuns(turn: number, runs: readonly HookDecision[]): Promise<void> {
    this.#write(`looked ${turn}`, () => this.runs.push(...runs));
  }

  async runStoreCall(
    call: RecordedCall,
    _effect: ToolEffect,
    run: (tx: Tx) => Promise<ToolResult>,
    keep: 'raw' | 'result' = 'result',
  ) {
    const staged: string[] = [];
    const query = async (sql: string) => {
      staged.push(sql);
      return [];
    };
    const result = await run({ inTransaction: true, query });
    return this.#write(`store ${call.id}`, () => {
      this.rows.push(...staged);
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

  /** What people say next, for `hearPeople`. */
  readonly said: RecordedMessage[] = [];

  async hearPeople(): Promise<RecordedMessage[]> {
    const heard = this.said.splice(0);
    this.messages.push(...structuredClone(heard));
    return heard;
  }

  async closeTurn(message: RecordedMessage): Promise<RecordedMessage[]> {
    return this.#write(`close ${message.turn}`, () => {
      this.messages.push(structuredClone(message));
      return [message];
    });
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
    const kept = this.calls.find((call) => call.id === id);
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
