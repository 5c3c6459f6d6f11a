import * as z from 'zod';
import { defineTool } from '../engage/tool.ts';
import { hasEnded, reportOutcomes } from './child-report.ts';
import { childIds, findOwnChildren } from './own-children.ts';
import { answer, failure } from './tool-text.ts';

/** Waits for children of the own item; the focus is parked meanwhile. */
export const awaitChildWork = defineTool({
  name: 'await_child_work',
  description:
    'Wait for children that you spawned, and get the outcome and the ledger of each that has ended. mode: "all" waits ' +
    'for every one, "any" for the first. timeout_seconds: after so long you get what there is by then; the children go ' +
    'on, and you may await them again. Waiting costs nothing: neither turns nor a place in the queue.',
  kind: 'waiting',
  timeoutMs: 30_000,
  input: z.strictObject({
    ids: childIds,
    mode: z.enum(['all', 'any']).default('all'),
    timeout_seconds: z.number().min(0).max(604_800).default(300),
  }),
  async evaluate({ ids, mode, timeout_seconds }, context, stored, tx) {
    const found = await findOwnChildren(tx, context.workItemId, ids);
    if ('problem' in found) return { kind: 'result', result: failure(found.problem) };
    const { children } = found;
    const ended = children.filter(hasEnded);
    const isSatisfied = mode === 'all' ? ended.length === children.length : ended.length > 0;
    const isOver = stored?.isDue ?? timeout_seconds === 0;
    if (!isSatisfied && !isOver) {
      const targets = children.map(({ id }) => id);
      return { kind: 'wait', wait: { kind: 'children', targets, mode, wakeInMs: timeout_seconds * 1000 } };
    }
    const counted = `${ended.length} of ${children.length} children have ended.`;
    const lead = isSatisfied ? counted : `The time is up after ${timeout_seconds} s: ${counted} The others go on.`;
    return { kind: 'result', result: answer(`${lead}\n\n${await reportOutcomes(tx, children)}`) };
  },
});
