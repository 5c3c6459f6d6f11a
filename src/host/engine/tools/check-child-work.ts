import * as z from 'zod';
import { defineTool } from '../engage/tool.ts';
import { reportStates } from './child-report.ts';
import { childIds, findOwnChildren } from './own-children.ts';
import { answer, failure } from './tool-text.ts';

const LATEST_ENTRIES = 5;

/** How the own children are, without waiting for them. */
export const checkChildWork = defineTool({
  name: 'check_child_work',
  description:
    'See how children that you spawned are, without waiting: the state of each, its outcome where it has ended, and ' +
    'the latest entries of its ledger. To wait for them use await_child_work and do not check again and again.',
  kind: 'store',
  effect: 'read',
  timeoutMs: 30_000,
  input: z.strictObject({ ids: childIds }),
  async run({ ids }, context, tx) {
    const found = await findOwnChildren(tx, context.workItemId, ids);
    if ('problem' in found) return failure(found.problem);
    return answer(await reportStates(tx, found.children, LATEST_ENTRIES));
  },
});
