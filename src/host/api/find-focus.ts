/** From what a person typed to the one focus that is meant: by its own id, or by that of its work. */
import { AnimusError } from '../../protocol/errors.ts';
import { shortId } from '../../rendezvous/ids.ts';
import type { Db } from '../db/types.ts';
import { type Focus, findFoci, listFoci, readFocus } from '../store/foci/foci.ts';
import { requireItem } from './find-item.ts';

/** Throws AnimusError `malformed_id`, `not_found` or `ambiguous_id`. */
export async function requireFocus(db: Db, place: string, text: string): Promise<Focus> {
  const ids = await findFoci(db, place, text);
  if (ids.length > 1) {
    const lines = ids.map((id) => `  ${id} (${shortId(id)})`).join('\n');
    throw new AnimusError('ambiguous_id', `Several foci match ${text}:\n${lines}`, 'Give more digits.');
  }
  const [id] = ids;
  const focus =
    id === undefined ? (await listFoci(db, await requireItem(db, place, text))).at(-1) : await readFocus(db, id);
  if (focus) return focus;
  throw new AnimusError('not_found', `The work item ${text} has no focus yet.`, 'It has one when a host takes it up.');
}
