/**
 * Runs the calls of one turn: beside each other where neither can see what the other does, else in the order of asking.
 * Those that may have to wait are settled together, once everything else has its result or is kept back by one of them.
 */
import type { ToolResultBlock } from '../../llm/types.ts';
import { askAhead } from './kept-back.ts';
import { runCall } from './run-call.ts';
import { settleWaiting } from './settle-waiting.ts';
import type { Tool, ToolEffect } from './tool.ts';
import type { EngageDependencies, EngageResult, RecordedCall, WaitingCall } from './types.ts';

export type RanCalls =
  | { kind: 'results'; blocks: ToolResultBlock[] }
  | Extract<EngageResult, { kind: 'parked' | 'stopped' }>;

export async function runCalls(
  deps: EngageDependencies,
  calls: readonly RecordedCall[],
  mostAtOnce: number,
): Promise<RanCalls> {
  for (;;) {
    const ran = await runThrough(deps, calls, mostAtOnce);
    if (ran.kind === 'stopped') return ran;
    const { waiting } = ran;
    if (waiting.length === 0) break;
    if (startsNothing(deps)) return { kind: 'stopped' };
    const settled = await settleWaiting(deps, waiting);
    if (settled.kind === 'parked') return settled;
    for (const { call } of waiting) {
      call.waiting = true;
      call.result = settled.results.get(call.id) ?? null;
    }
  }
  return { kind: 'results', blocks: calls.map(resultBlock) };
}

type RanThrough = { kind: 'through'; waiting: WaitingCall[] } | { kind: 'stopped' };

/**
 * What can run now runs, and has its result then. Gives those that may have to wait, in the order of asking. A call that
 * asks a person keeps back what must not run before it; these ask what they have to ask, and stay requested.
 */
async function runThrough(
  deps: EngageDependencies,
  calls: readonly RecordedCall[],
  mostAtOnce: number,
): Promise<RanThrough> {
  const waiting: WaitingCall[] = [];
  const isWhole = await inOrder(calls, deps.tools, mostAtOnce, async (call, isKeptBack) => {
    // A focus that is aborted or held starts nothing more; the calls stay requested for whoever goes on.
    if (startsNothing(deps) && !call.result) return 'not begun';
    // One that waits for others changes nothing: it keeps nothing back, and nothing keeps it.
    const waitsByItself = deps.tools.get(call.name)?.kind === 'waiting';
    const outcome = isKeptBack && !waitsByItself ? await askAhead(deps, call) : await runCall(deps, call);
    if (outcome === 'kept back') return 'open';
    if ('evaluate' in outcome) {
      waiting.push(outcome);
      return waitsByItself ? 'through' : 'open';
    }
    call.result = outcome;
    return 'through';
  });
  if (!isWhole) return { kind: 'stopped' };
  return { kind: 'through', waiting: waiting.sort((a, b) => a.call.position - b.call.position) };
}

const startsNothing = ({ abort, held }: EngageDependencies) => abort.aborted || held.aborted;

/** What a call can see of another, and change for it. */
type Footing = { effect: ToolEffect; touches: 'rows' | 'world' | 'nothing' };

/** `open`: it has not run yet, and waits for a person or is kept back by one that does. */
type Begun = 'through' | 'open' | 'not begun';

/**
 * Calls each for `begin`, at most `mostAtOnce` at a time, each after those before it that it must not run beside, and told
 * whether one of them is still open. False where one of them did not begin. When one throws no other begins, and all that
 * are under way end first.
 */
async function inOrder(
  calls: readonly RecordedCall[],
  tools: EngageDependencies['tools'],
  mostAtOnce: number,
  begin: (call: RecordedCall, isKeptBack: boolean) => Promise<Begun>,
): Promise<boolean> {
  const footings = calls.map((call) => footingOf(tools.get(call.name)));
  const slots = new Slots(mostAtOnce);
  const runs: Promise<Begun>[] = [];
  const errors: unknown[] = [];
  for (const [at, call] of calls.entries()) {
    const before = runs.filter((_, earlier) => mustWait(footings[at], footings[earlier]));
    const run = async () => {
      const isKeptBack = (await Promise.all(before)).includes('open');
      return slots.use(async () => (errors.length === 0 ? begin(call, isKeptBack) : 'not begun'));
    };
    runs.push(
      run().catch((error: unknown) => {
        errors.push(error);
        return 'not begun';
      }),
    );
  }
  const begun = await Promise.all(runs);
  if (errors.length > 0) throw errors[0];
  return !begun.includes('not begun');
}

function footingOf(tool: Tool | undefined): Footing {
  if (!tool) return { effect: 'read', touches: 'nothing' };
  // One that waits is not evaluated before the end of the turn.
  if (tool.kind === 'waiting') return { effect: 'read', touches: 'nothing' };
  return { effect: tool.effect, touches: tool.kind === 'store' ? 'rows' : 'world' };
}

/** Reads run together; writes in order; a write and a read in order where one could see the other; exclusive alone. */
function mustWait(own: Footing | undefined, earlier: Footing | undefined): boolean {
  if (!own || !earlier) return false;
  if (own.effect === 'exclusive' || earlier.effect === 'exclusive') return true;
  if (own.effect === 'read' && earlier.effect === 'read') return false;
  return (own.effect === 'write' && earlier.effect === 'write') || own.touches === earlier.touches;
}

/** So many at a time, first come, first served. */
class Slots {
  #free: number;
  #queue: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}

function resultBlock({ id, providerCallId, result }: RecordedCall): ToolResultBlock {
  if (!result) throw new Error(`Tool call ${id} was left without a result.`);
  return { type: 'tool_result', toolUseId: providerCallId, content: result.content, isError: result.isError };
}
