/**
 * Claims what this host may run, keeps its leases alive, takes over what dead hosts held, and wakes what waited. A
 * notification makes it look at once; a slow poll makes it look anyway.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { retryLost } from '../../db/retry-lost.ts';
import type { Db } from '../../db/types.ts';
import { markPredecessorsStopped, registerHost } from '../../store/hosts/hosts.ts';
import { HEARTBEAT_EVERY_MS, readHolds, renewLeases } from '../../store/work/leases.ts';
import { takeOverExpired } from '../../store/work/queue.ts';
import { dueWaits, openWaits, resolveWait, type Wait, wakeAwaitingChildren } from '../../store/work/waits.ts';
import type { FacultyCatalogue } from '../faculties/catalogue.ts';
import type { Faculty } from '../faculties/schema.ts';
import type { Claim, Log } from '../focus/types.ts';
import { type Claimed, claimSeveral } from './claim.ts';
import { readHint } from './hint.ts';

export type DispatcherOptions = {
  db: Db;
  host: { id: string; storeId: string; name: string; version: string; folder?: string };
  /** The working copy this host serves. */
  place: string;
  catalogue: FacultyCatalogue;
  maxConcurrent: number;
  run(claim: Claim): Promise<void>;
  /** Why nothing new may be begun now; undefined where it may. */
  whyPaused(): Promise<string | undefined> | string | undefined;
  /** Whether a wait without a time has what it waits for. */
  isSatisfied(wait: Wait): Promise<boolean> | boolean;
  log: Log;
};

const POLL_MS = 2000;
/** How long a drain waits for model calls before it aborts them. */
const MODEL_CALL_GRACE_MS = 60_000;

type Running = {
  claim: Claim;
  /** The lease is gone, or another's: everything ends at once. */
  lost: AbortController;
  /** A drain that has waited long enough for its model call. */
  hurry: AbortController;
  /** A person has paused it: it ends at its next recorded point. */
  held: AbortController;
  ended: Promise<void>;
};

export class Dispatcher {
  #options: DispatcherOptions;
  #running = new Map<string, Running>();
  #stopping = new AbortController();
  #timers: NodeJS.Timeout[] = [];
  #unlisten: (() => Promise<void>)[] = [];
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #paused: string | undefined;
  /** There may be work for a slot that gets free: what was submitted while there was one has been notified. */
  #leftBehind = true;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /** Resolves when the host is registered and listens. Rejects where the database stays away for a minute. */
  async start(): Promise<void> {
    const { db, host, place, log } = this.#options;
    await retryLost(() => this.#register());
    await retryLost(() => markPredecessorsStopped(db, host));
    const taken = await retryLost(() =>
      takeOverExpired(db, { hostId: host.id, storeId: host.storeId }, { places: [place] }),
    );
    for (const id of taken) log('info', 'work.taken_over', { work_id: id });
    await this.#listen('work', (payload) => this.#hear(payload));
    await this.#listen('place', () => this.#lookAfterAll());
    this.#every(POLL_MS, () => this.#poll());
    this.#every(HEARTBEAT_EVERY_MS, () => this.#heartbeat());
    await this.#guarded(() => this.#poll());
  }

  async #listen(channel: string, onPayload: (payload: string) => void): Promise<void> {
    const { db } = this.#options;
    this.#unlisten.push(await retryLost(() => db.listen(channel, onPayload, () => this.#lookAfterAll())));
  }

  /** Looks for work now, or again once the look under way is over. */
  look(): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#looking !== undefined) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = this.#claimAll()
      .catch((error) => this.#options.log('warn', 'dispatch.look_failed', { message: String(error) }))
      .finally(() => {
        this.#looking = undefined;
        if (this.#lookAgain) {
          this.#lookAgain = false;
          this.look();
        }
      });
  }

  /** An item changed: there may be work, and one that runs here may have been cancelled or paused. A payload is no more than a hint. */
  #hear(payload: string): void {
    const { mayTakeLease, mayBeClaimed } = readHint(payload);
    const named = [...this.#running].filter(([, { claim }]) => payload.includes(claim.item.id));
    if (mayTakeLease) this.#lookAfter(named.map(([token]) => token));
    if (mayBeClaimed) this.look();
  }

