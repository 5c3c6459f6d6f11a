/** Children of an item: what spawning needs to know, and whom an id means. */
import type { Queryable, Tx } from '../../db/types.ts';
import { WORK_ITEM_COLUMNS, type WorkItem } from './types.ts';

/**
 * The item that spawns, its row locked FOR SHARE: who cancels it waits until the child is there to be found, and who spawns
 * behind a cancel sees that.
 */
export async function lockForSpawn(tx: Tx, id: string): Promise<WorkItem | undefined> {
  await tx.query('select 1 from animus.work_items where id = $1 for share', [id]);
  const [item] = await tx.query<WorkItem>(`select ${WORK_ITEM_COLUMNS} from animus.work_items w where w.id = $1`, [id]);
  return item;
}

/** How many children a focus has asked for, those included that were merged. */
export async function countSpawnedBy(db: Queryable, parentId: string, focusId: string): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    "select count(*) as count from animus.work_items where parent_id = $1 and provenance->>'who' = $2",
    [parentId, focusId],
  );
  return row?.count ?? 0;
}

/** The items that ids mean, by the id that was asked for: a merged id means the item that it was merged into. */
export async function readMeantItems(db: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, WorkItem>> {
  const rows = await db.query<WorkItem & { asked: string }>(
    `select a.id as asked, ${WORK_ITEM_COLUMNS} from animus.work_items a
     join animus.work_items w on w.id = coalesce(a.merged_into, a.id) where a.id = any($1::uuid[])`,
    [ids],
  );
  return new Map(rows.map(({ asked, ...item }) => [asked, item]));
}

/** The parent, its parent, and so on to the root. */
export async function readAncestorIds(db: Queryable, id: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `with recursive up as (
       select parent_id as id from animus.work_items where id = $1
       union all select w.parent_id from up join animus.work_items w on w.id = up.id
     ) select id from up where id is not null`,
    [id],
  );
  return rows.map((row) => row.id);
}

/** The children of any of these items, merged ones left out, in the order in which they are locked. */
export async function readChildIds(db: Queryable, parentIds: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    "select id from animus.work_items where parent_id = any($1::uuid[]) and state <> 'merged' order by id",
    [parentIds],
  );
  return rows.map(({ id }) => id);
}
