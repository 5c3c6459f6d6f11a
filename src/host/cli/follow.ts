/**
 * Following a work item to its end, over the death of hosts: when one ends the next is started, and what was missed is
 * asked for by number.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type HostClient, HostGone } from '../../client/host-client.ts';
import { AnimusError } from '../../protocol/errors.ts';
import type { LedgerEntryView } from '../../protocol/focus.ts';
import type { NotificationParams } from '../../protocol/notifications.ts';
import type { Result } from '../../protocol/requests.ts';
import { TERMINAL_STATES, type WorkView, waitsForWindow } from '../../protocol/work.ts';
import { askedBelow } from './asked-below.ts';
import { createPatience, type Patience } from './patience.ts';
import { ledgerPages } from './read-ledger.ts';
import { type CliSession, connect } from './session.ts';

export type Shown = Result<'work/show'>;

export type Watcher = {
  onState?(shown: Shown): void;
  onEntry?(entry: LedgerEntryView): void;
  onDelta?(delta: NotificationParams<'focus/delta'>): void;
  onHostLost?(): void;
};

export type FollowEnd =
  | { kind: 'ended'; shown: Shown }
  /** It waits for something that only a person can bring, to it or to `asking` below it. */
  | { kind: 'waits'; shown: Shown; asking?: WorkView }
  | { kind: 'timed_out'; shown: Shown };

/** Looks again after this long even when nothing was heard. */
const LOOK_EVERY_MS = 2000;

/** What was seen so far, over all hosts. */
type Seen = { entry: number; state: string; patience: Patience };

const PERSON_WAITS = ['approval', 'answer', 'budget', 'credentials', 'paused'];

export async function followWork(
  session: CliSession,
  id: string,
  watcher: Watcher,
  timeoutMs = Number.POSITIVE_INFINITY,
): Promise<FollowEnd> {
  const deadline = Date.now() + timeoutMs;
  const seen: Seen = { entry: 0, state: '', patience: createPatience() };
  for (;;) {
    try {
      return await followOn(await connect(session), id, watcher, seen, deadline);
    } catch (error) {
      if (!(error instanceof HostGone)) throw error;
      const pause = seen.patience.lost();
      if (pause === undefined || Date.now() > deadline) throw unreachable(id, error);
      watcher.onHostLost?.();
      await sleep(pause);
    }
  }
}

function unreachable(id: string, cause: HostGone): AnimusError {
  return new AnimusError(
    'host_unreachable',
    `One host after the other ended while the work ${id} was watched. What was acknowledged is kept.`,
    'animus host status names its store; the logs are there.',
    { cause },
  );
}

async function followOn(
  client: HostClient,
  id: string,
  watcher: Watcher,
  seen: Seen,
  deadline: number,
): Promise<FollowEnd> {
  let wake: () => void = () => undefined;
  for (const name of ['work/changed', 'ledger/appended', 'focus/changed', 'store/reset'] as const) {
    client.onNotification(name, () => wake());
  }
  client.onNotification('focus/delta', (delta) => {
    if (delta.work_item_id === id) watcher.onDelta?.(delta);
  });
  await client.request('events/subscribe', {});
  for (;;) {
    const heard = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const end = await look(client, id, watcher, seen);
    if (end) return end;
    const left = deadline - Date.now();
    if (left <= 0) return { kind: 'timed_out', shown: await client.request('work/show', { id }) };
    const pause = new AbortController();
    const nap = sleep(Math.min(LOOK_EVERY_MS, left), undefined, { signal: pause.signal }).catch(() => undefined);
    await Promise.race([heard, nap, client.closed]);
    pause.abort();
  }
}

async function look(client: HostClient, id: string, watcher: Watcher, seen: Seen): Promise<FollowEnd | undefined> {
  const shown = await client.request('work/show', { id });
  noteState(shown, watcher, seen);
  for await (const { entries } of ledgerPages(client, { id, after_seq: seen.entry })) {
    for (const entry of entries) watcher.onEntry?.(entry);
    if (entries.length > 0) seen.patience.progressed();
    seen.entry = entries.at(-1)?.seq ?? seen.entry;
  }
  seen.patience.answered();
  if (TERMINAL_STATES.includes(shown.item.state)) return { kind: 'ended', shown };
  const { wait } = shown.item;
  if (wait && (PERSON_WAITS.includes(wait.kind) || waitsForWindow(wait))) return { kind: 'waits', shown };
  const asking = await askedBelow(client, shown.item);
  if (asking) return { kind: 'waits', shown, asking };
  return undefined;
}

function noteState(shown: Shown, watcher: Watcher, seen: Seen): void {
  const state = `${shown.item.event_seq}/${shown.foci.map(({ phase, status }) => phase + status).join()}`;
  if (state === seen.state) return;
  watcher.onState?.(shown);
  seen.patience.progressed();
  seen.state = state;
}
