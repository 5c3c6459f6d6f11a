/** The one transaction in which calls that wait are evaluated, their results stored, and the focus parked for the rest. */
import { isDeepStrictEqual } from 'node:util';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import type { Db, Tx } from '../../db/types.ts';
import { readFocus, setStatus } from '../../store/foci/foci.ts';
import {
  finishToolCall,
  keepRawResult,
  markWaiting,
  readToolResults,
  type StoredToolResult,
} from '../../store/foci/tool-calls.ts';
import { giveUpLease, type Lease, LeaseLost, lockLease } from '../../store/work/leases.ts';
import { lockItem } from '../../store/work/locks.ts';
import { parkItem } from '../../store/work/transitions.ts';
import {
  findOpenCallWait,
  insertWait,
  readCallWait,
  removeCallWait,
  resolveCallWait,
  type Wait,
} from '../../store/work/waits.ts';
import type { CallWait, ToolResult } from '../engage/tool.ts';
import type { RecordedCall, Settled, WaitingCall } from '../engage/types.ts';
import type { Redactor } from '../redaction/redactor.ts';
import { keepResult } from './keep-result.ts';

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
  // There are some where this is the repetition of what had committed.
  const present = await readToolResults(
    tx,
    waiting.map(({ call }) => call.id),
  );
  const results = new Map<string, ToolResult>();
  const open: CallWait['kind'][] = [];
  let isReady = false;
  for (const { call, ...waits } of waiting) {
    const settled = asResult(present.get(call.id)) ?? (await settleCall(tx, lease, { call, ...waits }, redactor));
    if (settled === 'ready') isReady = true;
    else if ('content' in settled) results.set(call.id, settled);
    else open.push(settled.kind);
  }
  if (isReady) return { kind: 'ready', results };
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

/** Stores the call's result, or that it waits; where hooks are to see the result, as the tool gave it. */
async function settleCall(
  tx: Tx,
  lease: Lease,
  { call, evaluate, finish }: WaitingCall,
  redactor: Redactor,
): Promise<ToolResult | CallWait | 'ready'> {
  const wait = await readCallWait(tx, call.id);
  const evaluation = await evaluate(asStored(wait), tx);
  if (evaluation.kind === 'ready') return 'ready';
  await markWaiting(tx, call.id);
  if (evaluation.kind === 'wait') {
    if (!isSameWait(wait, evaluation.wait)) {
      // A call that was allowed first waits for something else from now on, and so does one that is asked about anew.
      if (wait) await removeCallWait(tx, call.id);
      await beginWait(tx, lease, call, evaluation.wait);
    }
    return evaluation.wait;
  }
  const redacted = { ...evaluation.result, content: redactor.text(evaluation.result.content) };
  if (finish) {
    await keepRawResult(tx, call.id, { content: redacted.content, is_error: redacted.isError });
    await resolveCallWait(tx, call.id);
    return redacted;
  }
  const kept = await keepResult(tx, { focusId: lease.focusId, callId: call.id }, redacted);
  await finishToolCall(tx, call.id, kept.isError ? 'error' : 'done', { content: kept.content, is_error: kept.isError });
  await resolveCallWait(tx, call.id);
  return kept;
}

/** What a tool waits for it may name otherwise each time; its time goes on. */
function isSameWait(stored: Pick<Wait, 'kind' | 'targets'> | undefined, wait: CallWait): boolean {
  if (stored?.kind !== wait.kind) return false;
  return wait.kind !== 'approval' || isDeepStrictEqual(stored.targets, wait.targets);
}

function asResult(stored: StoredToolResult | undefined): ToolResult | undefined {
  return stored && { content: stored.content, isError: stored.is_error };
}

function asStored(wait: Awaited<ReturnType<typeof readCallWait>>) {
  if (!wait) return null;
  const { kind, targets, mode, isDue } = wait;
  return { kind: kind as CallWait['kind'], targets, mode, isDue };
}

async function beginWait(tx: Tx, { workItemId, focusId }: Lease, call: RecordedCall, wait: CallWait): Promise<void> {
  await insertWait(tx, { id: uuidv7(), workItemId, focusId, toolCallId: call.id, ...wait });
}

async function park(tx: Tx, lease: Lease, kind: CallWait['kind'], calls: number): Promise<void> {
  await giveUpLease(tx, lease);
  await setStatus(tx, lease.focusId, 'parked');
  if (await parkItem(tx, lease.workItemId, kind, { calls })) return;
  throw new LeaseLost(`Work item ${lease.workItemId} is not running any more.`);
}
