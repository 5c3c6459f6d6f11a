/** work/pause, work/resume, for one item and for all. Letting work go on is a person's: a pause is there to be relied on. */
import type { Db } from '../../db/types.ts';
import { pauseWork, resumeWork } from '../../engine/focus/hold.ts';
import { pausePlace, resumePlace } from '../../store/work/pauses.ts';
import type { ApiContext, Handlers } from '../context.ts';
import { requireItem } from '../find-item.ts';
import { requirePerson } from '../require-person.ts';
import { isAllPaused, requireRow, viewAll } from './work.ts';
import { WHO } from './work-tree.ts';

type HoldHandlers = Pick<Handlers, 'work/pause' | 'work/resume' | 'work/pause_all' | 'work/resume_all'>;

export const workHoldHandlers: HoldHandlers = {
  async 'work/pause'(context, { id: wanted }, session) {
    const db = await context.database();
    const id = await meantItem(context, db, wanted);
    const paused = await pauseWork(db, { id, by: WHO[session.client.kind] });
    return { item: await viewOne(context, db, id), paused };
  },

  async 'work/resume'(context, { id: wanted, pid }, session) {
    await requirePerson(context, session, pid, 'let paused work go on');
    const db = await context.database();
    const id = await meantItem(context, db, wanted);
    const resumed = await resumeWork(db, { id, by: WHO[session.client.kind] });
    // What waited for a key may have it by now.
    await context.wakeWaiting();
    return { item: await viewOne(context, db, id), resumed, all_paused: await isAllPaused(context, db) };
  },

  async 'work/pause_all'(context, _params, session) {
    const db = await context.database();
    return { paused: await db.transaction((tx) => pausePlace(tx, context.place, WHO[session.client.kind])) };
  },

  async 'work/resume_all'(context, { pid }, session) {
    await requirePerson(context, session, pid, 'let paused work go on');
    const db = await context.database();
    return { resumed: await db.transaction((tx) => resumePlace(tx, context.place)) };
  },
};

/** The item itself, which a merged id stands for. */
async function meantItem({ place }: ApiContext, db: Db, wanted: string): Promise<string> {
  const asked = await requireRow(db, await requireItem(db, place, wanted));
  return asked.mergedInto ?? asked.id;
}

async function viewOne(context: ApiContext, db: Db, id: string) {
  const [view] = await viewAll(context, db, [await requireRow(db, id)]);
  if (!view) throw new Error('A view is missing.');
  return view;
}
