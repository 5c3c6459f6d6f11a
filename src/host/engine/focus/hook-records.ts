/** What engage hooks decided, as rows, and back. */
import type { JsonObject } from '../../../protocol/json.ts';
import type { Queryable, Tx } from '../../db/types.ts';
import { insertContextCut, readContextCuts } from '../../store/foci/context-cuts.ts';
import { type HookRun, insertHookRun, readHookRuns } from '../../store/foci/hook-runs.ts';
import type { HookDecision } from '../engage/hooks.ts';
import type { KeepModelHooks, SentPrefix } from '../engage/types.ts';
import type { Redactor } from '../redaction/redactor.ts';

type About = { turn: number; callId: string | null };

/** Each once, however often the transaction is repeated: ids are made with the decisions. */
export async function insertDecisions(
  tx: Tx,
  focusId: string,
  redactor: Redactor,
  { turn, callId }: About,
  decisions: readonly HookDecision[],
): Promise<void> {
  for (const decision of decisions) {
    const { id, event, hook: name, outcome, exitCode, durationMs, patch, reason } = decision;
    await insertHookRun(tx, {
      id,
      focusId,
      event,
      name: redactor.text(name),
      run: 1,
      outcome,
      exitCode,
      output: patch === null ? null : redactor.json(patch as JsonObject),
      stderrTail: redactor.text(decision.stderrTail),
      durationMs: Math.round(durationMs),
      turn,
      toolCallId: callId,
      reason: reason === null ? null : redactor.text(reason),
    });
  }
}

export async function insertBreaks(
  tx: Tx,
  focusId: string,
  redactor: Redactor,
  { turn, breaks }: KeepModelHooks,
): Promise<void> {
  const { system, model } = breaks;
  if (system !== undefined) {
    await insertContextCut(tx, focusId, { turn, kind: 'system_patch', content: { system: redactor.text(system) } });
  }
  if (model !== undefined) await insertContextCut(tx, focusId, { turn, kind: 'model_patch', content: { model } });
}

/** What was decided about a turn's request, and what the prefix was after the last break that hooks made. */
export async function readModelHooks(
  db: Queryable,
  focusId: string,
  turn: number,
): Promise<{ runs: HookDecision[]; sent: SentPrefix }> {
  const [runs, cuts] = await Promise.all([
    readHookRuns(db, focusId, 'BeforeLLMCall', turn),
    readContextCuts(db, focusId),
  ]);
  const last = (kind: string, key: string) => {
    const value = cuts.findLast((cut) => cut.kind === kind)?.content[key];
    return typeof value === 'string' ? value : null;
  };
  return {
    runs: runs.map(asDecision),
    sent: { system: last('system_patch', 'system'), model: last('model_patch', 'model') },
  };
}

function asDecision(run: HookRun): HookDecision {
  return {
    id: run.id,
    event: 'BeforeLLMCall',
    hook: run.name,
    outcome: run.outcome as HookDecision['outcome'],
    reason: run.reason ?? null,
    patch: run.output,
    exitCode: run.exitCode,
    stderrTail: run.stderrTail,
    durationMs: run.durationMs,
  };
}
