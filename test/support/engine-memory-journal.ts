/**
 * The loop's memory in a plain object. It can be cut at any of its writes, before or after it took effect, as when the
 * process dies; what was kept is then what a new loop finds.
 */
import type { Tx } from '../../src/host/db/types.ts';
import type { CallWait, Evaluation, FilePlan, ToolEffect, ToolResult } from '../../src/host/engine/engage/tool.ts';
import type {
  CallEnd,
  Journal,
  RecordAnswer,
  RecordedCall,
  RecordedMessage,
  Settled,
  WaitingCall,
} from '../../src/host/engine/engage/types.ts';

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

  async finishCall(call: RecordedCall, end: CallEnd, result: ToolResult): Promise<ToolResult> {
    return this.#write(`finish ${call.id} ${end}`, () => this.#finish(call, end, result));
  }

  async runStoreCall(call: RecordedCall, _effect: ToolEffect, run: (tx: Tx) => Promise<ToolResult>) {
    const staged: string[] = [];
    const query = async (sql: string) => {
      staged.push(sql);
      return [];
    };
    const result = await run({ inTransaction: true, query });
    return this.#write(`store ${call.id}`, () => {
      this.rows.push(...staged);
      return this.#finish(call, result.isError ? 'error' : 'done', result);
    });
  }

  async settleCalls(waiting: readonly WaitingCall[]): Promise<Settled> {
    const tx: Tx = { inTransaction: true, query: async () => [] };
    const evaluated: [RecordedCall, Evaluation][] = [];
    for (const { call, evaluate } of waiting) {
      const wait = this.waits.get(call.id);
      const stored = wait ? { ...wait, isDue: this.due.has(call.id) } : null;
      evaluated.push([call, await evaluate(stored, tx)]);
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

  #settle(evaluated: readonly [RecordedCall, Evaluation][]): Settled {
    const results = new Map<string, ToolResult>();
    let waitsFor: CallWait['kind'] | undefined;
    for (const [call, evaluation] of evaluated) {
      if (evaluation.kind === 'result') {
        results.set(call.id, this.#finish(call, evaluation.result.isError ? 'error' : 'done', evaluation.result));
        continue;
      }
      this.#kept(call).waiting = true;
      if (!this.waits.has(call.id)) this.waits.set(call.id, evaluation.wait);
      waitsFor ??= evaluation.wait.kind;
    }
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
