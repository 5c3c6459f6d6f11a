/** work/cancel, work/tree. */
import { LISTED_TEXT_MAX } from '../../../protocol/work.ts';
import { cancelWork } from '../../engine/focus/cancel.ts';
import { listTree } from '../../store/work/find.ts';
import type { Handlers } from '../context.ts';
import { requireItem } from '../find-item.ts';
import { requireRow, viewAll } from './work.ts';

/** Who does something to work, as its outcome and its events say it. */
export const WHO = { vscode: 'a person in VS Code', cli: 'the animus command', api: 'a program' } as const;

export const workTreeHandlers: Pick<Handlers, 'work/cancel' | 'work/tree'> = {
  async 'work/cancel'(context, { id: wanted, tree }, session) {
    const db = await context.database();
    const id = await requireItem(db, context.place, wanted);
    const cancelled = await cancelWork(db, { id, tree, by: WHO[session.client.kind] });
    const [item] = await viewAll(context, db, [await requireRow(db, id)]);
    if (!item) throw new Error('A view is missing.');
    return { item, cancelled };
  },

  async 'work/tree'(context, { id: wanted, limit }) {
    const db = await context.database();
    const asked = await requireRow(db, await requireItem(db, context.place, wanted));
    const items = await listTree(db, asked.mergedInto ?? asked.id, limit + 1, LISTED_TEXT_MAX);
    return { items: await viewAll(context, db, items.slice(0, limit)), more: items.length > limit };
  },
};