  #lookAfterAll(): void {
    this.#lookAfter([...this.#running.keys()]);
    this.look();
  }

  /** Ends those foci that have lost their leases, and tells those that are held to end. */
  #lookAfter(tokens: readonly string[]): void {
    if (tokens.length === 0) return;
    void this.#guarded(async () => {
      const holds = await readHolds(this.#options.db, tokens);
      this.#abortLost(tokens.filter((token) => !holds.has(token)));
      for (const [token, isHeld] of holds) if (isHeld) this.#running.get(token)?.held.abort();
    });
  }

  #abortLost(tokens: readonly string[]): void {
    for (const token of tokens) this.#running.get(token)?.lost.abort();
  }

  /** Evaluates every open wait, as after credentials came. */
  async wakeWaiting(): Promise<void> {
    const { db, place, isSatisfied } = this.#options;
    for (const wait of await openWaits(db, [place])) {
      if (await isSatisfied(wait)) await resolveWait(db, wait, `${wait.kind} there`);
    }
  }

  /** No more claims; foci end at their next recorded point. After a minute their model calls are aborted. */
  async drain(): Promise<void> {
    this.#stopping.abort();
    for (const timer of this.#timers) clearInterval(timer);
    await this.#looking;
    const beating = setInterval(() => void this.#guarded(() => this.#heartbeat()), HEARTBEAT_EVERY_MS);
    const all = Promise.all([...this.#running.values()].map(({ ended }) => ended));
    const grace = new AbortController();
    const late = sleep(MODEL_CALL_GRACE_MS, undefined, { signal: grace.signal }).then(
      () => this.#abortAll(),
      () => undefined, // everything ended before
    );
    await all;
    grace.abort();
    await late;
    clearInterval(beating);
    for (const unlisten of this.#unlisten) await unlisten();
  }

  #abortAll(): void {
    for (const { hurry } of this.#running.values()) hurry.abort();
  }

  #every(ms: number, work: () => Promise<void>): void {
    let busy = false;
    const turn = async () => {
      if (busy) return; // a slow database must not be asked again and again
      busy = true;
      await this.#guarded(work);
      busy = false;
    };
    this.#timers.push(setInterval(() => void turn(), ms));
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // The database is away for a moment: the next turn of the clock tries again.
      this.#options.log('warn', 'dispatch.turn_failed', { message: String(error) });
    }
  }

  async #poll(): Promise<void> {
    const { db, host, place, log } = this.#options;
    const self = { hostId: host.id, storeId: host.storeId };
    const taken = await takeOverExpired(db, self, {
      places: [place],
      alive: [...this.#running.keys()],
      predecessors: false,
    });
    for (const id of taken) log('info', 'work.taken_over', { work_id: id });
    for (const wait of await dueWaits(db, [place])) await resolveWait(db, wait, 'time is up');
    await wakeAwaitingChildren(db, [place]);
    await this.wakeWaiting();
    this.#lookAfterAll();
  }

  async #heartbeat(): Promise<void> {
    // The leases first: nothing that is wrong with a file may cost what runs its lease.
    const tokens = [...this.#running.keys()];
    const renewed = new Set(await renewLeases(this.#options.db, tokens));
    this.#abortLost(tokens.filter((token) => !renewed.has(token)));
    await this.#register();
  }

  async #register(): Promise<void> {
    const { db, host, place, catalogue } = this.#options;
    const faculties = catalogue.list().faculties.map(({ name }) => name);
    await registerHost(db, { ...host, places: [place], faculties });
  }

  async #claimAll(): Promise<void> {
    const { db, host, place, maxConcurrent } = this.#options;
    this.#leftBehind = true;
    while (!this.#stopping.signal.aborted && this.#running.size < maxConcurrent) {
      if (await this.#isPaused()) return;
      const { free, most } = this.#freeFaculties();
      const except = this.#endingPrograms();
      const scope = { places: [place], faculties: free.map(({ name }) => name), except };
      const claims = await claimSeveral(db, host.id, scope, most);
      for (const claimed of claims) {
        const faculty = free.find(({ name }) => name === claimed.item.faculty);
        if (faculty) this.#begin(claimed, faculty);
      }
      if (claims.length < most) {
        this.#leftBehind = except.length > 0 || free.length < this.#options.catalogue.list().faculties.length;
        return;
      }
    }
  }

  /** A program that its park has ended may take a moment to leave: no other begins in its folder before that. */
  #endingPrograms(): string[] {
    const claims = [...this.#running.values()].map(({ claim }) => claim);
    return claims.flatMap(({ item, faculty }) => (faculty.engage.mode === 'external' ? [item.id] : []));
  }

  async #isPaused(): Promise<boolean> {
    const reason = await this.#options.whyPaused();
    if (reason !== undefined && this.#paused === undefined) this.#options.log('warn', 'dispatch.paused', { reason });
    this.#paused = reason;
    return reason !== undefined;
  }

  /** Faculties with a free slot, and how many items may be claimed at once without looking which of them they are for. */
  #freeFaculties(): { free: Faculty[]; most: number } {
    const running = [...this.#running.values()].map(({ claim }) => claim.faculty.name);
    const slotsOf = ({ name, max_concurrent: most }: Faculty) =>
      most === null ? Number.POSITIVE_INFINITY : most - running.filter((other) => other === name).length;
    const free = this.#options.catalogue.list().faculties.filter((faculty) => slotsOf(faculty) > 0);
    return { free, most: Math.min(this.#options.maxConcurrent - running.length, ...free.map(slotsOf)) };
  }

  #begin({ item, focus, lease }: Claimed, faculty: Faculty): void {
    const [lost, hurry, held] = [new AbortController(), new AbortController(), new AbortController()];
    const abort = AbortSignal.any([lost.signal, hurry.signal]);
    const stopping = AbortSignal.any([this.#stopping.signal, held.signal]);
    const claim = { item, focus, lease, faculty, stopping, held: held.signal, abort, lost: lost.signal };
    this.#options.log('info', 'focus.begin', { work_id: item.id, focus_id: focus.id, phase: focus.phase });
    const ended = this.#options
      .run(claim)
      .catch((error) => this.#options.log('error', 'focus.run_failed', { message: String(error) }))
      .finally(() => {
        this.#running.delete(lease.token);
        if (this.#leftBehind) this.look();
      });
    this.#running.set(lease.token, { claim, lost, hurry, held, ended });
  }
}
