/** The last phase: what came of the work, as the agent reported it, unless the faculty's command says otherwise. */
import * as z from 'zod';
import { type JsonObject, jsonValue } from '../../../protocol/json.ts';
import { retryLost } from '../../db/retry-lost.ts';
import { type Focus, readFocus } from '../../store/foci/foci.ts';
import type { Outcome } from '../../store/work/types.ts';
import { workFacts } from './orient.ts';
import { runPhaseCommand } from './phase-command.ts';
import type { PhaseResult } from './phase-result.ts';
import type { Claim, FocusDependencies } from './types.ts';
import { verify } from './verify.ts';

const consolidateOutput = z.object({
  outcome: z
    .object({ success: z.boolean(), summary: z.string().min(1).max(20_000), data: jsonValue.optional() })
    .optional(),
});

export async function consolidate(deps: FocusDependencies, claim: Claim): Promise<PhaseResult> {
  const focus = await retryLost(() => readFocus(deps.db, claim.focus.id));
  if (!focus) throw new Error(`There is no focus ${claim.focus.id}.`);
  const outcome = outcomeOf(focus);
  const unverified = await verify(deps, claim, outcome);
  if (unverified) return unverified;
  const { command, timeout } = claim.faculty.consolidate;
  if (command === null) return { kind: 'completed', outcome };
  const work = { ...workFacts(claim), outcome: outcome as unknown as JsonObject };
  const result = await runPhaseCommand(deps, claim, { phase: 'consolidate', command, timeoutSeconds: timeout, work });
  if (claim.lost.aborted) return { kind: 'stopped' };
  if (result.kind === 'failed') {
    return { kind: 'failed', error: { kind: 'consolidate', message: result.message } };
  }
  const output = consolidateOutput.safeParse(result.output);
  if (!output.success) {
    const message = `consolidate-out.json: ${z.prettifyError(output.error)}`;
    return { kind: 'failed', error: { kind: 'consolidate', message } };
  }
  const { outcome: replaced } = output.data;
  if (!replaced) return { kind: 'completed', outcome };
  const { data, ...said } = replaced;
  return {
    kind: 'completed',
    outcome: { ...said, ...(data === undefined ? {} : { data }), duration_ms: outcome.duration_ms },
  };
}

/** Without a report the last text counts, as a success when the model ended by itself. */
function outcomeOf({ report, engageEnd, startedAt }: Focus): Outcome {
  const duration_ms = Math.max(0, Date.now() - startedAt.getTime());
  if (engageEnd && engageEnd.kind !== 'end_turn') {
    const { kind, message } = engageEnd;
    const summary = report ? `${message} Before that it reported: ${report.summary}` : message;
    return { success: false, summary, error: { kind, message }, duration_ms };
  }
  if (report) return { ...report, duration_ms };
  const text = engageEnd?.text.trim() ?? '';
  return {
    success: true,
    summary: text || 'The agent ended without a report and without a closing answer.',
    duration_ms,
  };
}
