/** The queue in figures: of each place, with the reasons why some of it cannot begin. */
import type { QueueView } from '../../protocol/host.ts';
import type { Db } from '../db/types.ts';
import { type ServedPlace, servedPlaces } from '../store/hosts/hosts.ts';
import { figuresByPlace, noFigures, type PlaceFigures } from '../store/work/figures.ts';
import { readPlacePause } from '../store/work/pauses.ts';
import { placeName } from './place-name.ts';
import { unroutableReason } from './unroutable.ts';

export type QueueViews = {
  /** Of the host's own place. */
  queue: QueueView;
  /** Of all others that have work, in the same database. */
  otherPlaces: (QueueView & { place: string; served_by: string | null; is_live: boolean })[];
};

export async function viewQueue(db: Db, ownPlace: string): Promise<QueueViews> {
  const served = new Map((await servedPlaces(db)).map((place) => [place.place, place]));
  const all = await figuresByPlace(db);
  const own = all.find(({ place }) => place === ownPlace) ?? noFigures(ownPlace);
  // A place without work is in no figures, and may be paused all the same.
  const allPaused = (await readPlacePause(db, ownPlace)) !== undefined;
  return {
    queue: viewFigures({ ...own, allPaused }, served.get(ownPlace)),
    otherPlaces: all
      .filter(({ place }) => place !== ownPlace)
      .map((figures) => {
        const by = served.get(figures.place);
        const served_by = by ? placeName(by) : null;
        return { place: figures.place, served_by, is_live: by?.isLive ?? false, ...viewFigures(figures, by) };
      }),
  };
}

function viewFigures(figures: PlaceFigures, served: ServedPlace | undefined): QueueView {
  const reasons = Object.entries(figures.queuedByFaculty).flatMap(([faculty, count]) => {
    const reason = unroutableReason(faculty, served);
    return reason === null ? [] : [{ reason, count }];
  });
  return {
    queued: figures.queued,
    claimable: figures.claimable,
    oldest_claimable_seconds: figures.oldestClaimableMs === null ? null : figures.oldestClaimableMs / 1000,
    running: figures.running,
    running_by_faculty: figures.runningByFaculty,
    waiting: figures.waiting,
    waiting_by_kind: figures.waitingByKind as Record<string, number>,
    dead: figures.dead,
    paused: figures.paused,
    all_paused: figures.allPaused,
    unroutable: [...Map.groupBy(reasons, ({ reason }) => reason)].map(([reason, same]) => ({
      reason,
      count: same.reduce((sum, { count }) => sum + count, 0),
    })),
  };
}
