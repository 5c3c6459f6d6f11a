/** Who is there: the hosts that serve this database, what they serve, and when they were last alive. */
import type { Queryable } from '../../db/types.ts';

/** A host that has not been heard of for this long counts as gone. */
const LIVE_WITHIN_SECONDS = 30;

export type HostRow = {
  id: string;
  storeId: string;
  name: string;
  places: readonly string[];
  faculties: readonly string[];
  version: string;
  /** The workspace's path on that machine. */
  folder?: string;
};

export async function registerHost(db: Queryable, host: HostRow): Promise<void> {
  await db.query(
    `insert into animus.hosts (id, store_id, name, places, faculties, version, folder)
     values ($1, $2, $3, $4::uuid[], $5::text[], $6, $7)
     on conflict (id) do update set places = excluded.places, faculties = excluded.faculties, heartbeat_at = now()`,
    [host.id, host.storeId, host.name, host.places, host.faculties, host.version, host.folder ?? null],
  );
}

export async function markHostStopped(db: Queryable, id: string): Promise<void> {
  await db.query('update animus.hosts set stopped_at = now() where id = $1', [id]);
}

/** The earlier instances of this store are dead: this one holds its lock. */
export async function markPredecessorsStopped(db: Queryable, self: { id: string; storeId: string }): Promise<void> {
  await db.query(
    'update animus.hosts set stopped_at = heartbeat_at where store_id = $1 and id <> $2 and stopped_at is null',
    [self.storeId, self.id],
  );
}

/** The faculties that some live host of a place knows, sorted. */
export async function facultiesOfPlace(db: Queryable, place: string): Promise<string[]> {
  const rows = await db.query<{ name: string }>(
    `select distinct unnest(faculties) as name from animus.hosts
     where stopped_at is null and $1 = any(places) and heartbeat_at > now() - $2 * interval '1 second' order by 1`,
    [place, LIVE_WITHIN_SECONDS],
  );
  return rows.map(({ name }) => name);
}

export type ServedPlace = {
  place: string;
  /** Whether a host serves it now. */
  isLive: boolean;
  /** What its live hosts know, sorted. */
  faculties: string[];
  /** Of the live host, else of the last one: the machine, and the folder there where it said so. */
  name: string;
  folder: string | null;
};

/** Every place that a host has ever served, or the one that is asked for. */
export async function servedPlaces(db: Queryable, place: string | null = null): Promise<ServedPlace[]> {
  return db.query<ServedPlace>(
    `with served as (
       select unnest(places) as place, name, folder, faculties, heartbeat_at,
         stopped_at is null and heartbeat_at > now() - $1 * interval '1 second' as live
       from animus.hosts where $2::uuid is null or places @> array[$2::uuid]
     )
     select place, bool_or(live) as "isLive", (array_agg(name order by live desc, heartbeat_at desc))[1] as name,
       (array_agg(folder order by live desc, heartbeat_at desc))[1] as folder,
       coalesce((select array_agg(distinct known order by known) from served l, unnest(l.faculties) known
         where l.place = s.place and l.live), '{}') as faculties
     from served s group by place`,
    [LIVE_WITHIN_SECONDS, place],
  );
}

/** As \`servedPlaces\`, of one; undefined where no host ever served it. */
export async function servedPlace(db: Queryable, place: string): Promise<ServedPlace | undefined> {
  return (await servedPlaces(db, place)).find((served) => served.place === place);
}
