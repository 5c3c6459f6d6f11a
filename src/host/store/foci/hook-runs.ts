/** What phase commands and engage hooks did. A phase command's row is what says that it need not run again. */
import type { JsonObject } from '../../../protocol/json.ts';
import type { Queryable, Tx } from '../../db/types.ts';

export type HookRun = {
  id: string;
  focusId: string;
  /** The phase, for a phase command. */
  event: string;
  name: string;
  /** Of a phase command. */
  run: number;
  /** The first two for phase commands. `failed` and `marked`: the hook gave no answer that counts. */
  outcome: 'succeeded' | 'failed' | 'allowed' | 'blocked' | 'modified' | 'marked';
  exitCode: number | null;
  output: JsonObject | null;
  stderrTail: string;
  durationMs: number;
  /** Of engage hooks alone, these three. */
  turn?: number | null;
  toolCallId?: string | null;
  reason?: string | null;
};

export async function insertHookRun(tx: Tx, run: HookRun): Promise<void> {
  await tx.query(
    `insert into animus.hook_runs (id, focus_id, event, name, run, outcome, exit_code, output, stderr_tail, duration_ms,
       turn, tool_call_id, reason)
     values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10, $11, $12, $13) on conflict (id) do nothing`,
    [
      run.id,
      run.focusId,
      run.event,
      run.name,
      run.run,
      run.outcome,
      run.exitCode,
      run.output ? JSON.stringify(run.output) : null,
      run.stderrTail,
      run.durationMs,
      run.turn ?? null,
      run.toolCallId ?? null,
      run.reason ?? null,
    ],
  );
}

/** What the phases' commands of a focus wrote, by the phase; those that wrote nothing are left out. */
export async function readHookOutputs(db: Queryable, focusId: string): Promise<ReadonlyMap<string, JsonObject>> {
  const rows = await db.query<{ event: string; output: JsonObject }>(
    `select event, output from animus.hook_runs
     where focus_id = $1 and outcome = 'succeeded' and output <> '{}'::jsonb
       and event in ('orient', 'consolidate', 'recover') order by run, created_at`,
    [focusId],
  );
  return new Map(rows.map(({ event, output }) => [event, output]));
}

/** In order of running; of one turn where it is given. */
export async function readHookRuns(db: Queryable, focusId: string, event: string, turn?: number): Promise<HookRun[]> {
  return db.query<HookRun>(
    `select id, focus_id as "focusId", event, name, run, outcome, exit_code as "exitCode", output,
       stderr_tail as "stderrTail", duration_ms as "durationMs", turn, tool_call_id as "toolCallId", reason
     from animus.hook_runs where focus_id = $1 and event = $2 and ($3::integer is null or turn = $3)
     order by run, created_at, id`,
    [focusId, event, turn ?? null],
  );
}

/** As a reader gets it: a patch may be as long as what a hook may say, so that a long one stays in its row. */
export type ListedHookRun = Omit<HookRun, 'focusId' | 'run' | 'turn' | 'toolCallId' | 'reason'> & {
  turn: number;
  toolCallId: string | null;
  reason: string | null;
  /** In characters; null where there is no output. */
  outputLength: number | null;
  createdAt: Date;
};

export type HookRunFilter = {
  fromTurn: number;
  /** Null: to the last. */
  throughTurn: number | null;
  most: number;
  longestOutput: number;
};

export type ListedHookRuns = {
  runs: ListedHookRun[];
  /** Older ones of these turns are left out. */
  isCut: boolean;
};

/** What engage hooks did in these turns, oldest first; where there are more than `most`, the newest of them. */
export async function listTurnHookRuns(
  db: Queryable,
  focusId: string,
  { fromTurn, throughTurn, most, longestOutput }: HookRunFilter,
): Promise<ListedHookRuns> {
  const rows = await db.query<ListedHookRun>(
    `select id, event, name, outcome, exit_code as "exitCode", length(output::text) as "outputLength",
       case when length(output::text) <= $4 then output end as output, stderr_tail as "stderrTail",
       duration_ms as "durationMs", turn, tool_call_id as "toolCallId", reason, created_at as "createdAt"
     from animus.hook_runs where focus_id = $1 and turn >= $2 and ($5::integer is null or turn <= $5)
     order by turn desc, created_at desc, id desc limit $3`,
    [focusId, fromTurn, most + 1, longestOutput, throughTurn],
  );
  return { runs: rows.slice(0, most).reverse(), isCut: rows.length > most };
}
