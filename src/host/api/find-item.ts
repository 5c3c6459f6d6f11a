/** From what a person typed to the one work item that is meant. */
import { AnimusError } from '../../protocol/errors.ts';
import { shortId } from '../../rendezvous/ids.ts';
import type { Db } from '../db/types.ts';
import { servedPlace } from '../store/hosts/hosts.ts';
import { type FindResult, findWorkItem, readWorkItem } from '../store/work/find.ts';
import { placeName } from './place-name.ts';

/** Throws AnimusError `malformed_id`, `not_found` or `ambiguous_id`. */
export async function requireItem(db: Db, place: string, text: string): Promise<string> {
  requireDigits(text);
  const found = await findWorkItem(db, place, text);
  if (found.kind !== 'none') return onlyOne(found, text);
  const elsewhere = await findWorkItem(db, null, text);
  const item = elsewhere.kind === 'found' ? await readWorkItem(db, elsewhere.id) : undefined;
  if (!item) throw notFound(text);
  const where = placeName(await servedPlace(db, item.place));
  throw new AnimusError(
    'not_found',
    `The work item ${item.id} is not of this folder but of ${where}.`,
    `Ask for it there, or take it over while it is open: animus work move ${shortId(item.id)} --to .`,
  );
}

/** The same, of whatever place it is: one of the own place goes before others that share the digits. */
export async function requireItemAnywhere(db: Db, place: string, text: string): Promise<string> {
  requireDigits(text);
  const own = await findWorkItem(db, place, text);
  const found = own.kind === 'none' ? await findWorkItem(db, null, text) : own;
  if (found.kind === 'none') throw notFound(text);
  return onlyOne(found, text);
}

function requireDigits(text: string): void {
  if (text.replaceAll('-', '').length >= 6) return;
  throw new AnimusError('malformed_id', `"${text}" is too short for an id.`, 'Give 6 or more of its hex digits.');
}

function onlyOne(found: Exclude<FindResult, { kind: 'none' }>, text: string): string {
  if (found.kind === 'found') return found.id;
  const ids = found.ids.map((id) => `  ${id} (${shortId(id)})`).join('\n');
  throw new AnimusError('ambiguous_id', `Several work items match ${text}:\n${ids}`, 'Give more digits.');
}

function notFound(text: string): AnimusError {
  return new AnimusError('not_found', `No work item here has the id ${text}.`, 'List what there is: animus work list');
}
