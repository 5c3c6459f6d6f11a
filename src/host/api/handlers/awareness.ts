/** awareness/show. */

import type { DigestLists } from '../../../protocol/awareness.ts';
import { AnimusError } from '../../../protocol/errors.ts';
import { buildDigest } from '../../engine/awareness/digest.ts';
import type { Faculty } from '../../engine/faculties/schema.ts';
import { readDigest } from '../../store/awareness/digests.ts';
import { readFocus } from '../../store/foci/foci.ts';
import type { ApiContext, Handlers } from '../context.ts';
import { whyUnusable } from '../faculty-acceptance.ts';

export const awarenessHandlers: Pick<Handlers, 'awareness/show'> = {
  'awareness/show': (context, { focus_id, faculty }) =>
    focus_id === undefined ? nextDigest(context, faculty) : pastDigest(context, focus_id),
};

/** For nobody in particular: it leaves out no item, and nothing is more relevant than the rest. */
async function nextDigest(context: ApiContext, name: string) {
  const faculty = requireFaculty(context, name);
  const db = await context.database();
  const viewer = { place: context.place, workspace: context.folder, item: null };
  const { text, tokens, lists } = await buildDigest(db, viewer, faculty.awareness);
  return { focus_id: null, faculty: faculty.name, built_at: new Date().toISOString(), text, tokens, lists };
}

async function pastDigest(context: ApiContext, focusId: string) {
  const db = await context.database();
  const focus = await readFocus(db, focusId);
  if (!focus) {
    const next = 'animus work show ID --json lists the foci of a work item.';
    throw new AnimusError('not_found', `There is no focus ${focusId}.`, next);
  }
  const digest = await readDigest(db, focusId);
  if (!digest) {
    const message = `The focus ${focusId} was told of no other work: it has not begun yet, or began before there were digests.`;
    throw new AnimusError('not_found', message, 'animus awareness shows what the next one would be told.');
  }
  const { builtAt, text, tokens, data } = digest;
  const lists = data as unknown as DigestLists;
  return { focus_id: focusId, faculty: focus.faculty, built_at: builtAt.toISOString(), text, tokens, lists };
}

function requireFaculty({ catalogue }: ApiContext, name: string): Faculty {
  catalogue.refresh();
  const found = catalogue.find(name);
  if (found.kind === 'found') return found.faculty;
  const unusable = whyUnusable(name, found);
  if (unusable) throw unusable;
  const names = catalogue.list().faculties.map((faculty) => faculty.name);
  throw new AnimusError(
    'unknown_faculty',
    `This host knows no faculty "${name}".`,
    `There are: ${names.toSorted().join(', ')}.`,
  );
}
