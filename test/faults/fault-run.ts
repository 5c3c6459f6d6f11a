/** One run of the scenario with one kill in it, and what must hold after it. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HostClient, HostGone } from '../../src/client/host-client.ts';
import type { Result } from '../../src/protocol/requests.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import type { FaultWorld, Kill, Place } from './fault-world.ts';
import { ENTRIES, FACULTY_NAME, LINES, SUMMARY, TURNS } from './scenario.ts';
import { LINES_FILE } from './write-tool.ts';

/** Where the host dies: at a boundary of the database, or while the model is asked. */
export type Blow = Kill | { boundary: 'model request' | 'mid-stream'; nth: number; when: 'during' } | null;

export type RunResult = {
  /** Whether the host did die. */
  killed: boolean;
  /** Boundaries that were passed, in order. */
  passed: string[];
  /** Requests to the model beyond those of a calm run. */
  repeatedRequests: number;
  /** From the kill to the item's end; null without a kill. */
  resumedMs: number | null;
};

type Shown = Result<'work/show'>;

const ENDS_WITHIN_MS = 60_000;
const POLL_MS = 20;
/** Of the stream, before it falls silent. */
const HALF_STREAM_BYTES = 700;

export async function runWithBlow(world: FaultWorld, place: Place, blow: Blow): Promise<RunResult> {
  await world.clear(place);
  const id = uuidv7();
  const requests = world.countRequests();
  const order = blow && blow.when !== 'during' ? blow : null;
  world.faultOf = (request) => (blow?.when === 'during' ? strike(place, blow, request) : undefined);
  let client = await world.connect(place, order);
  let killedAt: number | null = null;
  const seen: Seen = { entries: [] };
  const again = async () => {
    killedAt ??= performance.now();
    world.faultOf = () => undefined;
    client = await world.connect(place, null);
  };
  for (let submitted = false; !submitted; ) {
    submitted = await orGone(submit(client, id), again);
  }
  const deadline = Date.now() + ENDS_WITHIN_MS;
  let shown: Shown | undefined;
  while (!shown?.item.resolved_at) {
    assert.ok(Date.now() < deadline, `it did not end: ${JSON.stringify(shown?.item)}`);
    await orGone(look(client, id, seen), again);
    shown = seen.shown;
    await sleep(POLL_MS);
  }
  const resumedMs = killedAt === null ? null : performance.now() - killedAt;
  await checkInvariants(client, place, shown, seen);
  await stop(client);
  return { killed: killedAt !== null, passed: place.takeLog(), repeatedRequests: requests() - TURNS, resumedMs };
}

export type Seen = { shown?: Shown; entries: { id: string; seq: number; content: string }[] };

/** False where the host died meanwhile: then `again` has found another. */
export async function orGone(work: Promise<unknown>, again: () => Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (!(error instanceof HostGone)) throw error;
    await again();
    return false;
  }
}

async function submit(client: HostClient, id: string): Promise<void> {
  await client.request('work/submit', { id, faculty: FACULTY_NAME, description: 'Do all of it.', source: 'api' });
}

/** What was told once must be there for ever. */
export async function look(client: HostClient, id: string, seen: Seen): Promise<void> {
  const { entries } = await client.request('ledger/read', { id });
  const told = entries.map(({ id: entryId, seq, content }) => ({ id: entryId, seq, content }));
  assert.deepEqual(told.slice(0, seen.entries.length), seen.entries, 'what was acknowledged is there and unchanged');
  seen.entries = told;
  seen.shown = await client.request('work/show', { id });
}

function strike(place: Place, blow: Exclude<Blow, Kill | null>, request: number) {
  if (request !== blow.nth) return undefined;
  const pid = place.hostPid();
  assert.ok(pid);
  if (blow.boundary === 'model request') {
    process.kill(pid, 'SIGKILL');
    return { silentAfterBytes: -1 };
  }
  setTimeout(() => process.kill(pid, 'SIGKILL'), 50);
  return { silentAfterBytes: HALF_STREAM_BYTES };
}

export async function checkInvariants(client: HostClient, place: Place, shown: Shown, seen: Seen): Promise<void> {
  const { item, foci, events } = shown;
  assert.equal(item.state, 'completed');
  assert.equal(item.outcome?.summary, SUMMARY);
  assert.equal(events.filter(({ to_state }) => to_state === 'completed').length, 1, 'it ended once');
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, at) => at + 1),
  );
  assert.ok(foci.length <= 2, 'one attempt failed at most: the one that was to');
  assert.deepEqual(
    seen.entries.map(({ seq, content }) => ({ seq, content })),
    ENTRIES.map((content, at) => ({ seq: at + 1, content })),
  );
  const focus = await client.request('focus/read', { id: foci.at(-1)?.id ?? '' });
  assertPaired(focus);
  assertLines(place, focus);
}

/** Every call has exactly one result, in the message that follows it. */
function assertPaired({ messages }: Result<'focus/read'>): void {
  const blocks = (at: number) =>
    (messages[at]?.content.blocks ?? []) as { type: string; id?: string; toolUseId?: string }[];
  for (const [at] of messages.entries()) {
    const calls = blocks(at).filter(({ type }) => type === 'tool_use');
    const results = blocks(at + 1).filter(({ type }) => type === 'tool_result');
    assert.deepEqual(
      results.map(({ toolUseId }) => toolUseId),
      calls.map(({ id }) => id),
    );
  }
}

/** A tool that changes something ran once at most; what is told as done was done. */
function assertLines(place: Place, { tool_calls: calls }: Result<'focus/read'>): void {
  const written = place.lines(LINES_FILE);
  assert.deepEqual(written, [...new Set(written)], 'no line was written twice');
  const appends = calls.filter(({ name }) => name === 'append_line');
  assert.equal(appends.length, LINES.length);
  for (const { state, input } of appends) {
    const { line } = input as { line: string };
    assert.ok(state === 'done' || state === 'interrupted', `${line}: ${state}`);
    if (state === 'done') assert.ok(written.includes(line), `${line} is told as done`);
  }
}

export async function stop(client: HostClient): Promise<void> {
  await client.request('host/drain', { reason: 'the run is over' });
  await client.closed;
}
