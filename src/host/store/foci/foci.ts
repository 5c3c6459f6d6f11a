/** Foci: one attempt at one work item, with all that a later host needs to go on with it. */
import type { JsonObject, JsonValue } from '../../../protocol/json.ts';
import type { Queryable, Tx } from '../../db/types.ts';

export type Phase = 'orient' | 'engage' | 'consolidate' | 'recover';
export type FocusStatus = 'running' | 'parked' | 'completed' | 'failed' | 'cancelled' | 'released';

/** What the agent said of its own work, through report_outcome. */
export type Report = { success: boolean; summary: string; data?: JsonValue };

/** `final`: another attempt could not end otherwise. */
export type FocusError = { kind: string; message: string; final?: true };

/** How the loop ended, kept so that consolidate can go on from it after a crash. */
export type EngageEnd =
  | { kind: 'end_turn'; text: string }
  | { kind: 'budget'; message: string }
  | { kind: 'stuck'; message: string }
  | { kind: 'refusal'; message: string }
  /** A hook let no more calls of the model through. */
  | { kind: 'blocked'; message: string };

/** Token counts of all model calls of a focus. */
export type FocusUsage = { input: number; cacheRead: number; cacheWrite: number; output: number; estimated: boolean };

export type Focus = {
  id: string;
  workItemId: string;
  attempt: number;
  faculty: string;
  hostId: string;
  phase: Phase;
  status: FocusStatus;
  model: string | null;
  config: JsonObject | null;
  iterations: number;
  usage: Partial<FocusUsage>;
  /** Micro-dollars; null where a price is unknown. */
  costMicros: number | null;
  engageEnd: EngageEnd | null;
  report: Report | null;
  error: FocusError | null;
  startedAt: Date;
  endedAt: Date | null;
  /** When its transcript was removed. */
  prunedAt: Date | null;
};

const COLUMNS = `f.id, f.work_item_id as "workItemId", f.attempt, f.faculty, f.host_id as "hostId", f.phase, f.status,
  f.model, f.config, f.iterations, f.usage, f.cost_micros as "costMicros", f.engage_end as "engageEnd", f.report,
  f.error, f.started_at as "startedAt", f.ended_at as "endedAt",
  f.pruned_at as "prunedAt"`;

export async function readFocus(db: Queryable, id: string): Promise<Focus | undefined> {
  const [focus] = await db.query<Focus>(`select ${COLUMNS} from animus.foci f where f.id = $1`, [id]);
  return focus;
}

/** All foci of an item, first attempt first. */
export async function listFoci(db: Queryable, workItemId: string): Promise<Focus[]> {
  return db.query<Focus>(
    `select ${COLUMNS} from animus.foci f where f.work_item_id = $1 order by f.attempt, f.started_at`,
    [workItemId],
  );
}

/** Whether the item had a focus before this one, whatever became of it. */
export async function hadFocusBefore(db: Queryable, workItemId: string, focusId: string): Promise<boolean> {
  const rows = await db.query('select 1 from animus.foci where work_item_id = $1 and id <> $2 limit 1', [
    workItemId,
    focusId,
  ]);
  return rows.length > 0;
}

export async function readFocusIds(db: Queryable, workItemIds: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ id: string }>('select id from animus.foci where work_item_id = any($1::uuid[])', [
    workItemIds,
  ]);
  return rows.map(({ id }) => id);
}

/** Foci of a place whose ids begin or end with these digits; at most eleven. */
export async function findFoci(db: Queryable, place: string, digits: string): Promise<string[]> {
  const bare = digits.replaceAll('-', '').toLowerCase();
  const rows = await db.query<{ id: string }>(
    `select f.id from animus.foci f join animus.work_items w on w.id = f.work_item_id
     where w.place = $1 and (replace(f.id::text, '-', '') like $2 or replace(f.id::text, '-', '') like $3)
     order by f.id limit 11`,
    [place, `${bare}%`, `%${bare}`],
  );
  return rows.map(({ id }) => id);
}

/** The focus of a claim: the item's open one, now this host's, or this new one. The item's row is locked by a statement before. */
export async function takeUpFocus(
  tx: Tx,
  focus: Pick<Focus, 'id' | 'workItemId' | 'attempt' | 'faculty' | 'hostId'>,
): Promise<Focus> {
  const [row] = await tx.query<Focus>(
    `with resumed as (
       update animus.foci f set status = 'running', host_id = $5
       where f.work_item_id = $2 and f.status in ('running', 'parked', 'released') returning f.*
     ), begun as (
       insert into animus.foci (id, work_item_id, attempt, faculty, host_id, phase, status, running_since)
       select $1::uuid, $2::uuid, $3, $4, $5::uuid, 'orient', 'running', now() where not exists (select 1 from resumed)
       returning *
     )
     select ${COLUMNS} from (select * from resumed union all select * from begun) f`,
    [focus.id, focus.workItemId, focus.attempt, focus.faculty, focus.hostId],
  );
  if (!row) throw new Error('A claim gave no focus.');
  return row;
}

