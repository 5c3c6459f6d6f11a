/** The end of a turn's calls: those that may have to wait are evaluated together. */
import { isDiskFull } from '../../db/disk-space.ts';
import { DbLost } from '../../db/types.ts';
import { reasonOf } from './invoke-tool.ts';
import { type CallDependencies, refuse } from './run-call.ts';
import type { ToolResult } from './tool.ts';
import type { RecordedCall, Settled, WaitingCall } from './types.ts';

/**
 * Settles the calls that may have to wait, once everything else of the turn has its result. What a tool's own code throws
 * becomes its result, and the others are settled without it.
 */
export async function settleWaiting(deps: CallDependencies, waiting: readonly WaitingCall[]): Promise<Settled> {
  const thrown = new Map<unknown, RecordedCall>();
  const watched = waiting.map(({ evaluate, ...rest }): WaitingCall => {
    const watch: WaitingCall['evaluate'] = async (stored, tx) => {
      try {
        return await evaluate(stored, tx);
      } catch (error) {
        thrown.set(error, rest.call);
        throw error; // the transaction rolls back, or is tried again
      }
    };
    return { ...rest, evaluate: watch };
  });
  try {
    const settled = await deps.journal.settleCalls(watched);
    return settled.kind === 'parked' ? settled : { ...settled, results: await finished(waiting, settled.results) };
  } catch (error) {
    const broken = thrown.get(error);
    if (!broken || error instanceof DbLost || isDiskFull(error)) throw error;
    const result = await refuse(deps, broken, 'error', `${broken.name} failed: ${reasonOf(error)}`);
    const rest = waiting.filter(({ call }) => call !== broken);
    const settled: Settled =
      rest.length === 0 ? { kind: 'settled', results: new Map() } : await settleWaiting(deps, rest);
    if (settled.kind === 'parked') return settled;
    return { ...settled, results: new Map([...settled.results, [broken.id, result]]) };
  }
}

/** Hooks see what the tools gave, each result on its own. */
async function finished(
  waiting: readonly WaitingCall[],
  given: ReadonlyMap<string, ToolResult>,
): Promise<ReadonlyMap<string, ToolResult>> {
  const all = waiting.map(async ({ call, finish }) => {
    const raw = given.get(call.id);
    return raw && ([call.id, finish ? await finish(raw) : raw] as const);
  });
  return new Map((await Promise.all(all)).filter((entry) => entry !== undefined));
}
