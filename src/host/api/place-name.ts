/** What a person calls a place: the machine and the folder there, as the hosts that serve it said. */
import { AnimusError } from '../../protocol/errors.ts';
import type { ServedPlace } from '../store/hosts/hosts.ts';

export function placeName(served: Pick<ServedPlace, 'name' | 'folder'> | undefined): string {
  return served ? `${served.name}:${served.folder ?? '?'}` : 'a folder that no host has served';
}

/** By its folder, machine:folder, or id. Throws AnimusError `not_found` or `ambiguous_id`. */
export function requirePlace(places: readonly ServedPlace[], wanted: string): ServedPlace {
  const named = places.filter((served) => {
    return [served.place, placeName(served), served.folder].includes(wanted) || served.place === wanted.toLowerCase();
  });
  const [only, another] = named;
  if (only && !another) return only;
  const listed = (some: readonly ServedPlace[]) => some.map((served) => `  ${placeName(served)} (${served.place})`);
  if (only) {
    const message = `Several working copies are called ${wanted}:\n${listed(named).join('\n')}`;
    throw new AnimusError('ambiguous_id', message, 'Give machine:folder, or the id in brackets.');
  }
  throw new AnimusError(
    'not_found',
    `No host of this database has ever served ${wanted}. Nothing was moved.`,
    places.length > 1
      ? `There are:\n${listed(places).join('\n')}`
      : 'Working copies share a database when it is a Postgres server: animus db move. Then run any animus command there once.',
  );
}