/** Fixes what the focus runs with; from here on it engages. */
export async function beginEngage(tx: Tx, id: string, model: string, config: JsonObject): Promise<void> {
  await tx.query("update animus.foci set phase = 'engage', model = $2, config = $3::jsonb where id = $1", [
    id,
    model,
    JSON.stringify(config),
  ]);
}

/** Another model goes on; what the focus began with stays in its configuration. */
export async function setModel(tx: Tx, id: string, model: string): Promise<void> {
  await tx.query('update animus.foci set model = $2 where id = $1', [id, model]);
}

export async function endEngage(tx: Tx, id: string, end: EngageEnd): Promise<void> {
  await tx.query("update animus.foci set phase = 'consolidate', engage_end = $2::jsonb where id = $1", [
    id,
    JSON.stringify(end),
  ]);
}

/** The loop goes on after all: what it ended with was not accepted. */
export async function reopenEngage(tx: Tx, id: string): Promise<void> {
  await tx.query("update animus.foci set phase = 'engage', engage_end = null where id = $1", [id]);
}

export async function enterRecover(tx: Tx, id: string, error: FocusError): Promise<void> {
  await tx.query("update animus.foci set phase = 'recover', error = $2::jsonb where id = $1", [
    id,
    JSON.stringify(error),
  ]);
}

export async function setReport(tx: Tx, id: string, report: Report): Promise<void> {
  await tx.query('update animus.foci set report = $2::jsonb where id = $1', [id, JSON.stringify(report)]);
}

export async function setStatus(tx: Tx, id: string, status: FocusStatus): Promise<void> {
  const ended = status === 'completed' || status === 'failed' || status === 'cancelled';
  await tx.query('update animus.foci set status = $2, ended_at = case when $3 then now() else null end where id = $1', [
    id,
    status,
    ended,
  ]);
}

/**
 * Ends the open foci of items from outside, and the calls that they had not finished. Of one that had begun to change a file
 * nobody knows whether it still did: its host hears of this later, and can record nothing more.
 */
export async function cancelOpenFoci(
  tx: Tx,
  workItemIds: readonly string[],
  error: FocusError | null = null,
): Promise<void> {
  const foci = await tx.query<{ id: string }>(
    `update animus.foci set status = 'cancelled', ended_at = now(), error = coalesce($2::jsonb, error)
     where work_item_id = any($1::uuid[]) and status in ('running', 'parked', 'released') returning id`,
    [workItemIds, error && JSON.stringify(error)],
  );
  await tx.query(
    `update animus.tool_calls c set ended_at = now(), state = case when c.state = 'started' and exists (
         select 1 from animus.file_changes f where f.tool_call_id = c.id and f.applied_at is null
       ) then 'interrupted' else 'cancelled' end
     where focus_id = any($1::uuid[]) and result is null and state in ('requested', 'waiting', 'started')`,
    [foci.map(({ id }) => id)],
  );
}

/** Adds what one model call used; one that was no turn's counts 0 iterations. A cost of null makes the focus's whole cost unknown. */
export async function addUsage(
  tx: Tx,
  id: string,
  usage: FocusUsage,
  costMicros: number | null,
  iterations: 0 | 1 = 1,
): Promise<void> {
  await tx.query(
    `update animus.foci f set iterations = iterations + $8::integer, cost_micros = f.cost_micros + $2::bigint,
       usage = jsonb_build_object(
         'input', coalesce((f.usage->>'input')::bigint, 0) + $3::bigint,
         'cacheRead', coalesce((f.usage->>'cacheRead')::bigint, 0) + $4::bigint,
         'cacheWrite', coalesce((f.usage->>'cacheWrite')::bigint, 0) + $5::bigint,
         'output', coalesce((f.usage->>'output')::bigint, 0) + $6::bigint,
         'estimated', coalesce((f.usage->>'estimated')::boolean, false) or $7::boolean)
     where id = $1`,
    [id, costMicros, usage.input, usage.cacheRead, usage.cacheWrite, usage.output, usage.estimated, iterations],
  );
}

export async function readUsedTokens(db: Queryable, id: string): Promise<number> {
  const { input = 0, output = 0 } = (await readFocus(db, id))?.usage ?? {};
  return input + output;
}

/** Counts a start of a phase's command, before it starts. Returns 1 for the first. */
export async function countPhaseRun(tx: Tx, id: string, event: string): Promise<number> {
  const [row] = await tx.query<{ run: number }>(
    `update animus.foci f set phase_runs = f.phase_runs
       || jsonb_build_object($2::text, coalesce((f.phase_runs->>$2::text)::integer, 0) + 1)
     where id = $1 returning (phase_runs->>$2::text)::integer as run`,
    [id, event],
  );
  if (!row) throw new Error(`There is no focus ${id}.`);
  return row.run;
}
