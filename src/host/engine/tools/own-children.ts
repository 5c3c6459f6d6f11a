/** Whom an agent means by the ids of its children. */
import * as z from 'zod';
import type { Tx } from '../../db/types.ts';
import { readAncestorIds, readMeantItems } from '../../store/work/children.ts';
import type { WorkItem } from '../../store/work/types.ts';

export const childIds = z
  .array(z.uuid('expected an id as spawn_child_work gave it'))
  .min(1)
  .max(1000)
  .describe('Ids that spawn_child_work gave.');

/** The children, each once, in the order of asking; or why one of the ids is none. */
export async function findOwnChildren(
  tx: Tx,
  workItemId: string,
  ids: readonly string[],
): Promise<{ children: WorkItem[] } | { problem: string }> {
  const asked = ids.map((id) => id.toLowerCase());
  const found = await readMeantItems(tx, asked);
  const children = new Map<string, WorkItem>();
  for (const id of asked) {
    const item = found.get(id);
    if (item?.parentId !== workItemId) return { problem: await problemWith(tx, workItemId, id) };
    children.set(item.id, item);
  }
  return { children: [...children.values()] };
}

async function problemWith(tx: Tx, workItemId: string, id: string): Promise<string> {
  if (id === workItemId) return `${id} is your own work: it cannot wait for itself.`;
  if ((await readAncestorIds(tx, workItemId)).includes(id)) {
    return `${id} is work above yours: it may wait for you, so you cannot wait for it.`;
  }
  return `${id} is none of your children. Give ids that spawn_child_work returned to you.`;
}
