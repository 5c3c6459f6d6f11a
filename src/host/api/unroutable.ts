/** Why queued work has nobody to take it up. */
import type { ServedPlace } from '../store/hosts/hosts.ts';
import { placeName } from './place-name.ts';

/** Null where a live host of the place knows the faculty. `served` is undefined where no host ever served the place. */
export function unroutableReason(faculty: string, served: ServedPlace | undefined): string | null {
  if (!served) return 'waits for a host: none has served its folder';
  if (!served.isLive) return `waits for ${placeName(served)}`;
  return served.faculties.includes(faculty) ? null : `unroutable: no host here knows the faculty "${faculty}"`;
}
