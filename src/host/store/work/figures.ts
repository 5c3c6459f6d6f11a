/** How much work each place has, and how it stands. */
import type { Queryable } from '../../db/types.ts';
import { IS_HELD } from './pauses.ts';
import type { WaitKind } from './types.ts';

export type PlaceFigures = {
  place: string;
  queued: number;
  /** Of the queued, by faculty. */
  queuedByFaculty: Readonly<Record<string, number>>;
  /** Queued, and neither for later nor held. */
  claimable: number;
  /** For how long the oldest of those could have begun, in milliseconds; null without any. */
  oldestClaimableMs: number | null;
  running: number;
  runningByFaculty: Readonly<Record<string, number>>;
  waiting: number;
  /** An item with several waits counts for the oldest. */
  waitingByKind: Readonly<Partial<Record<WaitKind, number>>>;
  dead: number;
  /** Of the open ones those that somebody paused, and whether somebody paused all. */
  paused: number;
  allPaused: boolean;
};

type Group = {
  place: string;
  state: 'queued' | 'running' | 'waiting' | 'dead';
  faculty: string;
  kind: WaitKind | null;
  count: number;
  claimable: number;
  ageMs: number | null;
  paused: number;
  allPaused: boolean;
};

const IS_CLAIMABLE = `w.state = 'queued' and w.available_at <= now() and not ${IS_HELD}`;

/** Of every place that has open or dead work, by place. Times are the database's. */
export async function figuresByPlace(db: Queryable): Promise<PlaceFigures[]> {
  const groups = await db.query<Group>(
    `select w.place, w.state, w.faculty, v.kind, count(*) as count,
       count(*) filter (where ${IS_CLAIMABLE}) as claimable,
       (extract(epoch from now() - min(w.available_at) filter (where ${IS_CLAIMABLE})) * 1000)::float8 as "ageMs",
       count(*) filter (where w.state <> 'dead' and w.paused_at is not null) as paused,
       exists (select 1 from animus.paused_places p where p.place = w.place) as "allPaused"
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
    paused: groups.reduce((sum, { paused }) => sum + paused, 0),
    allPaused: groups.some(({ allPaused }) => allPaused),
  };
}

const total = (groups: readonly Group[]) => groups.reduce((sum, { count }) => sum + count, 0);

function totals(groups: readonly Group[], keyOf: (group: Group) => string): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(groups, keyOf)].map(([key, own]) => [key, total(own)]));
}
