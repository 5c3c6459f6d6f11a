/**
 * One claim of one work item, from whatever phase it is in to its end or its park:
 * orient → engage → consolidate, or recover. All that a later host needs is in rows before each step begins.
 */
import { isDiskFull } from '../../db/disk-space.ts';
import { DbLost } from '../../db/types.ts';
import { LeaseLost } from '../../store/work/leases.ts';
import { consolidate } from './consolidate.ts';
import { abandonFocus, completeFocus, parkFocus, releaseFocus } from './ending.ts';
import { engagePhase } from './engage-phase.ts';
import { orient } from './orient.ts';
import type { PhaseEnd } from './phase-result.ts';
import { recover } from './recover.ts';
import type { Claim, FocusDependencies } from './types.ts';

/** Takeovers in a row without a recorded iteration after which the attempt counts as failed. */
const MOST_RESUMES_WITHOUT_PROGRESS = 3;

/** Never rejects for what the work did; what is unexpected fails the attempt, and is logged. */
export async function runFocus(deps: FocusDependencies, claim: Claim): Promise<void> {
  const facts = { work_id: claim.item.id, focus_id: claim.focus.id };
  try {
    const result = await runPhases(deps, claim);
    deps.log('info', 'focus.end', { ...facts, end: result });
  } catch (error) {
    if (error instanceof LeaseLost) {
      deps.log('warn', 'focus.fenced', facts);
      return;
    }
    if (error instanceof DbLost || isDiskFull(error)) {
      // Nothing about the work failed: the lease runs out, and the focus goes on from its rows.
      deps.log('warn', 'focus.database_lost', { ...facts, message: (error as Error).message });
      return;
    }
    deps.log('error', 'focus.failed', { ...facts, message: String(error), stack: (error as Error).stack });
    await failUnexpectedly(deps, claim, error);
  }
}

async function runPhases(deps: FocusDependencies, claim: Claim): Promise<string> {
  if (claim.item.resumesWithoutProgress >= MOST_RESUMES_WITHOUT_PROGRESS && claim.focus.phase !== 'recover') {
    const message = `The host died ${claim.item.resumesWithoutProgress} times in a row before this focus recorded anything new.`;
    return recover(deps, claim, { kind: 'no_progress', message });
  }
  let phase = claim.focus.phase;
  if (phase !== 'recover' && isAnotherFaculty(claim)) return recover(deps, claim, ANOTHER_FACULTY);
  for (;;) {
    if (claim.stopping.aborted) return finish(deps, claim, { kind: 'stopped' });
    if (phase === 'recover') {
      return recover(deps, claim, claim.focus.error ?? { kind: 'unknown', message: 'The attempt failed.' });
    }
    const result = await PHASES[phase](deps, claim);
    if (result.kind !== 'next') return finish(deps, claim, result);
    phase = result.phase;
  }
}

const ANOTHER_FACULTY = {
  kind: 'faculty_changed',
  message:
    "This work began with the workspace's own faculty, as a person had accepted it, and that is not there any more. Another one of its name does not go on with it: what that allows and checks is something else. Bring it back or accept it again (animus faculty accept), then retry the work.",
  final: true,
} as const;

/** Only one that was accepted goes on with what an accepted one began. */
function isAnotherFaculty({ focus, faculty }: Claim): boolean {
  return focus.config?.fromWorkspace === true && faculty.origin !== 'workspace';
}

const PHASES = { orient, engage: engagePhase, consolidate } as const;

async function finish(deps: FocusDependencies, claim: Claim, result: PhaseEnd): Promise<string> {
  switch (result.kind) {
    case 'completed':
      await completeFocus(deps.db, claim.lease, result.outcome);
      return 'completed';
    case 'parked':
      await parkFocus(deps.db, claim.lease, result.reason);
      return `waits for ${result.reason.kind}`;
    case 'calls_wait':
      return `waits for ${result.waitsFor}`;
    case 'stopped':
      await releaseFocus(deps.db, claim.lease);
      return 'released';
    case 'begin_anew':
      await abandonFocus(deps.db, claim.lease, result.error);
      return `begins anew (${result.error.kind})`;
    case 'failed':
      return recover(deps, claim, result.error);
  }
}

async function failUnexpectedly(deps: FocusDependencies, claim: Claim, error: unknown): Promise<void> {
  try {
    const message = deps.redactor.text(`The host met an error of its own: ${(error as Error).message}`);
    await recover(deps, claim, { kind: 'internal', message });
  } catch (fault) {
    // The lease runs out, and the item is taken over.
    deps.log('error', 'focus.abandoned', { work_id: claim.item.id, message: String(fault) });
  }
}
