/** Work that waits for its children waits for a person where nothing below it can go on without one. */
import type { HostClient } from '../../client/host-client.ts';
import type { WorkView } from '../../protocol/work.ts';

/** An item below that asks a person, once nothing else of the tree runs or is to run. */
export async function askedBelow(client: HostClient, item: WorkView): Promise<WorkView | undefined> {
  if (item.wait?.kind !== 'children') return undefined;
  const { items, more } = await client.request('work/tree', { id: item.id });
  const goesOn = more || items.some(({ state }) => state === 'running' || state === 'queued');
  return goesOn ? undefined : items.find(({ question }) => question !== undefined);
}
