/** ledger/read, ledger/recent and focus/read. */
import { AnimusError } from '../../../protocol/errors.ts';
import { readFocus } from '../../store/foci/foci.ts';
import { readMessages } from '../../store/foci/messages.ts';
import { readToolCalls, type ToolCall } from '../../store/foci/tool-calls.ts';
import { formatLedger } from '../../store/ledger/formatted-view.ts';
import { readEntries } from '../../store/ledger/ledger.ts';
import { countEntries, recentEntries } from '../../store/ledger/recent.ts';
import { readWorkItem } from '../../store/work/find.ts';
import type { Handlers } from '../context.ts';
import { requireItem } from '../find-item.ts';
import { viewEntry, viewFocus } from '../views.ts';

export const ledgerHandlers: Pick<Handlers, 'ledger/read' | 'ledger/recent' | 'focus/read'> = {
  async 'ledger/read'(context, { id, entry_type, after_seq, last_n, query, formatted }) {
    const db = await context.database();
    const asked = await requireItem(db, context.place, id);
    // A merged item has no ledger of its own: what is meant is the one it was merged into.
    const workItemId = (await readWorkItem(db, asked))?.mergedInto ?? asked;
    const entries = await readEntries(db, {
      workItemId,
      ...(entry_type ? { entryType: entry_type } : {}),
      ...(after_seq ? { afterSeq: after_seq } : {}),
      ...(last_n ? { lastN: last_n } : {}),
      ...(query ? { query } : {}),
    });
    return {
      work_item_id: workItemId,
      entries: entries.map(viewEntry),
      formatted: formatted ? formatLedger(entries) : null,
    };
  },

  async 'ledger/recent'(context, { before, limit, types, work_item_id, query }) {
    const db = await context.database();
    const filter = {
      place: context.place,
      ...(types ? { types } : {}),
      ...(work_item_id ? { workItemId: work_item_id } : {}),
      ...(query ? { query } : {}),
    };
    const cursor = before ? { createdAt: new Date(before.created_at), id: before.id } : null;
    const entries = await recentEntries(db, filter, cursor, limit);
    const last = entries.length === limit ? entries.at(-1) : undefined;
    return {
      entries: entries.map(viewEntry),
      next: last ? { created_at: last.createdAt.toISOString(), id: last.id } : null,
      total: await countEntries(db, filter),
    };
  },

  async 'focus/read'(context, { id, after_n, calls_from_turn }) {
    const db = await context.database();
    const focus = await readFocus(db, id);
    if (!focus) throw new AnimusError('not_found', `There is no focus ${id}.`, 'animus work show ID lists the foci.');
    const messages = await readMessages(db, id, after_n);
    const calls = await readToolCalls(db, id);
    return {
      focus: viewFocus(focus),
      messages: messages.map(({ formatVersion: _, createdAt, ...message }) => ({
        ...message,
        created_at: createdAt.toISOString(),
      })),
      tool_calls: calls.filter(({ turn }) => turn >= calls_from_turn).map(viewCall),
    };
  },
};

function viewCall(call: ToolCall) {
  const { id, turn, position, name, effect, input, state, result, startedAt, endedAt } = call;
  const duration_ms = startedAt && endedAt ? endedAt.getTime() - startedAt.getTime() : null;
  const started_at = startedAt?.toISOString() ?? null;
  return { id, turn, position, name, effect, input, state, result, started_at, duration_ms };
}
