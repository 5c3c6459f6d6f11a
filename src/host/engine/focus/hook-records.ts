/** What engage hooks decided, as rows, and back. */
import type { JsonObject } from '../../../protocol/json.ts';
import type { Queryable, Tx } from '../../db/types.ts';
import { insertCut, readPrefixBreaks } from '../../store/foci/cuts.ts';
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
    const { id, hook: name, outcome, exitCode, durationMs, patch, reason } = decision;
    // Those about a turn's own request are read back by their event.
    const event = decision.purpose ? `${decision.event} ${decision.purpose}` : decision.event;
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

/** A break differs from what was sent before: one that does not is there already, of a transaction whose answer was lost. */
export async function insertBreaks(
  tx: Tx,
  focusId: string,
  redactor: Redactor,
  { breaks }: Pick<KeepModelHooks, 'breaks'>,
): Promise<void> {
  if (breaks.system === undefined && breaks.model === undefined) return;
  const sent = await readSent(tx, focusId);
  const system = breaks.system === undefined ? sent.system : redactor.text(breaks.system);
  const model = breaks.model ?? sent.model;
  if (system !== sent.system) await insertCut(tx, focusId, 'system_patch', { system });
  if (model !== sent.model) await insertCut(tx, focusId, 'model_patch', { model });
}

/** What was decided about a turn's request, and what the prefix was after the last break that hooks made. */
export async function readModelHooks(
  db: Queryable,
  focusId: string,
  turn: number,
): Promise<{ runs: HookDecision[]; sent: SentPrefix }> {
  const [runs, sent] = await Promise.all([readHookRuns(db, focusId, 'BeforeLLMCall', turn), readSent(db, focusId)]);
  return { runs: runs.map(asDecision), sent };
}

/** A model that took over was patched by no hook since. */
async function readSent(db: Queryable, focusId: string): Promise<SentPrefix> {
  const breaks = await readPrefixBreaks(db, focusId);
  const last = (kind: string, key: string) => {
    const value = breaks.findLast((made) => made.kind === kind)?.content[key];
    return typeof value === 'string' ? value : null;
  };
  return { system: last('system_patch', 'system'), model: last('model_patch', 'model') };
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
