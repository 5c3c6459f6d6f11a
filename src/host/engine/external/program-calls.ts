/**
 * The calls of one run of a program: asked for at any time, made in turns. A call has one answer, whoever asks for it and however
 * often; when the run ends, what it still waits for is told so and is not made by the next one.
 */
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../../protocol/json.ts';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { type AskedCall, type CallAnswer, type CallAnswers, MOST_CALLS, type Refusal } from './tool-wire.ts';

export type NamedCall = { id: string; name: string; arguments: JsonObject };

export type CallResult = { content: string; isError: boolean };

/** A call that was made before in this focus. */
export type EarlierCall = { name: string; arguments: JsonObject; result: CallResult | null };

export type CallRows = {
  /** A call of the focus by the name that the program gave it. */
  earlierCall(id: string): Promise<EarlierCall | undefined>;
  /** As arguments are stored. */
  redact(input: JsonObject): JsonObject;
};

type Settled = CallAnswer | Refusal;

type UnderWay = NamedCall & { answer: Promise<Settled>; settle(answer: Settled): void };

const OVER: Refusal = {
  status: 410,
  message: 'This run is over. End: the program is started anew when the work goes on.',
};

const UNKNOWN: Refusal = {
  status: 503,
  message: 'It could not be looked up whether this call was made before, so nothing was run. Ask again.',
};

const isRefusal = (settled: Settled): settled is Refusal => 'status' in settled;
const isAnswer = (settled: Settled): settled is CallAnswer => !isRefusal(settled);

export class ProgramCalls {
  #rows: CallRows;
  #onAsked: () => void;
  /** By their ids: looked up, queued, or made in the turn that is open. */
  #underWay = new Map<string, UnderWay>();
  #queued: UnderWay[] = [];
  #open: UnderWay[] = [];
  /** What was said meanwhile, for whoever gets the next answer. */
  #remarks: string[] = [];
  #isOver = false;

  /** `onAsked` is called when there is a call to be made, and when one was answered from the rows. */
  constructor(rows: CallRows, onAsked: () => void) {
    this.#rows = rows;
    this.#onAsked = onAsked;
  }

  get isWaited(): boolean {
    return this.#queued.length > 0;
  }

  /** Resolves when every call has its result. */
  async ask(asked: readonly AskedCall[]): Promise<CallAnswers | Refusal> {
    if (this.#isOver) return OVER;
    const named = asked.map((call): NamedCall => ({ ...call, id: call.id ?? `call-${uuidv7()}` }));
    // Nothing is awaited before all of them are noted: no two requests make one call, or take the last room.
    const refused = this.#refusalOf(named);
    if (refused) return refused;
    const fresh = named.filter(({ id }) => !this.#underWay.has(id));
    const noted = fresh.map((call) => this.#note(call));
    const calls = named.flatMap(({ id }) => this.#underWay.get(id) ?? []);
    const unknown = noted.filter(({ id }) => asked.some((call) => call.id === id));
    if (await this.#answerFromRows(unknown)) this.#queue(noted);
    else for (const call of noted) this.#settle(call, UNKNOWN);
    const answers = await Promise.all(calls.map(({ answer }) => answer));
    const refusal = answers.find(isRefusal);
    if (refusal) return refusal;
    return { results: answers.filter(isAnswer), remarks: this.#remarks.splice(0) };
  }

  /** The calls of the next turn, in the order of asking. */
  take(): NamedCall[] {
    this.#open = this.#queued;
    this.#queued = [];
    return this.#open.map(({ id, name, arguments: input }) => ({ id, name, arguments: input }));
  }

  /** The open turn is closed. Throws where a call of it has no result. */
  answer(results: ReadonlyMap<string, CallResult>, remarks: readonly string[]): void {
    this.#remarks.push(...remarks);
    const open = this.#open;
    this.#open = [];
    for (const call of open) {
      const result = results.get(call.id);
      if (!result) throw new Error(`The call ${call.id} was left without a result.`);
      this.#settle(call, viewResult(call.id, result));
    }
  }

  /** Whoever still waits is told so. */
  end(): void {
    this.#isOver = true;
    for (const call of [...this.#underWay.values()]) this.#settle(call, OVER);
    this.#queued = [];
    this.#open = [];
  }

  #refusalOf(named: readonly NamedCall[]): Refusal | undefined {
    const ids = named.map(({ id }) => id);
    const twice = ids.find((id, at) => ids.indexOf(id) !== at);
    if (twice !== undefined) return { status: 409, message: `The id ${twice} is given twice in one request.` };
    const fresh = ids.filter((id) => !this.#underWay.has(id));
    if (this.#underWay.size + fresh.length > MOST_CALLS) {
      return { status: 429, message: `At most ${MOST_CALLS} calls may wait for their results at once.` };
    }
    const other = named.find((call) => {
      const present = this.#underWay.get(call.id);
      return present && !isSame(present, call);
    });
    return other && differs(other.id, this.#underWay.get(other.id)?.name ?? '');
  }

  #note(call: NamedCall): UnderWay {
    const { promise, resolve } = Promise.withResolvers<Settled>();
    const noted = { ...call, answer: promise, settle: resolve };
    this.#underWay.set(call.id, noted);
    return noted;
  }

  /** Settles those that were made before, or cannot be meant. False where nobody can tell. */
  async #answerFromRows(calls: readonly UnderWay[]): Promise<boolean> {
    for (const call of calls) {
      const before = await this.#rows.earlierCall(call.id).catch(() => null);
      if (before === null) return false;
      if (before === undefined) continue;
      if (!isSame({ ...before, arguments: this.#rows.redact(before.arguments) }, this.#stored(call))) {
        this.#settle(call, differs(call.id, before.name));
      } else if (before.result) this.#settle(call, viewResult(call.id, before.result));
    }
    return true;
  }

  /** Compared as it would be stored: a secret that became known since does not make it another call. */
  #stored({ name, arguments: input }: NamedCall) {
    return { name, arguments: this.#rows.redact(JSON.parse(JSON.stringify(input)) as JsonObject) };
  }

  /** Those that have no answer yet. */
  #queue(calls: readonly UnderWay[]): void {
    this.#queued.push(...calls.filter(({ id }) => this.#underWay.has(id)));
    this.#onAsked();
  }

  #settle(call: UnderWay, answer: Settled): void {
    this.#underWay.delete(call.id);
    call.settle(answer);
  }
}

const isSame = (one: Pick<NamedCall, 'name' | 'arguments'>, other: Pick<NamedCall, 'name' | 'arguments'>) =>
  one.name === other.name && isDeepStrictEqual(one.arguments, other.arguments);

const viewResult = (id: string, { content, isError }: CallResult): CallAnswer => ({ id, content, is_error: isError });

function differs(id: string, name: string): Refusal {
  return {
    status: 409,
    message: `The call ${id} was asked for before, of ${name} with other arguments. Give each call an id of its own.`,
  };
}
