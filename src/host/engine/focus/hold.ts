/** Pausing work and letting it go on: an item takes all open work below it along. */
import type { Db, Tx } from '../../db/types.ts';
import { readChildIds } from '../../store/work/children.ts';
import { pauseItems, resumeItems } from '../../store/work/pauses.ts';

export type HoldOrder = {
  id: string;
  /** Who asks for it. */
  by: string;
};

/** Gives how many items it paused, which is none where all had ended or were paused before. */
export function pauseWork(db: Db, order: HoldOrder): Promise<number> {
  return db.transaction((tx) => levelByLevel(tx, order, pauseItems));
}

/** Gives how many items it let go on. */
export function resumeWork(db: Db, order: HoldOrder): Promise<number> {
  return db.transaction((tx) => levelByLevel(tx, order, resumeItems));
}

/** The children of a level are looked for behind its locks, so that one which is just being spawned is among them. */
async function levelByLevel(tx: Tx, { id, by }: HoldOrder, change: typeof pauseItems): Promise<number> {
  let count = 0;
  for (let level = [id]; level.length > 0; level = await readChildIds(tx, level)) {
    count += (await change(tx, level, by)).length;
  }
  return count;
}
