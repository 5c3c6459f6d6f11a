/** ledger/read, ledger/recent and focus/read. */
import { AnimusError } from '../../../protocol/errors.ts';
import type { LedgerEntryView } from '../../../protocol/focus.ts';
import { fromStoredCut } from '../../engine/focus/context-rows.ts';
import { decisionsOfFocus } from '../../store/approvals/approvals.ts';
import { readBudgets } from '../../store/budgets/budgets.ts';
import { readBlocks } from '../../store/foci/context-blocks.ts';
import { readContextCuts } from '../../store/foci/cuts.ts';
import { countFileChanges } from '../../store/foci/file-changes.ts';
import { readFocus } from '../../store/foci/foci.ts';
import { listTurnHookRuns } from '../../store/foci/hook-runs.ts';
import { readMessages } from '../../store/foci/messages.ts';
import { readToolCalls } from '../../store/foci/tool-calls.ts';
import { formatLedger } from '../../store/ledger/formatted-view.ts';
import { type LedgerEntry, readEntries } from '../../store/ledger/ledger.ts';
import { countEntries, recentEntries } from '../../store/ledger/recent.ts';
import { readWorkItem } from '../../store/work/find.ts';
import type { Handlers } from '../context.ts';
import { requireItem } from '../find-item.ts';
import { focusPage, messagePage } from '../focus-page.ts';
import { HOOK_RUNS } from '../hook-run-views.ts';
import { fitting, jsonBytes, leftOut, PAGE_BYTES, PAGE_ROWS } from '../page.ts';
import { viewBlock, viewCut } from '../view-context.ts';
import { viewEntry, viewFocus } from '../views.ts';

/** An entry's text is bounded where it is written; its data are whatever a model gave. */
const ENTRY_DATA_BYTES = 1024 * 1024;

export const ledgerHandlers: Pick<Handlers, 'ledger/read' | 'ledger/recent' | 'focus/read'> = {
  async 'ledger/read'(context, { id, entry_type, after_seq, last_n, query, formatted }) {
    const db = await context.database();
    const asked = await requireItem(db, context.place, id);
    // A merged item has no ledger of its own: what is meant is the one it was merged into.
    const workItemId = (await readWorkItem(db, asked))?.mergedInto ?? asked;
    const found = await readEntries(db, {
      workItemId,
      limit: PAGE_ROWS,
      ...(entry_type ? { entryType: entry_type } : {}),
      ...(after_seq ? { afterSeq: after_seq } : {}),
      ...(last_n ? { lastN: last_n } : {}),
      ...(query ? { query } : {}),
    });
    const entries = fitting(found.map(viewBounded), PAGE_BYTES);
    const isWhole = entries.length === found.length && found.length < PAGE_ROWS;
    return {
      work_item_id: workItemId,
      entries,
      formatted: formatted ? formatLedger(found.slice(0, entries.length)) : null,
      next_after_seq: isWhole ? null : (entries.at(-1)?.seq ?? null),
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
    const found = await recentEntries(db, filter, cursor, limit);
    const entries = fitting(found.map(viewBounded), PAGE_BYTES);
    const isWhole = entries.length === found.length && found.length < limit;
    const last = isWhole ? undefined : entries.at(-1);
    return {
      entries,
      next: last ? { created_at: last.created_at, id: last.id } : null,
      total: before ? null : await countEntries(db, filter),
    };
  },

  async 'focus/read'(context, { id, after_n, calls_from_turn }) {
    const db = await context.database();
    const focus = await readFocus(db, id);
    if (!focus) throw new AnimusError('not_found', `There is no focus ${id}.`, 'animus work show ID lists the foci.');
    const reached = messagePage(await readMessages(db, id, after_n), context.costOf);
    const turns = { fromTurn: calls_from_turn, throughTurn: reached.throughTurn };
    const rows = {
      calls: (await readToolCalls(db, id)).filter(({ turn }) => turn >= calls_from_turn),
      hookRuns: await listTurnHookRuns(db, id, { ...turns, ...HOOK_RUNS }),
      decisions: await decisionsOfFocus(db, id),
      changes: await countFileChanges(db, id),
    };
    const budget = (await readBudgets(db, [focus.workItemId])).get(focus.workItemId);
    const page = focusPage(reached, rows);
    const blocks = await readBlocks(db, id);
    const lastN = page.messages.at(-1)?.n ?? after_n;
    return {
      focus: viewFocus(focus, budget),
      ...page,
      blocks: blocks.filter(({ lastMessage }) => lastMessage > after_n && lastMessage <= lastN).map(viewBlock),
      cuts: (await readContextCuts(db, id)).map(fromStoredCut).flatMap(viewCut),
    };
  },
};

function viewBounded(entry: LedgerEntry): LedgerEntryView {
  const view = viewEntry(entry);
  return jsonBytes(view.data) > ENTRY_DATA_BYTES ? { ...view, data: { left_out: leftOut(view.data) } } : view;
}
