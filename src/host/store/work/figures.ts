/** How much work each place has, and how it stands. */
import type { Queryable } from '../../db/types.ts';
import type { WaitKind } from './types.ts';

export type PlaceFigures = {
  place: string;
  queued: number;
  /** Of the queued, by faculty. */
  queuedByFaculty: Readonly<Record<string, number>>;
  /** Queued, and not for later. */
  claimable: number;
  /** For how long the oldest of those could have begun, in milliseconds; null without any. */
  oldestClaimableMs: number | null;
  running: number;
  runningByFaculty: Readonly<Record<string, number>>;
  waiting: number;
  /** An item with several waits counts for the oldest. */
  waitingByKind: Readonly<Partial<Record<WaitKind, number>>>;
  dead: number;
};

type Group = {
  place: string;
  state: 'queued' | 'running' | 'waiting' | 'dead';
  faculty: string;
  kind: WaitKind | null;
  count: number;
  claimable: number;
  ageMs: number | null;
};

/** Of every place that has open or dead work, by place. Times are the database's. */
export async function figuresByPlace(db: Queryable): Promise<PlaceFigures[]> {
  const groups = await db.query<Group>(
    `select w.place, w.state, w.faculty, v.kind, count(*) as count,
       count(*) filter (where w.state = 'queued' and w.available_at <= now()) as claimable,
       (extract(epoch from now() - min(w.available_at) filter (where w.state = 'queued' and w.available_at <= now()))
         * 1000)::float8 as "ageMs"
     from animus.work_items w left join lateral (
       select kind from animus.waits v where v.work_item_id = w.id and v.resolved_at is null and w.state = 'waiting'
       order by v.created_at, v.id limit 1) v on true
     where w.state in ('queued', 'running', 'waiting', 'dead')
     group by w.place, w.state, w.faculty, v.kind order by w.place, w.faculty, v.kind`,
  );
  return [...Map.groupBy(groups, ({ place }) => place)].map(([place, own]) => figuresOf(place, own));
}

/** A place without any work. */
export function noFigures(place: string): PlaceFigures {
  return figuresOf(place, []);
}

function figuresOf(place: string, groups: readonly Group[]): PlaceFigures {
  const of = (state: Group['state']) => groups.filter((group) => group.state === state);
  const ages = groups.flatMap(({ ageMs }) => (ageMs === null ? [] : [ageMs]));
  return {
    place,
    queued: total(of('queued')),
    queuedByFaculty: totals(of('queued'), ({ faculty }) => faculty),
    claimable: groups.reduce((sum, { claimable }) => sum + claimable, 0),
    oldestClaimableMs: ages.length > 0 ? Math.max(0, ...ages) : null,
    running: total(of('running')),
    runningByFaculty: totals(of('running'), ({ faculty }) => faculty),
    waiting: total(of('waiting')),
    waitingByKind: totals(
      of('waiting').filter(({ kind }) => kind !== null),
      ({ kind }) => String(kind),
    ),
    dead: total(of('dead')),
  };
}

const total = (groups: readonly Group[]) => groups.reduce((sum, { count }) => sum + count, 0);

function totals(groups: readonly Group[], keyOf: (group: Group) => string): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(groups, keyOf)].map(([key, own]) => [key, total(own)]));
}
