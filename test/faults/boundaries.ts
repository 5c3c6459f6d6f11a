/**
 * The points between which a run can die, each a transaction of its own, known by its statements. A host that is told to
 * dies right before the commit of one, or right after it, when nobody has heard of it yet.
 */

export type Statement = { sql: string; params: readonly unknown[] };

type Boundary = { name: string; fault: 'F1' | 'F2'; matches(statements: readonly Statement[]): boolean };

const says = (statements: readonly Statement[], sql: RegExp, param?: unknown) =>
  statements.some((statement) => sql.test(statement.sql) && (param === undefined || statement.params.includes(param)));

const MESSAGE = /insert into animus\.focus_messages/;
const COMMAND = /insert into animus\.hook_runs/;
const STARTED = /set state = 'started'/;
const FINISHED = /update animus\.tool_calls set state = \$2, result/;
const REPORTED = /set report = /;
const LEDGER = /insert into animus\.work_ledger/;
const MOVED = /insert into animus\.work_events/;

/** In the order in which a run passes them for the first time. */
export const BOUNDARIES: readonly Boundary[] = [
  { name: 'submit', fault: 'F1', matches: (all) => says(all, /insert into animus\.work_items/) },
  { name: 'claim', fault: 'F1', matches: (all) => says(all, /insert into animus\.leases/) },
  { name: 'orient command', fault: 'F1', matches: (all) => says(all, COMMAND, 'orient') },
  { name: 'recover', fault: 'F2', matches: (all) => says(all, /set phase = 'recover'/) },
  { name: 'recover command', fault: 'F2', matches: (all) => says(all, COMMAND, 'recover') },
  { name: 'retry', fault: 'F2', matches: (all) => says(all, MOVED, 'attempt failed, to be retried') },
  { name: 'orient', fault: 'F1', matches: (all) => says(all, MESSAGE, 'task') },
  { name: 'answer', fault: 'F1', matches: (all) => says(all, MESSAGE, 'assistant') },
  { name: 'ledger write', fault: 'F1', matches: (all) => says(all, LEDGER) },
  { name: 'tool start', fault: 'F1', matches: (all) => says(all, STARTED) },
  { name: 'tool end', fault: 'F1', matches: (all) => says(all, FINISHED) && !says(all, REPORTED) },
  { name: 'report', fault: 'F1', matches: (all) => says(all, REPORTED) },
  { name: 'turn close', fault: 'F1', matches: (all) => says(all, MESSAGE, 'tool_results') },
  { name: 'engage end', fault: 'F1', matches: (all) => says(all, /engage_end = /) },
  { name: 'consolidate command', fault: 'F2', matches: (all) => says(all, COMMAND, 'consolidate') },
  { name: 'completed', fault: 'F2', matches: (all) => says(all, MOVED, 'completed') },
];

/** Those that only a person's request leads over. */
export const STEERING_BOUNDARIES: readonly Boundary[] = [
  { name: 'pause', fault: 'F1', matches: (all) => says(all, MOVED, 'paused') },
  { name: 'park for a pause', fault: 'F1', matches: (all) => says(all, MOVED, 'waits for paused') },
  { name: 'resume', fault: 'F1', matches: (all) => says(all, MOVED, 'resumed') },
  { name: 'move', fault: 'F1', matches: (all) => says(all, /'moved to '/) },
];

export function boundaryOf(statements: readonly Statement[]): string | undefined {
  return [...BOUNDARIES, ...STEERING_BOUNDARIES].find(({ matches }) => matches(statements))?.name;
}
