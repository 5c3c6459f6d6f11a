/**
 * Whether a focus goes round in circles, by its calls alone: one call again and again, two in turns, or one turn after the
 * other in which everything failed. The same calls give the same verdict, whoever looks.
 */

export type MadeCall = {
  turn: number;
  name: string;
  /** Equal for equal arguments. */
  hash: string;
  isError: boolean;
  /** It may have waited for others, which is another thing each time. */
  mayWait: boolean;
};

export type Repetition = { kind: 'none' } | { kind: 'warn' | 'stuck'; what: string };

const WARN_AT = 3;
const STUCK_AT = 6;

const LONGEST_NAME = 64;

/** Turns enough to see the longest repetition: pairs, a call a turn. */
export const TURNS_LOOKED_AT = 2 * STUCK_AT;

/** `calls` in the order of asking, those of the newest turn last. */
export function findRepetition(calls: readonly MadeCall[]): Repetition {
  const since = calls.slice(calls.findLastIndex(({ mayWait }) => mayWait) + 1);
  const made = oncePerTurn(since);
  const last = made.at(-1);
  if (!last) return { kind: 'none' };
  const found: [number, string][] = [
    [sameAtEnd(made), `the same call of ${nameOf(last)} has been made, with the same arguments,`],
    [pairsAtEnd(made), `the same two calls, ${nameOf(made.at(-2))} and ${nameOf(last)}, have been made in turns`],
    [failedTurnsAtEnd(since), 'every call has failed, turn after turn,'],
  ];
  const [times, what] = found.reduce((most, candidate) => (candidate[0] > most[0] ? candidate : most));
  if (times < WARN_AT) return { kind: 'none' };
  return { kind: times >= STUCK_AT ? 'stuck' : 'warn', what: `${what} ${times} times running` };
}

/** A model may call a tool by any name it likes. */
const nameOf = (call: MadeCall | undefined) => (call?.name ?? '').slice(0, LONGEST_NAME).toWellFormed();

/** Equal calls of one turn were made by somebody who had seen no result of them yet. */
function oncePerTurn(calls: readonly MadeCall[]): MadeCall[] {
  const isRepeated = (call: MadeCall, at: number) =>
    calls.slice(0, at).some((other) => other.turn === call.turn && isSame(other, call));
  return calls.filter((call, at) => !isRepeated(call, at));
}

const isSame = (a: MadeCall | undefined, b: MadeCall | undefined) =>
  a !== undefined && b !== undefined && a.name === b.name && a.hash === b.hash;

function sameAtEnd(calls: readonly MadeCall[]): number {
  const different = calls.findLastIndex((call) => !isSame(call, calls.at(-1)));
  return calls.length - 1 - different;
}

/** How often the last two calls were made in turns. */
function pairsAtEnd(calls: readonly MadeCall[]): number {
  if (isSame(calls.at(-1), calls.at(-2))) return 0;
  let length = 2;
  while (isSame(calls.at(-1 - length), calls.at(-1 - length + 2))) length += 1;
  return calls.length < 2 ? 0 : Math.floor(length / 2);
}

function failedTurnsAtEnd(calls: readonly MadeCall[]): number {
  const turns = [...Map.groupBy(calls, ({ turn }) => turn).values()];
  const succeeded = turns.findLastIndex((made) => made.some(({ isError }) => !isError));
  return turns.length - 1 - succeeded;
}

/** Stands below the results of the turn: the model reads it with them. */
export function repetitionWarning(what: string): string {
  return `[engine] Look out: ${what}. It will not end otherwise next time. Change the approach, or report what stands in the way.`;
}
