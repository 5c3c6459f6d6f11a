/**
 * Ending everything that a command started, daemons included. A process that both cleared its environment and left its
 * group and its parents escapes: that is deliberate evasion, and the documentation says so.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Claim, claimedProcesses, ownGroup } from './process-claims.ts';
import { environmentValues, type ProcessEntry, readProcess, readProcessTable } from './process-table.ts';
import { assertMarkerPrefix, assertRunMarker, RUN_MARKER } from './run-marker.ts';
import { endWindowsTree } from './windows-tree.ts';

/** A run by its root. `startedAt` comes from `startOfSpawned`. */
export type StartedRun = { pid: number; startedAt: number; marker: string };

export type TreeEnd = {
  /** Processes besides the root that were found alive and are gone. */
  ended: number;
  /** Processes that could not be ended: another user's, or stuck in the kernel. */
  survivors: number;
};

/** What is known about whether a process was started, directly or not, by a command of ours. */
export type RunDescent =
  | { kind: 'descends'; marker: string }
  /** Neither it nor any ancestor carries a marker. */
  | { kind: 'independent' }
  /** This system shows only our own environment (no marker there), or the process could not be looked at. */
  | { kind: 'unknown'; reason: string };

const FIRST_POLL_MS = 10;
const LONGEST_POLL_MS = 100;
const SCAN_PAUSE_MS = 3;
/** A sweep ends after this, whatever still forks. */
const SWEEP_LIMIT_MS = 10_000;

/**
 * Ends a run's whole tree: SIGTERM to its group, up to `graceMs` for it to leave, SIGKILL, then a sweep over everything
 * that carries its marker until two scans in a row find nothing. Works with the root alive or gone.
 * Throws a TypeError for a pid or marker that could name somebody else's processes; rejects when the table cannot be read.
 */
export async function endProcessTree(run: StartedRun, graceMs: number): Promise<TreeEnd> {
  assertRoot(run);
  if (process.platform === 'win32') return { ended: await endWindowsTree(run.pid), survivors: 0 };
  const claim: Claim = {
    root: run,
    carriesMarker: (pid) => environmentValues(pid, RUN_MARKER).includes(run.marker),
    self: process.pid,
  };
  const seen = new Map<string, ProcessEntry>();
  if (await signalGroup(claim, 'SIGTERM', seen)) await groupLeft(claim, graceMs, seen);
  await signalGroup(claim, 'SIGKILL', seen);
  return await sweep(claim, seen);
}

/**
 * Ends whatever carries a marker of this store (`prefix` is `<store id>/`), for a starting host whose predecessor was
 * killed. Linux only: elsewhere environments cannot be read and nothing is found.
 */
export async function sweepMarker(prefix: string): Promise<TreeEnd> {
  assertMarkerPrefix(prefix);
  if (process.platform !== 'linux') return { ended: 0, survivors: 0 };
  const carriesMarker = (pid: number) => environmentValues(pid, RUN_MARKER).some((value) => value.startsWith(prefix));
  return await sweep({ root: undefined, carriesMarker, self: process.pid }, new Map());
}

/** Whether `pid` or one of its ancestors carries a run's marker: such a process may not approve, answer or trust. */
export function descendsFromRun(pid: number): RunDescent {
  const own = pid === process.pid ? process.env[RUN_MARKER] : undefined;
  if (own !== undefined) return { kind: 'descends', marker: own };
  if (process.platform !== 'linux') {
    return { kind: 'unknown', reason: 'on this system only the own environment can be read' };
  }
  const visited = new Set<number>();
  for (let at = pid; at > 0 && !visited.has(at); ) {
    visited.add(at);
    const [marker] = environmentValues(at, RUN_MARKER);
    if (marker !== undefined) return { kind: 'descends', marker };
    const entry = readProcess(at);
    if (entry === undefined) return { kind: 'unknown', reason: `process ${at} cannot be looked at` };
    at = entry.parent;
  }
  return { kind: 'independent' };
}

