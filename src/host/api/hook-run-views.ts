/** What hooks did, for the wire: small enough that a page of a focus stays one message. */
import type { HookRunView } from '../../protocol/focus.ts';
import type { HookRunFilter, ListedHookRun } from '../store/foci/hook-runs.ts';
import { jsonBytes } from './page.ts';

/** Of one page: so many at most, with texts as far as these fit. */
export const HOOK_RUNS: Pick<HookRunFilter, 'most' | 'longestOutput'> = { most: 1000, longestOutput: 20_000 };
const TEXT_BYTES = 256 * 1024;

/** The newest have their texts as far as they fit. */
export function viewHookRuns(runs: readonly ListedHookRun[]): HookRunView[] {
  let bytes = 0;
  return runs
    .map(viewHookRun)
    .reverse()
    .map((run) => {
      bytes += jsonBytes(run);
      return bytes > TEXT_BYTES
        ? { ...run, patch: null, reason: run.reason?.slice(0, 100) ?? null, stderr_tail: '' }
        : run;
    })
    .reverse();
}

function viewHookRun(run: ListedHookRun): HookRunView {
  const { id, event, name, turn, outcome, reason } = run;
  return {
    ...{ id, event, name, turn, outcome, reason },
    tool_call_id: run.toolCallId,
    patch: run.output,
    patch_length: run.outputLength,
    exit_code: run.exitCode,
    stderr_tail: run.stderrTail,
    duration_ms: run.durationMs,
    created_at: run.createdAt.toISOString(),
  };
}
