/** The one transaction in which calls that wait are evaluated, their results stored, and the focus parked for the rest. */
import { uuidv7 } from '../../../rendezvous/ids.ts';
import type { Db, Tx } from '../../db/types.ts';
import { readFocus, setStatus } from '../../store/foci/foci.ts';
import { finishToolCall, markWaiting, readToolCalls } from '../../store/foci/tool-calls.ts';
import { giveUpLease, type Lease, LeaseLost, lockLease } from '../../store/work/leases.ts';
import { lockItem } from '../../store/work/locks.ts';
import { parkItem } from '../../store/work/transitions.ts';
import { findOpenCallWait, insertWait, readCallWait, resolveCallWait } from '../../store/work/waits.ts';
import type { CallWait, ToolResult } from '../engage/tool.ts';
import type { RecordedCall, Settled, WaitingCall } from '../engage/types.ts';
import type { Redactor } from '../redaction/redactor.ts';

/**
 * The item's row is locked before anything is evaluated: whoever brings about what a call waits for locks it too, so either
 * the evaluation sees it, or it sees the wait and wakes the item. Throws LeaseLost.
 */
export async function settleCalls(
  tx: Tx,
  lease: Lease,
  waiting: readonly WaitingCall[],
  redactor: Redactor,
): Promise<Settled> {
  await lockLease(tx, lease);
  await lockItem(tx, lease.workItemId);
  const stored = await readResults(tx, lease.focusId);
  const results = new Map<string, ToolResult>();
  const open: CallWait['kind'][] = [];
  for (const { call, evaluate } of waiting) {
    const present = stored.get(call.id);
    const wait = present ? undefined : await readCallWait(tx, call.id);
    const evaluation = present ? { kind: 'result' as const, result: present } : await evaluate(asStored(wait), tx);
    if (evaluation.kind === 'wait') {
      if (!wait) await beginWait(tx, lease, call, evaluation.wait);
      open.push(evaluation.wait.kind);
      continue;
    }
    const kept = { ...evaluation.result, content: redactor.text(evaluation.result.content) };
    if (!present) await finish(tx, call, kept);
    results.set(call.id, kept);
  }
  const [first] = open;
  if (!first) return { kind: 'settled', results };
  await park(tx, lease, first, open.length);
  return { kind: 'parked', waitsFor: first };
}

/** The park whose answer was lost: the lease is gone, and the focus is where it was to be. */
export async function findPark(db: Db, focusId: string): Promise<Settled | undefined> {
  if ((await readFocus(db, focusId))?.status !== 'parked') return undefined;
  const wait = await findOpenCallWait(db, focusId);
  return wait && { kind: 'parked', waitsFor: wait.kind as CallWait['kind'] };
}

function asStored(wait: Awaited<ReturnType<typeof readCallWait>>) {
  if (!wait) return null;
  const { kind, targets, mode, isDue } = wait;
  return { kind: kind as CallWait['kind'], targets, mode, isDue };
}

async function readResults(tx: Tx, focusId: string): Promise<ReadonlyMap<string, ToolResult>> {
  const calls = await readToolCalls(tx, focusId);
  return new Map(
    calls.flatMap(({ id, result }) =>
      result ? [[id, { content: result.content, isError: result.is_error }] as const] : [],
    ),
  );
}

async function beginWait(tx: Tx, { workItemId, focusId }: Lease, call: RecordedCall, wait: CallWait): Promise<void> {
  await markWaiting(tx, call.id);
  await insertWait(tx, { id: uuidv7(), workItemId, focusId, toolCallId: call.id, ...wait });
}

async function finish(tx: Tx, call: RecordedCall, { content, isError }: ToolResult): Promise<void> {
  await markWaiting(tx, call.id);
  await finishToolCall(tx, call.id, isError ? 'error' : 'done', { content, is_error: isError });
  await resolveCallWait(tx, call.id);
}

async function park(tx: Tx, lease: Lease, kind: CallWait['kind'], calls: number): Promise<void> {
  await giveUpLease(tx, lease);
  await setStatus(tx, lease.focusId, 'parked');
  if (await parkItem(tx, lease.workItemId, kind, { calls })) return;
  throw new LeaseLost(`Work item ${lease.workItemId} is not running any more.`);
}