function assertRoot(run: StartedRun): void {
  // 0 is our own group and everything outside the namespace, 1 is init, -1 is everybody.
  if (!Number.isSafeInteger(run.pid) || run.pid <= 1 || run.pid === process.pid) {
    throw new TypeError(`${run.pid} is not the pid of a run`);
  }
  if (Number.isNaN(run.startedAt)) throw new TypeError('A run needs its start time');
  assertRunMarker(run.marker);
}

/** Signals the group if it has live members and is still ours; says whether it did. Notes all that is claimed now. */
async function signalGroup(claim: Claim, signal: 'SIGTERM' | 'SIGKILL', seen: Map<string, ProcessEntry>) {
  const table = await readProcessTable();
  const claimed = note(claimedProcesses(table, claim), seen);
  const group = ownGroup(table, claim);
  if (group === undefined || !claimed.some((entry) => entry.group === group)) return false;
  return send(-group, signal) === 'sent';
}

async function groupLeft(claim: Claim, graceMs: number, seen: Map<string, ProcessEntry>): Promise<void> {
  const deadline = performance.now() + graceMs;
  for (let pause = FIRST_POLL_MS; performance.now() < deadline; pause = Math.min(pause * 2, LONGEST_POLL_MS)) {
    await delay(Math.min(pause, Math.max(1, deadline - performance.now())));
    const claimed = note(claimedProcesses(await readProcessTable(), claim), seen);
    if (!claimed.some((entry) => entry.group === claim.root?.pid)) return;
  }
}

async function sweep(claim: Claim, seen: Map<string, ProcessEntry>): Promise<TreeEnd> {
  const refused = new Set<string>();
  const deadline = performance.now() + SWEEP_LIMIT_MS;
  let left: ProcessEntry[] = [];
  for (let emptyScans = 0; emptyScans < 2 && performance.now() < deadline; ) {
    const claimed = note(claimedProcesses(await readProcessTable(), claim), seen);
    left = claimed.filter((entry) => !refused.has(nameOf(entry)));
    emptyScans = left.length === 0 ? emptyScans + 1 : 0;
    // All are stopped before the first is killed, so that none can react by starting another.
    for (const entry of left) signalSame(entry, 'SIGSTOP');
    for (const entry of left) if (signalSame(entry, 'SIGKILL') === 'refused') refused.add(nameOf(entry));
    await delay(SCAN_PAUSE_MS);
  }
  const survivors = new Set([...refused, ...left.map(nameOf)]);
  const others = [...seen.values()].filter((entry) => entry.pid !== claim.root?.pid && !survivors.has(nameOf(entry)));
  return { ended: others.length, survivors: survivors.size };
}

/** Signals this very process, and not one that got its pid since. Exported for its tests. */
export function signalSame(entry: ProcessEntry, signal: NodeJS.Signals): 'sent' | 'gone' | 'refused' {
  if (!Number.isSafeInteger(entry.pid) || entry.pid <= 1 || entry.pid === process.pid) return 'gone';
  const now = readProcess(entry.pid);
  if (now === undefined || now.zombie || now.startedAt !== entry.startedAt) return 'gone';
  return send(entry.pid, signal);
}

function send(target: number, signal: NodeJS.Signals): 'sent' | 'gone' | 'refused' {
  try {
    process.kill(target, signal);
    return 'sent';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ESRCH') return 'gone';
    if (code === 'EPERM') return 'refused';
    throw new Error(`Could not send ${signal} to ${target}`, { cause: error });
  }
}

function note(claimed: ProcessEntry[], seen: Map<string, ProcessEntry>): ProcessEntry[] {
  for (const entry of claimed) seen.set(nameOf(entry), entry);
  return claimed;
}

function nameOf(entry: ProcessEntry): string {
  return `${entry.pid}@${entry.startedAt}`;
}
