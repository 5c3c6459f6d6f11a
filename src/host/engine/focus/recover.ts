/** After a failed attempt: the faculty's command may say that another one is useless, then backoff or the end. */
import { retryLost } from '../../db/retry-lost.ts';
import { enterRecover, type FocusError } from '../../store/foci/foci.ts';
import { proveLease } from '../../store/work/leases.ts';
import { giveUp, releaseFocus, retryLater } from './ending.ts';
import { workFacts } from './orient.ts';
import { runPhaseCommand } from './phase-command.ts';
import type { Claim, FocusDependencies } from './types.ts';

const LONGEST_BACKOFF_MS = 15 * 60_000;
/** Takeovers in a row after which the command is not started again: it may be what kills the hosts. */
const MOST_RESUMES = 6;

/** Gives what became of it, for the log. */
export async function recover(deps: FocusDependencies, claim: Claim, error: FocusError): Promise<string> {
  await retryLost(() =>
    deps.db.transaction(async (tx) => {
      await proveLease(tx, claim.lease);
      await enterRecover(tx, claim.focus.id, error);
    }),
  );
  const isHopeless = error.final === true || claim.item.resumesWithoutProgress >= MOST_RESUMES;
  const verdict: Verdict = isHopeless ? { kind: 'give_up' } : await askCommand(deps, claim, error);
  if (verdict.kind === 'stopped') {
    await releaseFocus(deps.db, claim.lease);
    return 'released';
  }
  const failed = claim.item.attempts + 1;
  if (verdict.kind === 'retry' && failed < claim.item.maxAttempts) {
    const delay = backoffMs(claim.faculty.recover.backoff, failed, deps.random());
    await retryLater(deps.db, claim.lease, delay, { kind: error.kind, message: error.message });
    return `failed (${error.kind}), again in ${Math.round(delay)} ms`;
  }
  const why = failed > 1 ? `Attempt ${failed} failed too: ${error.message}` : error.message;
  const summary = verdict.kind === 'give_up' && verdict.said ? `${why}\n${verdict.said}` : why;
  const duration_ms = Math.max(0, Date.now() - claim.focus.startedAt.getTime());
  const { kind, message } = error;
  await giveUp(deps.db, claim.lease, { success: false, summary, error: { kind, message }, duration_ms });
  return `dead (${error.kind})`;
}

type Verdict = { kind: 'retry' } | { kind: 'give_up'; said?: string } | { kind: 'stopped' };

/** The command decides on another attempt; without one there is another. */
async function askCommand(deps: FocusDependencies, claim: Claim, error: FocusError): Promise<Verdict> {
  const { command, timeout } = claim.faculty.recover;
  if (command === null) return { kind: 'retry' };
  const work = { ...workFacts(claim), error: { kind: error.kind, message: error.message } };
  const result = await runPhaseCommand(deps, claim, { phase: 'recover', command, timeoutSeconds: timeout, work });
  if (claim.lost.aborted) return { kind: 'stopped' };
  return result.kind === 'succeeded' ? { kind: 'retry' } : { kind: 'give_up', said: result.message };
}

/** Doubled with each failure, and spread over half of it, so that what failed together does not return together. */
export function backoffMs(baseSeconds: number, failedAttempts: number, random: number): number {
  const full = Math.min(LONGEST_BACKOFF_MS, baseSeconds * 1000 * 2 ** (failedAttempts - 1));
  return full * (0.5 + random / 2);
}
