/** What people decided for more than one call: for a focus, or for all work of a place. */
import type { Queryable, Tx } from '../../db/types.ts';

export type PermissionRule = {
  id: string;
  /** Null for all work of the place. */
  focusId: string | null;
  decision: 'allow' | 'deny';
  pattern: string;
  createdBy: string;
  createdAt: Date;
};

const COLUMNS = `r.id, r.focus_id as "focusId", r.decision, r.pattern, r.created_by as "createdBy",
  r.created_at as "createdAt"`;

export async function insertRule(tx: Tx, rule: Omit<PermissionRule, 'createdAt'> & { place: string }): Promise<void> {
  await tx.query(
    `insert into animus.permission_rules (id, place, focus_id, decision, pattern, created_by)
     values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing`,
    [rule.id, rule.place, rule.focusId, rule.decision, rule.pattern, rule.createdBy],
  );
}

/** Those that hold for a focus: the item's place's, and its own. */
export async function rulesForFocus(
  db: Queryable,
  { workItemId, focusId }: { workItemId: string; focusId: string },
): Promise<PermissionRule[]> {
  return db.query<PermissionRule>(
    `select ${COLUMNS} from animus.permission_rules r join animus.work_items w on w.place = r.place
     where w.id = $1 and (r.focus_id is null or r.focus_id = $2) order by r.created_at, r.id`,
    [workItemId, focusId],
  );
}

/** Those for all work of the place. */
export async function rulesOfPlace(db: Queryable, place: string): Promise<PermissionRule[]> {
  return db.query<PermissionRule>(
    `select ${COLUMNS} from animus.permission_rules r where r.place = $1 and r.focus_id is null
     order by r.created_at, r.id`,
    [place],
  );
}

/** Gives what was removed; undefined where the place has no such rule. */
export async function deleteRule(db: Queryable, place: string, id: string): Promise<PermissionRule | undefined> {
  const [rule] = await db.query<PermissionRule>(
    `delete from animus.permission_rules r where r.place = $1 and r.id = $2 and r.focus_id is null returning ${COLUMNS}`,
    [place, id],
  );
  return rule;
}
