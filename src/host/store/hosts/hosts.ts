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
};

export async function registerHost(db: Queryable, host: HostRow): Promise<void> {
  await db.query(
    `insert into animus.hosts (id, store_id, name, places, faculties, version) values ($1, $2, $3, $4::uuid[], $5::text[], $6)
     on conflict (id) do update set places = excluded.places, faculties = excluded.faculties, heartbeat_at = now()`,
    [host.id, host.storeId, host.name, host.places, host.faculties, host.version],
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
