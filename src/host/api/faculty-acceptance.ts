/** What people accepted of a workspace's faculties: brought to the catalogue, and said where one is asked for. */
import { AnimusError } from '../../protocol/errors.ts';
import type { Db } from '../db/types.ts';
import { readAcceptance } from '../engine/acceptance/standing.ts';
import type { FacultyCatalogue, FacultyLookup } from '../engine/faculties/catalogue.ts';

export type FacultyPlace = { catalogue: FacultyCatalogue; place: string; folder: string };

/** The catalogue is told whenever that may have changed; it reads no database. */
export async function learnAcceptance({ catalogue, place, folder }: FacultyPlace, db: Db): Promise<void> {
  catalogue.learn(await readAcceptance(db, { place, workspace: folder, kind: 'faculty' }));
}

/** Why a faculty that is there cannot be used; undefined where there is none. */
export function whyUnusable(wanted: string, found: FacultyLookup): AnimusError | undefined {
  if (found.kind === 'broken') {
    const { message, next } = found.problem;
    return new AnimusError('broken_faculty', `The faculty "${wanted}" cannot be used: ${message}`, next);
  }
  if (found.kind !== 'unaccepted') return undefined;
  const message = `The faculty "${wanted}" is this folder's, and nobody has accepted it as it is now.`;
  return new AnimusError(
    'faculty_not_accepted',
    message,
    'See what it would run, and accept it: animus faculty accept',
  );
}
