import * as z from 'zod';
import { jsonObject } from '../../../protocol/json.ts';
import { askedBudget, DESCRIPTION_MAX, PARAMS_MAX_BYTES } from '../../../protocol/work.ts';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { countSpawnedBy, lockForSpawn } from '../../store/work/children.ts';
import { submitChild } from '../../store/work/submit.ts';
import type { AskedBudget } from '../../store/work/types.ts';
import { defineTool, type Tool } from '../engage/tool.ts';
import { answer, cleanText, failure } from './tool-text.ts';

export type ChildLimits = {
  /** Of an item below its root. */
  maxDepth: number;
  /** Children that one focus may ask for. */
  maxPerFocus: number;
};

export type ChildFaculty =
  | { kind: 'found'; name: string; dedup: boolean; maxAttempts: number }
  /** The workspace brings it along, and no person accepted it. */
  | { kind: 'unaccepted' }
  | { kind: 'unknown'; names: readonly string[] };

/** Submits a child of the own item, and gives its id at once. `findFaculty` takes names and aliases. */
export function spawnChildWork(limits: ChildLimits, findFaculty: (wanted: string) => ChildFaculty): Tool {
  return defineTool({
    name: 'spawn_child_work',
    description:
      'Hand a part of the work to another agent: it becomes a work item of its own, a child of yours, with its own ' +
      'ledger and outcome, and runs beside you. The child sees the description and params and nothing of this ' +
      'conversation, so say all that it needs to know. Returns its id at once; await_child_work gives what came of it. ' +
      'priority: higher first, yours unless given. budget: what the child and all below it may use at most; all of it ' +
      'counts against yours too, so it can only be less.',
    kind: 'store',
    effect: 'write',
    timeoutMs: 30_000,
    input: z.strictObject({
      faculty: z.string().min(1).max(100).describe('Which faculty takes it up, by name.'),
      description: z
        .string()
        .max(DESCRIPTION_MAX)
        .refine((text) => text.trim() !== '', 'Empty: say what is to be done.'),
      params: jsonObject
        .refine((params) => Buffer.byteLength(JSON.stringify(params)) <= PARAMS_MAX_BYTES, 'Too large: up to 256 KiB.')
        .optional(),
      priority: z.int().min(-1000).max(1000).optional(),
      budget: askedBudget.optional(),
    }),
    async run({ faculty: wanted, description, params, priority, budget }, context, tx) {
      const parent = await lockForSpawn(tx, context.workItemId);
      if (parent?.state !== 'running') return failure('This work has ended: nothing was spawned.');
      const faculty = findFaculty(wanted);
      if (faculty.kind === 'unaccepted') {
        return failure(
          `The faculty "${wanted}" of this workspace waits for a person to accept it: do without it, or ask for that.`,
        );
      }
      if (faculty.kind === 'unknown') {
        return failure(`There is no faculty "${wanted}". The faculties are: ${faculty.names.join(', ')}.`);
      }
      if (parent.depth >= limits.maxDepth) {
        return failure(`This work is ${parent.depth} levels below its root, as deep as it goes: do it yourself.`);
      }
      if ((await countSpawnedBy(tx, parent.id, context.focusId)) >= limits.maxPerFocus) {
        return failure(
          `You have spawned ${limits.maxPerFocus} children, as many as there may be: do the rest yourself.`,
        );
      }
      const submitted = await submitChild(tx, {
        id: uuidv7(),
        place: parent.place,
        faculty: faculty.name,
        description: cleanText(description),
        params: params ?? {},
        attachments: [],
        model: parent.model,
        priority: priority ?? parent.priority,
        dedup: faculty.dedup ? 'structural' : null,
        delayMs: 0,
        maxAttempts: faculty.maxAttempts,
        provenance: { source: 'child', trigger: 'spawn_child_work', who: context.focusId },
        budget: (budget ?? null) as AskedBudget | null,
        parent,
      });
      if (submitted.kind === 'queued') return answer(`spawned ${submitted.id}`);
      return answer(`merged with your open child ${submitted.canonicalId}, which was asked for the same`);
    },
  });
}
