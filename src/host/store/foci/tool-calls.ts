/** Tool calls: requested with their message, started before they run, finished with their result. */
import type { JsonValue } from '../../../protocol/json.ts';
import type { Queryable, Tx } from '../../db/types.ts';

export type ToolCallState =
  | 'requested'
  | 'waiting'
  | 'started'
  | 'done'
  | 'error'
  | 'blocked'
  | 'denied'
  | 'interrupted'
  | 'cancelled';

export type StoredToolResult = { content: string; is_error: boolean };

export type ToolCall = {
  id: string;
  turn: number;
  /** Order of asking within the turn, from 0. */
  position: number;
  /** The provider's id, which pairs call and result in a request; not unique. */
  providerCallId: string;
  name: string;
  effect: 'read' | 'write' | 'exclusive' | null;
  input: JsonValue;
  caller: 'model' | 'child' | 'sandbox';
  /** What hooks made of the input; null where none was asked. */
  effectiveInput: JsonValue | null;
  state: ToolCallState;
  /** As the tool gave it; `result` is what became of it. */
  rawResult: StoredToolResult | null;
  result: StoredToolResult | null;
  requestedAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
};

export type NewToolCall = Pick<ToolCall, 'id' | 'turn' | 'position' | 'providerCallId' | 'name' | 'input'> &
  Partial<Pick<ToolCall, 'caller'>>;

export async function insertToolCall(tx: Tx, focus: { id: string; workItemId: string }, call: NewToolCall) {
  await tx.query(
    `insert into animus.tool_calls (id, focus_id, work_item_id, turn, position, provider_call_id, name, caller, input, state)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, 'requested')`,
    [
      call.id,
      focus.id,
      focus.workItemId,
      call.turn,
      call.position,
      call.providerCallId,
      call.name,
      call.caller ?? 'model',
      JSON.stringify(call.input),
    ],
  );
}

/** What hooks made of the arguments, before the call starts. */
export async function keepEffectiveInput(tx: Tx, id: string, input: JsonValue): Promise<void> {
  await tx.query(
    "update animus.tool_calls set effective_input = $2::jsonb where id = $1 and state in ('requested', 'waiting')",
    [id, JSON.stringify(input)],
  );
}

/** What the tool gave, for hooks to look at: once, and before its result. */
export async function keepRawResult(tx: Tx, id: string, result: StoredToolResult): Promise<void> {
  await tx.query(
    `update animus.tool_calls set raw_result = $2::jsonb
     where id = $1 and state in ('started', 'waiting') and raw_result is null`,
    [id, JSON.stringify(result)],
  );
}

/** False where the call cannot start: it has, unless it is a read that runs again, or it has ended. */
export async function markStarted(tx: Tx, id: string, effect: ToolCall['effect']): Promise<boolean> {
  const rows = await tx.query(
    `update animus.tool_calls set state = 'started', effect = $2, started_at = now()
     where id = $1 and (state in ('requested', 'waiting') or (state = 'started' and effect = 'read')) returning 1 as done`,
    [id, effect],
  );
  return rows.length > 0;
}

/** The call's tool was asked for its result, and may have to be asked again. Nothing where it waits already. */
export async function markWaiting(tx: Tx, id: string): Promise<void> {
  await tx.query(
    `update animus.tool_calls set state = 'waiting', effect = 'read', started_at = now()
     where id = $1 and state = 'requested'`,
    [id],
  );
}

/**
 * Stores a result. A call gets one result ever: storing one again changes nothing and gives false, which is how a
 * repeated transaction finds out that it had committed. With `startedAs` its start, in the same transaction, is noted too.
 */
export async function finishToolCall(
  tx: Tx,
  id: string,
  state: Exclude<ToolCallState, 'requested' | 'waiting' | 'started'>,
  result: StoredToolResult,
  startedAs: ToolCall['effect'] = null,
): Promise<boolean> {
  const rows = await tx.query(
    `update animus.tool_calls set state = $2, result = $3::jsonb, raw_result = coalesce(raw_result, $3::jsonb), ended_at = now(),
       effect = coalesce($4, effect), started_at = case when $4::text is null then started_at else now() end
     where id = $1 and result is null returning 1 as done`,
    [id, state, JSON.stringify(result), startedAs],
  );
  return rows.length > 0;
}

/** A focus's calls, in the order of asking; of one turn where it is given. */
export async function readToolCalls(db: Queryable, focusId: string, turn?: number): Promise<ToolCall[]> {
  return db.query<ToolCall>(
    `select id, turn, position, provider_call_id as "providerCallId", name, effect, input, caller,
       effective_input as "effectiveInput", state, raw_result as "rawResult", result,
       requested_at as "requestedAt", started_at as "startedAt", ended_at as "endedAt"
     from animus.tool_calls where focus_id = $1 and ($2::integer is null or turn = $2) order by turn, position`,
    [focusId, turn ?? null],
  );
}

/** The newest call of a focus that whoever asked for it gave this id. */
export async function findCallByProviderId(db: Queryable, focusId: string, providerCallId: string) {
  const [call] = await db.query<Pick<ToolCall, 'name' | 'input' | 'result'>>(
    `select name, input, result from animus.tool_calls where focus_id = $1 and provider_call_id = $2
     order by turn desc, position desc limit 1`,
    [focusId, providerCallId],
  );
  return call;
}

/** The results that there are, raw ones among them, by the call's id. */
export async function readToolResults(
  db: Queryable,
  ids: readonly string[],
): Promise<ReadonlyMap<string, StoredToolResult>> {
  const rows = await db.query<{ id: string; result: StoredToolResult }>(
    `select id, coalesce(result, raw_result) as result from animus.tool_calls
     where id = any($1::uuid[]) and coalesce(result, raw_result) is not null`,
    [ids],
  );
  return new Map(rows.map(({ id, result }) => [id, result]));
}
