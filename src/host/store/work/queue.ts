/** What dispatch asks of the queue: the next item, what a dead host held, how much there is. */
import type { Db, Queryable, Tx } from '../../db/types.ts';
import { IS_HELD } from './pauses.ts';
import { takeOverItem } from './transitions.ts';
import { WORK_ITEM_COLUMNS, type WorkItem } from './types.ts';

export type ClaimScope = {
  places: readonly string[];
  /** Faculties that exist here and have a free slot. */
  faculties: readonly string[];
  /** Items that are left out: something of their last run here is still ending. */
  except?: readonly string[];
};

/** Locks the next items that may be claimed, at most so many: what is held may not. Order: priority, resumed before new, time, id. */
export async function lockNextItems(tx: Tx, scope: ClaimScope, most: number): Promise<WorkItem[]> {
  return tx.query<WorkItem>(
    `select ${WORK_ITEM_COLUMNS} from animus.work_items w
     where w.state = 'queued' and w.available_at <= now() and w.place = any($1::uuid[]) and w.faculty = any($2::text[])
       and not ${IS_HELD} and w.id <> all($4::uuid[])
     order by w.priority desc,
       exists (select 1 from animus.foci f where f.work_item_id = w.id and f.status in ('running', 'parked', 'released')) desc,
       w.available_at, w.id
     limit $3 for no key update of w skip locked`,
    [scope.places, scope.faculties, most, scope.except ?? []],
  );
}

export type TakeOver = {
  /** Only what is about these: another place's work waits for its own hosts, one of which may only be asleep. */
  places?: readonly string[];
  /** Tokens of what this process runs: their leases are renewed and never taken, however late the renewal is. */
  alive?: readonly string[];
  /**
   * Also what other instances of the same store hold: they are dead, since this one has the store's lock. Once, at the
   * start; later on a copied store would take from its twin for ever.
   */
  predecessors?: boolean;
};

type Successor = { hostId: string; storeId: string };

/** Queues again what is held by a lease that has expired, or by this store's dead hosts. Returns the ids. */
export async function takeOverExpired(
  db: Db,
  self: Successor,
  { places, alive = [], predecessors = true }: TakeOver = {},
): Promise<string[]> {
  const held = await db.query<{ id: string }>(
    `select l.work_item_id as id from animus.leases l left join animus.hosts h on h.id = l.host_id
     where l.token <> all($3::uuid[]) and (l.expires_at < now() or ($4 and h.store_id = $2 and h.id <> $1))
       and ($5::uuid[] is null or exists (
         select 1 from animus.work_items w where w.id = l.work_item_id and w.place = any($5::uuid[])))
     order by 1`,
    [self.hostId, self.storeId, alive, predecessors, places ?? null],
  );
  const taken: string[] = [];
  for (const { id } of held) {
    if (await db.transaction((tx) => takeOver(tx, id, self, predecessors))) taken.push(id);
  }
  return taken;
}

async function takeOver(tx: Tx, id: string, self: Successor, predecessors: boolean): Promise<boolean> {
  const gone = await tx.query(
    `delete from animus.leases l where l.work_item_id = $1 and (l.expires_at < now() or ($4 and exists (
       select 1 from animus.hosts h where h.id = l.host_id and h.store_id = $3 and h.id <> $2))) returning 1 as gone`,
    [id, self.hostId, self.storeId, predecessors],
  );
  return gone.length > 0 && (await takeOverItem(tx, id));
}

export type QueueFigures = {
  queued: number;
  running: number;
  waiting: number;
  dead: number;
  nextDueInMs: number | null;
};

/** How much open work a place has, and when the next delayed item becomes due (0 when one is due now). What is held never is. */
export async function queueFigures(db: Queryable, place: string): Promise<QueueFigures> {
  const [row] = await db.query<{ queued: number; running: number; waiting: number; dead: number; due: number | null }>(
    `select count(*) filter (where state = 'queued') as queued, count(*) filter (where state = 'running') as running,
       count(*) filter (where state = 'waiting') as waiting, count(*) filter (where state = 'dead') as dead,
       (extract(epoch from min(least(
         case when state = 'queued' then available_at end,
         (select min(wake_at) from animus.waits v where v.work_item_id = w.id and v.resolved_at is null)
       )) filter (where not ${IS_HELD}) - now()) * 1000)::float8 as due
     from animus.work_items w where place = $1 and state in ('queued', 'running', 'waiting', 'dead')`,
    [place],
  );
  if (!row) throw new Error('An aggregate gave no row.');
  const { due, ...counts } = row;
  return { ...counts, nextDueInMs: due === null ? null : Math.max(0, due) };
}
