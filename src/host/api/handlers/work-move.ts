/** work/move and work/delete. Both are a person's. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { AnimusError } from '../../../protocol/errors.ts';
import { shortId } from '../../../rendezvous/ids.ts';
import type { Db } from '../../db/types.ts';
import { moveWork, type NotMoved } from '../../engine/focus/move.ts';
import { removeWork } from '../../engine/focus/remove.ts';
import { type ServedPlace, servedPlaces } from '../../store/hosts/hosts.ts';
import { isPlaceTrusted } from '../../store/trust/trust.ts';
import type { Handlers } from '../context.ts';
import { requireItem, requireItemAnywhere } from '../find-item.ts';
import { placeName, requirePlace } from '../place-name.ts';
import { requirePerson } from '../require-person.ts';
import { requireRow, viewAll } from './work.ts';
import { WHO } from './work-tree.ts';

export const workMoveHandlers: Pick<Handlers, 'work/move' | 'work/delete'> = {
  async 'work/move'(context, { id: wanted, to, pid }, session) {
    await requirePerson(context, session, pid, 'move work to another folder');
    const db = await context.database();
    const asked = await requireRow(db, await requireItemAnywhere(db, context.place, wanted));
    const item = asked.mergedInto ? await requireRow(db, asked.mergedInto) : asked;
    const places = await servedPlaces(db);
    const target = requirePlace(places, to);
    await requireTrusted(db, target);
    const from = placeName(places.find(({ place }) => place === item.place));
    const by = WHO[session.client.kind];
    const moved = await moveWork(db, { id: item.id, to: target.place, from, target: placeName(target), by });
    if (moved.kind !== 'moved' && moved.kind !== 'there') throw refusal(item.id, moved, target);
    const [view] = await viewAll(context, db, [await requireRow(db, item.id)]);
    if (!view) throw new Error('A view is missing.');
    const { place, isLive: is_live } = target;
    return { item: view, moved: moved.kind === 'there' ? 0 : moved.all, place, served_by: placeName(target), is_live };
  },

  async 'work/delete'(context, { id: wanted, pid }, session) {
    await requirePerson(context, session, pid, 'delete work');
    const db = await context.database();
    const id = await requireItem(db, context.place, wanted);
    const removed = await removeWork(db, id);
    if (removed.kind === 'open') {
      throw new AnimusError(
        'wrong_state',
        `The work item ${removed.id} is open, and only work whose whole tree has ended can be deleted. Nothing was deleted.`,
        `Wait for it, or end it: animus work cancel ${shortId(removed.id)}`,
      );
    }
    const foci = path.join(context.status().store_folder, 'foci');
    for (const focusId of removed.focusIds) await rm(path.join(foci, focusId), { recursive: true, force: true });
    return { id, deleted: removed.ids.length };
  },
};

/** The host there may be asleep, and nobody would be asked when it wakes. */
async function requireTrusted(db: Db, target: ServedPlace): Promise<void> {
  if (await isPlaceTrusted(db, target.place)) return;
  throw new AnimusError(
    'untrusted_folder',
    `${placeName(target)} is not trusted, so no agent works there. Nothing was moved.`,
    'If you trust what is in it, run there: animus trust',
  );
}

function refusal(id: string, moved: NotMoved, target: ServedPlace): AnimusError {
  switch (moved.kind) {
    case 'below':
      return new AnimusError(
        'wrong_state',
        `The work item ${id} is part of other work, and children work where their parent does. Nothing was moved.`,
        `Move the whole of it: animus work move ${shortId(moved.rootId)} --to …`,
      );
    case 'ended':
      return new AnimusError(
        'wrong_state',
        `The work item ${id} is ${moved.state}, and only open work can be moved. Nothing was moved.`,
        `To go on from what came of it: animus work follow-up ${shortId(id)} "…"`,
      );
    case 'same_work':
      return new AnimusError(
        'wrong_state',
        `Open work of ${placeName(target)} asks the same: ${moved.id}. Nothing was moved.`,
        'Wait for that, or cancel one of the two.',
      );
  }
}
