/** What calls did to files: stored with the call's start, applied with its result, and undone where a person says so. */
import type { Queryable, Tx } from '../../db/types.ts';

export type FileChange = {
  toolCallId: string;
  focusId: string;
  workItemId: string;
  /** From the workspace's folder, with forward slashes. */
  path: string;
  /** Null where there was no such file. */
  beforeSha256: string | null;
  beforeContent: string | null;
  /** False where what is stored of the old text could not be written back. */
  undoable: boolean;
  afterSha256: string;
  diff: string;
  createdAt: Date;
  undoneAt: Date | null;
};

export type NewFileChange = Omit<FileChange, 'createdAt' | 'undoneAt'>;

const COLUMNS = `c.tool_call_id as "toolCallId", c.focus_id as "focusId", c.work_item_id as "workItemId", c.path,
  c.before_sha256 as "beforeSha256", c.before_content as "beforeContent", c.undoable, c.after_sha256 as "afterSha256", c.diff,
  c.created_at as "createdAt", c.undone_at as "undoneAt"`;

/** A plan made anew replaces the one before: the call had not begun. */
export async function planFileChange(tx: Tx, change: NewFileChange): Promise<void> {
  await tx.query(
    `insert into animus.file_changes (tool_call_id, focus_id, work_item_id, path, before_sha256, before_content, undoable,
       after_sha256, diff) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (tool_call_id) do update set path = excluded.path, before_sha256 = excluded.before_sha256,
       before_content = excluded.before_content, undoable = excluded.undoable, after_sha256 = excluded.after_sha256,
       diff = excluded.diff where file_changes.applied_at is null`,
    [
      change.toolCallId,
      change.focusId,
      change.workItemId,
      change.path,
      change.beforeSha256,
      change.beforeContent,
      change.undoable,
      change.afterSha256,
      change.diff,
    ],
  );
}

export async function applyFileChange(tx: Tx, toolCallId: string): Promise<void> {
  await tx.query('update animus.file_changes set applied_at = now() where tool_call_id = $1 and applied_at is null', [
    toolCallId,
  ]);
}

/** The call changed nothing after all. */
export async function dropFileChange(tx: Tx, toolCallId: string): Promise<void> {
  await tx.query('delete from animus.file_changes where tool_call_id = $1 and applied_at is null', [toolCallId]);
}

/** What a call was going to do when it started. */
export async function readFileChange(db: Queryable, toolCallId: string): Promise<FileChange | undefined> {
  const [change] = await db.query<FileChange>(
    `select ${COLUMNS} from animus.file_changes c where c.tool_call_id = $1`,
    [toolCallId],
  );
  return change;
}

/** What an item's foci did, oldest first. */
export async function listFileChanges(db: Queryable, workItemId: string): Promise<FileChange[]> {
  return db.query<FileChange>(
    `select ${COLUMNS} from animus.file_changes c where c.work_item_id = $1 and c.applied_at is not null
     order by c.created_at, c.tool_call_id`,
    [workItemId],
  );
}

export type CountedChange = Pick<FileChange, 'toolCallId' | 'beforeSha256' | 'undoable' | 'undoneAt'> & {
  added: number;
  removed: number;
  isApplied: boolean;
};

/** Of a focus's calls, how much each changes: the differences themselves stay in their rows. */
export async function countFileChanges(db: Queryable, focusId: string): Promise<CountedChange[]> {
  // Each line of a difference begins with its sign.
  const lines = (sign: string) => `(cardinality(string_to_array(E'\\n' || diff, E'\\n${sign}')) - 1)`;
  return db.query<CountedChange>(
    `select tool_call_id as "toolCallId", before_sha256 as "beforeSha256", undoable, undone_at as "undoneAt",
       applied_at is not null as "isApplied", ${lines('+')} as added, ${lines('-')} as removed
     from animus.file_changes where focus_id = $1`,
    [focusId],
  );
}

/** False where it was undone before. */
export async function markUndone(tx: Tx, toolCallId: string, by: string): Promise<boolean> {
  const rows = await tx.query(
    `update animus.file_changes set undone_at = now(), undone_by = $2
     where tool_call_id = $1 and applied_at is not null and undone_at is null returning 1 as done`,
    [toolCallId, by],
  );
  return rows.length > 0;
}
