/** What a focus may use and whether it gets anywhere, looked up in rows before each model call: a resumed focus counts alike. */
import { setTimeout as sleep } from 'node:timers/promises';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { retryLost } from '../../db/retry-lost.ts';
import type { Db, Tx } from '../../db/types.ts';
import type { CostOf } from '../../llm/prices.ts';
import type { LlmError, Usage } from '../../llm/types.ts';
import {
  addSpend,
  type BudgetLimits,
  type OwnedBudget,
  openBudget,
  readOwnedBudgets,
} from '../../store/budgets/budgets.ts';
import { addToDay, readDay } from '../../store/budgets/daily.ts';
import { takeReservation } from '../../store/budgets/reservations.ts';
import { readRecentCalls } from '../../store/foci/recent-calls.ts';
import { takeRunningTime } from '../../store/foci/running-time.ts';
import { type Question, readEngineQuestions } from '../../store/questions/questions.ts';
import { type Lease, proveLease } from '../../store/work/leases.ts';
import type { WorkItem } from '../../store/work/types.ts';
import { findRepetition, type Repetition, repetitionWarning, TURNS_LOOKED_AT } from '../engage/repetition.ts';
import type { EngageConfig, EngageResult, Limits, NextCall } from '../engage/types.ts';
import { admitCall, type Exhausted, findRunsUntil } from './admission.ts';
import { budgetQuestion, exhaustedText } from './budget-wording.ts';
import { externalCall, sizeOfCall } from './call-size.ts';

export type LimitParts = {
  db: Db;
  lease: Lease;
  item: Pick<WorkItem, 'id' | 'rootId' | 'parentId' | 'place'>;
  /** Those that item and faculty say now, besides the turns that the focus was fixed to. */
  limits: Omit<BudgetLimits, 'maxTurns'>;
  costOf: CostOf;
  /** Tools that may wait for others: to call one again is no repetition. */
  waitingTools: ReadonlySet<string>;
  /** Nobody is there to be asked. */
  headless: boolean;
  /** Null: no cap. */
  dayCapMicros: number | null;
  /** Set: the focus is to end at its next recorded point, or at once. */
  ending: AbortSignal;
};

/** How soon a call that has no room beside those under way is looked at again. */
const BUSY_LOOK_MS = 500;

/** After these the provider has generated nothing. */
const UNBILLED: readonly LlmError['kind'][] = [
  'http',
  'api',
  'rate_limited',
  'overloaded',
  'auth',
  'insufficient_quota',
  'context_exceeded',
  'refused',
];

export class DbLimits implements Limits {
  #parts: LimitParts;
  /** Of the call under way. */
  #reservation: string | undefined;
  /** It was, with an answer; another call needs another. */
  #isSettled = false;
  /** What was asked about the focus before it was claimed: while it runs nobody asks. */
  #asked: Promise<Question[]> | undefined;
  /** Found when a call was admitted, or before one was. */
  #runsUntil: Promise<number> | undefined;
  #looked: { turn: number; repetition: Repetition } | undefined;

  constructor(parts: LimitParts) {
    this.#parts = parts;
  }

