/** work/message. */
import { AnimusError } from '../../../protocol/errors.ts';
import { shortId } from '../../../rendezvous/ids.ts';
import { sayToWork } from '../../store/work/messages.ts';
import type { Handlers } from '../context.ts';
import { requireItem } from '../find-item.ts';
import { requireRow, requireTrust } from './work.ts';

export const workMessageHandlers: Pick<Handlers, 'work/message'> = {
  async 'work/message'(context, { id: wanted, message_id, text }, session) {
    const db = await context.database();
    await requireTrust(context, db);
    const asked = await requireRow(db, await requireItem(db, context.place, wanted));
    const workItemId = asked.mergedInto ?? asked.id;
    const content = context.redactor.text(text);
    const said = await db.transaction((tx) =>
      sayToWork(tx, { id: message_id, workItemId, content, by: session.client.kind }),
    );
    if (said === 'kept') return { id: message_id, work_item_id: workItemId };
    throw new AnimusError(
      'wrong_state',
      `The work item ${workItemId} has ended, or is about to, and hears nothing more. The message was not kept.`,
      `Go on from what came of it: animus work follow-up ${shortId(workItemId)} "…"`,
    );
  },
};
