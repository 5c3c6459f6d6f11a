/** What is a person's, nothing that an agent or a faculty started may do. */
import { AnimusError } from '../../protocol/errors.ts';
import { descendsFromRun } from '../process/process-tree.ts';

/** Throws AnimusError `not_permitted` where the process, or one above it, was started by a run. `deed` as in "may not …". */
export function refuseAgents(pid: number, deed: string): void {
  if (descendsFromRun(pid).kind !== 'descends') return;
  throw new AnimusError(
    'not_permitted',
    `A command that an agent or a faculty started may not ${deed}. Nothing was changed.`,
    'Run it yourself, in a terminal of your own.',
  );
}
