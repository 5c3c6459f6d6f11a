/** change/list, change/show, change/undo. Undoing is a person's: nothing that an agent started may do it. */
import type { FileChangeView } from '../../../protocol/changes.ts';
import { AnimusError } from '../../../protocol/errors.ts';
import { shortId } from '../../../rendezvous/ids.ts';
import type { Db } from '../../db/types.ts';
import { undoChange } from '../../engine/tools/undo-change.ts';
import { bounded } from '../../engine/tools/unified-diff.ts';
import { type FileChange, listFileChanges, readFileChange } from '../../store/foci/file-changes.ts';
import { readWorkItem } from '../../store/work/find.ts';
import type { ApiContext, Handlers } from '../context.ts';
import { requireItem } from '../find-item.ts';
import { requirePerson } from '../require-person.ts';
import { requireRow, requireTrust } from './work.ts';

/** So that a list fits into a message, whatever is in it. */
const MOST_LISTED = 500;
const LISTED_DIFF_MAX = 8000;

export const changeHandlers: Pick<Handlers, 'change/list' | 'change/show' | 'change/undo'> = {
  async 'change/list'(context, { id }) {
    const db = await context.database();
    const asked = await requireRow(db, await requireItem(db, context.place, id));
    const workItemId = asked.mergedInto ?? asked.id;
    const all = await listFileChanges(db, workItemId);
    const changes = all.slice(-MOST_LISTED).map((change) => view(change, LISTED_DIFF_MAX));
    return { work_item_id: workItemId, changes, omitted: all.length - changes.length };
  },

  async 'change/show'(context, { id }) {
    const change = await requireChange(context, await context.database(), id);
    return { change: view(change), before: change.beforeContent };
  },

  async 'change/undo'(context, { id, pid }, session) {
    await requirePerson(context, session, pid, 'undo a change');
    const db = await context.database();
    await requireTrust(context, db);
    const change = await requireChange(context, db, id);
    const { folder: workspace, closedFolder } = context;
    const undone = await undoChange({ db, workspace, closedFolder, change, by: session.client.kind });
    if (undone.kind === 'impossible') {
      const next = `What it did: animus changes show ${shortId(id)}`;
      throw new AnimusError('wrong_state', `${undone.reason} Nothing was changed.`, next);
    }
    return { change: view(await requireChange(context, db, id)) };
  },
};

/** Throws AnimusError `not_found`, also for what is another place's. */
async function requireChange({ place }: ApiContext, db: Db, id: string): Promise<FileChange> {
  const change = await readFileChange(db, id);
  const item = change && (await readWorkItem(db, change.workItemId));
  if (change && item?.place === place) return change;
  throw new AnimusError(
    'not_found',
    `There is no change ${id} here.`,
    'List those of a work item: animus changes list ID',
  );
}

function view(change: FileChange, longestDiff?: number): FileChangeView {
  const lines = change.diff.split('\n');
  return {
    id: change.toolCallId,
    short_id: shortId(change.toolCallId),
    work_item_id: change.workItemId,
    focus_id: change.focusId,
    path: change.path,
    kind: change.beforeSha256 === null ? 'created' : 'changed',
    added: lines.filter((line) => line.startsWith('+')).length,
    removed: lines.filter((line) => line.startsWith('-')).length,
    diff: bounded(change.diff, longestDiff),
    undoable: change.undoable,
    created_at: change.createdAt.toISOString(),
    undone_at: change.undoneAt?.toISOString() ?? null,
  };
}