  async admit(turn: number, call: NextCall): Promise<EngageResult | undefined> {
    const { db, item, dayCapMicros } = this.#parts;
    // What is held back already is still there for the call.
    if (this.#reservation !== undefined && !this.#isSettled) return undefined;
    this.#reservation = undefined;
    this.#isSettled = false;
    const questions = await this.#questions();
    const stopped = questions.findLast(({ verdict }) => verdict === 'stop');
    if (stopped) return endOf(stopped);
    const circles = await this.#circles(questions, turn - 1);
    if (circles) return circles;
    if (dayCapMicros !== null) {
      const day = await retryLost(() => readDay(db, item.place));
      if (day.costMicros >= dayCapMicros) return { kind: 'day_over', endsInMs: day.endsInMs };
    }
    return this.#admitToBudgets(turn, call);
  }

  async noAnswer({ kind }: LlmError): Promise<void> {
    const id = this.#reservation;
    if (id === undefined) return;
    const { db, lease, item } = this.#parts;
    await retryLost(() =>
      db.transaction(async (tx) => {
        await proveLease(tx, lease);
        const taken = await takeReservation(tx, id);
        if (!taken || UNBILLED.includes(kind)) return;
        await addSpend(tx, item.id, { tokens: taken.tokens, costMicros: taken.costMicros, ms: 0 });
        await addToDay(tx, item.place, taken.costMicros);
      }),
    );
    this.#reservation = undefined;
  }

  runsUntil(): Promise<number> {
    this.#runsUntil ??= this.#findRunsUntil();
    return this.#runsUntil;
  }

  /** A focus that is resumed may run calls of its open turn before it asks its model anything. */
  async #findRunsUntil(): Promise<number> {
    const { db, lease, item } = this.#parts;
    const budgets = await retryLost(() => readOwnedBudgets(db, item.id, lease.focusId));
    if (budgets.every(({ maxDurationMs }) => maxDurationMs === null)) return Number.POSITIVE_INFINITY;
    return retryLost(() => db.transaction((tx) => findRunsUntil(tx, lease, item)));
  }

  /**
   * The last of the transaction that records an answer, also one that made room: its lease is proven, and nothing is locked
   * after the budgets.
   */
  async settle(tx: Tx, usage: Usage, model: string): Promise<void> {
    this.#isSettled = true;
    const { lease, item, costOf } = this.#parts;
    const costs = costOf(model, usage) ?? 0;
    const [ms] = await Promise.all([
      takeRunningTime(tx, lease.focusId),
      this.#reservation === undefined ? undefined : takeReservation(tx, this.#reservation),
    ]);
    await Promise.all([
      addSpend(tx, item.id, { tokens: usage.input + usage.output, costMicros: costs, ms }),
      addToDay(tx, item.place, costs),
    ]);
  }

  async warn(turn: number): Promise<string | undefined> {
    const repetition = await this.#repetition(await this.#questions(), turn);
    return repetition.kind === 'warn' ? repetitionWarning(repetition.what) : undefined;
  }

