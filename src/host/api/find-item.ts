/** From what a person typed to the one work item that is meant. */
import { AnimusError } from '../../protocol/errors.ts';
import { shortId } from '../../rendezvous/ids.ts';
import type { Db } from '../db/types.ts';
import { findWorkItem } from '../store/work/find.ts';

/** Throws AnimusError `malformed_id`, `not_found` or `ambiguous_id`. */
export async function requireItem(db: Db, place: string, text: string): Promise<string> {
  if (text.replaceAll('-', '').length < 6) {
    throw new AnimusError('malformed_id', `"${text}" is too short for an id.`, 'Give 6 or more of its hex digits.');
  }
  const found = await findWorkItem(db, place, text);
  if (found.kind === 'found') return found.id;
  if (found.kind === 'none') {
    throw new AnimusError('not_found', `No work item here has the id ${text}.`, 'List what there is: animus work list');
  }
  const ids = found.ids.map((id) => `  ${id} (${shortId(id)})`).join('\n');
  throw new AnimusError('ambiguous_id', `Several work items match ${text}:\n${ids}`, 'Give more digits.');
}
