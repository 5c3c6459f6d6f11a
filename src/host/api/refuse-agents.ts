/** What is a person's, nothing that an agent or a faculty started may do. */
import { AnimusError } from '../../protocol/errors.ts';
import { descendsFromRun } from '../process/process-tree.ts';
import type { Session } from './context.ts';

/**
 * Throws AnimusError `not_permitted` where the process, or one above it, was started by a run, or where it is not the one that
 * the connection belongs to. `deed` as in "may not …".
 */
export function refuseAgents({ isOf }: Pick<Session, 'isOf'>, pid: number, deed: string): void {
  if (descendsFromRun(pid).kind === 'descends') {
    throw new AnimusError(
      'not_permitted',
      `A command that an agent or a faculty started may not ${deed}. Nothing was changed.`,
      'Run it yourself, in a terminal of your own.',
    );
  }
  if (isOf(pid)) return;
  throw new AnimusError(
    'not_permitted',
    `This connection does not belong to process ${pid}, so nobody knows who would ${deed}. Nothing was changed.`,
    'Run it where the host runs, in a terminal of your own and as the same user; update Animus where it is older than the host.',
  );
}
