/** Breaks of what a focus's requests have in common, decided once and kept with the reason. */
import type { JsonObject } from '../../../protocol/json.ts';
import type { Queryable, Tx } from '../../db/types.ts';

/** What bounds the context, and what changes the prompt before it. */
export type ContextCutKind = 'compaction' | 'summary' | 'stubs';
export type PrefixBreakKind = 'system_patch' | 'model_patch';

/**
 * Gives the turn it was made for: the one whose answer is not recorded yet, and of which messages that hooks added to its
 * request are already. Only the focus's own lease may write one.
 */
export async function insertCut(
  tx: Tx,
  focusId: string,
  kind: ContextCutKind | PrefixBreakKind,
  content: JsonObject,
): Promise<number> {
  const [cut] = await tx.query<{ turn: number }>(
    `insert into animus.context_cuts (focus_id, n, turn, kind, content)
     select $1, coalesce((select max(n) from animus.context_cuts where focus_id = $1), 0) + 1,
       coalesce((select max(turn) from animus.focus_messages where focus_id = $1 and kind <> 'hook'), 0) + 1, $2, $3::jsonb
     returning turn`,
    [focusId, kind, JSON.stringify(content)],
  );
  if (!cut) throw new Error('An insert gave no row.');
  return cut.turn;
}

export type ContextCutRow = { n: number; turn: number; kind: ContextCutKind; content: JsonObject };

/** In order. `throughTurn` leaves out those that were made for a later turn. */
export async function readContextCuts(db: Queryable, focusId: string, throughTurn?: number): Promise<ContextCutRow[]> {
  return db.query<ContextCutRow>(
    `select n, turn, kind, content from animus.context_cuts
     where focus_id = $1 and kind in ('compaction', 'summary', 'stubs') and ($2::integer is null or turn <= $2) order by n`,
    [focusId, throughTurn ?? null],
  );
}

/** The newest of each kind, in order. */
export async function readNewestContextCuts(db: Queryable, focusId: string): Promise<ContextCutRow[]> {
  return db.query<ContextCutRow>(
    `select * from (
       select distinct on (kind) n, turn, kind, content from animus.context_cuts
       where focus_id = $1 and kind in ('compaction', 'summary', 'stubs') order by kind, n desc
     ) newest order by n`,
    [focusId],
  );
}

export type PrefixBreakRow = { n: number; turn: number; kind: PrefixBreakKind; content: JsonObject };

/** What hooks and models that took over changed of the prompt before the context, in order. */
export async function readPrefixBreaks(db: Queryable, focusId: string): Promise<PrefixBreakRow[]> {
  return db.query<PrefixBreakRow>(
    `select n, turn, kind, content from animus.context_cuts
     where focus_id = $1 and kind in ('system_patch', 'model_patch') order by n`,
    [focusId],
  );
}
