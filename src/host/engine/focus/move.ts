/** Moving work to another working copy: a whole tree at once, since children work where their parent does. */
import { SQLSTATE } from '../../db/sqlstate.ts';
import { type Db, DbError, type Tx } from '../../db/types.ts';
import { cancelOpenFoci } from '../../store/foci/foci.ts';
import { readChildIds } from '../../store/work/children.ts';
import { readWorkItem } from '../../store/work/find.ts';
import { findSameWork, lockLevel, type Move, moveItems } from '../../store/work/move.ts';
import type { WorkState } from '../../store/work/types.ts';
import { resolveWaitsOf } from '../../store/work/waits.ts';

export type MoveOrder = Move & { id: string };

export type Moved =
  /** How many items are there now that are open, and in all. */
  | { kind: 'moved'; open: number; all: number }
  /** It was there before. */
  | { kind: 'there' }
  | NotMoved;

export type NotMoved =
  | { kind: 'ended'; state: WorkState }
  /** It belongs to a tree, which moves as a whole. */
  | { kind: 'below'; rootId: string }
  /** Open work of that place asks the same. */
  | { kind: 'same_work'; id: string };

/**
 * One transaction, level by level. Open foci end, without counting as attempts; the next ones begin there, from the ledger.
 * Whoever runs one can write nothing more from the commit on.
 */
export async function moveWork(db: Db, order: MoveOrder): Promise<Moved> {
  for (;;) {
    try {
      return await db.transaction((tx) => moveTree(tx, order));
    } catch (error) {
      // The same was submitted there meanwhile: it is found now, or has ended.
      if (!(error instanceof DbError) || error.code !== SQLSTATE.uniqueViolation) throw error;
    }
  }
}

async function moveTree(tx: Tx, { id, ...move }: MoveOrder): Promise<Moved> {
  const asked = await readWorkItem(tx, id);
  if (!asked) throw new Error(`There is no work item ${id}.`);
  if (asked.parentId !== null) return { kind: 'below', rootId: asked.rootId };
  let level = await lockLevel(tx, [id]);
  const [root] = level;
  if (!root) throw new Error(`There is no work item ${id}.`);
  if (root.place === move.to) return { kind: 'there' };
  if (!OPEN.includes(root.state)) return { kind: 'ended', state: root.state };
  const same = await findSameWork(tx, move.to, root);
  if (same) return { kind: 'same_work', id: same };
  const counts = { open: 0, all: 0 };
  while (level.length > 0) {
    const ids = level.map((item) => item.id);
    const open = await moveItems(tx, ids, move);
    await cancelOpenFoci(tx, open, { kind: 'moved', message: `The work was moved to ${move.target}.` });
    await resolveWaitsOf(tx, open);
    counts.open += open.length;
    counts.all += ids.length;
    level = await lockLevel(tx, await readChildIds(tx, ids));
  }
  return { kind: 'moved', ...counts };
}

const OPEN: readonly WorkState[] = ['queued', 'running', 'waiting'];