  #questions(): Promise<Question[]> {
    const { db, lease } = this.#parts;
    this.#asked ??= retryLost(() => readEngineQuestions(db, lease.focusId));
    return this.#asked;
  }

  /** Whether the focus is stuck after this turn; a person who let it go on starts the count anew. */
  async #circles(asked: readonly Question[], turn: number): Promise<EngageResult | undefined> {
    const { headless } = this.#parts;
    const repetition = this.#looked?.turn === turn ? this.#looked.repetition : await this.#repetition(asked, turn);
    if (repetition.kind !== 'stuck') return undefined;
    const message = `It goes round in circles: ${repetition.what}.`;
    if (headless) return { kind: 'stuck', message };
    const text = `${message} Shall it go on? Whatever else you answer is said to it.`;
    return { kind: 'asks', question: { kind: 'stuck', turn, text, choices: ['Go on', 'Stop here'], data: {} } };
  }

  async #repetition(asked: readonly Question[], turn: number): Promise<Repetition> {
    const { db, lease, waitingTools } = this.#parts;
    const answeredAt = asked.findLast(({ kind, verdict }) => kind === 'stuck' && verdict !== null)?.turn ?? 0;
    const afterTurn = Math.max(answeredAt, turn - TURNS_LOOKED_AT);
    const calls = await retryLost(() => readRecentCalls(db, lease.focusId, afterTurn));
    const repetition = findRepetition(calls.map((call) => ({ ...call, mayWait: waitingTools.has(call.name) })));
    this.#looked = { turn, repetition };
    return repetition;
  }

  async #admitToBudgets(turn: number, call: NextCall): Promise<EngageResult | undefined> {
    const { db, lease, item, costOf, dayCapMicros, ending } = this.#parts;
    const budgets = await this.#budgets(call.config.maxTurns);
    const most = ownTurns(budgets, item.id) ?? call.config.maxTurns;
    if (turn > most) {
      return this.#exhausted({ limit: 'turns', ownerId: item.id, most, spent: turn - 1, need: 0 }, turn);
    }
    if (!budgets.some(isLimited) && dayCapMicros === null) {
      this.#runsUntil = Promise.resolve(Number.POSITIVE_INFINITY);
      return undefined;
    }
    const { external } = call.config;
    const size = external ? await retryLost(() => externalCall(db, lease.focusId)) : sizeOfCall(call, costOf);
    const costIsLimited = dayCapMicros !== null || budgets.some(({ maxCostMicros }) => maxCostMicros !== null);
    if (costIsLimited && size.costMicros === null) return { kind: 'unpriced', message: unpricedText(call.config) };
    const id = uuidv7();
    while (!ending.aborted) {
      const admission = await retryLost(() => db.transaction((tx) => admitCall(tx, lease, item, id, size)));
      if (admission.kind === 'exhausted') return this.#exhausted(admission.exhausted, turn);
      if (admission.kind === 'admitted') {
        this.#reservation = id;
        this.#runsUntil = Promise.resolve(admission.runsUntil);
        return undefined;
      }
      await this.#pause();
    }
    return { kind: 'stopped' };
  }

  /** Work that began before there were budgets has none yet. */
  async #budgets(maxTurns: number): Promise<OwnedBudget[]> {
    const { db, lease, item, limits } = this.#parts;
    const read = () => retryLost(() => readOwnedBudgets(db, item.id, lease.focusId));
    const budgets = await read();
    if (budgets.some(({ workItemId, maxTurns: own }) => workItemId === item.id && own !== null)) return budgets;
    await retryLost(() =>
      db.transaction(async (tx) => {
        await proveLease(tx, lease);
        await openBudget(tx, item.id, { ...limits, maxTurns });
      }),
    );
    return read();
  }

  /** Until another call of the tree may have ended, or the focus is to end. */
  async #pause(): Promise<void> {
    await sleep(BUSY_LOOK_MS, undefined, { signal: this.#parts.ending }).catch((error: Error) => {
      if (error.name !== 'AbortError') throw error;
    });
  }

  /** Of a tree only the root asks: whoever spawned the others reads how they ended. */
  #exhausted(exhausted: Exhausted, turn: number): EngageResult {
    const { item, headless } = this.#parts;
    if (headless || item.parentId !== null) return { kind: 'budget', message: exhaustedText(exhausted, item.id) };
    return { kind: 'asks', question: budgetQuestion(exhausted, item.id, turn - 1) };
  }
}

function endOf({ kind, text, answeredBy }: Question): EngageResult {
  const message = `${text.replace(/ Shall it go on\?.*$/s, '')} Asked about it, ${answeredBy ?? 'a person'} stopped it.`;
  return { kind: kind === 'stuck' ? 'stuck' : 'budget', message };
}

const ownTurns = (budgets: readonly OwnedBudget[], id: string) =>
  budgets.find(({ workItemId }) => workItemId === id)?.maxTurns;

function isLimited({ maxTokens, maxCostMicros, maxDurationMs }: OwnedBudget): boolean {
  return maxTokens !== null || maxCostMicros !== null || maxDurationMs !== null;
}

function unpricedText({ model, external }: EngageConfig): string {
  if (external) {
    return 'The cost of this work is limited, and its program said nothing of what it costs before its first call, so no limit would hold. Let it report its usage (POST /v1/usage, with cost_usd) after each call of its model, or limit turns or time instead of the cost.';
  }
  return `The cost of this work is limited, and the price of ${model} is not known, so no limit would hold. Nothing was asked of it. Choose a model with a known price, or limit tokens instead of the cost.`;
}
