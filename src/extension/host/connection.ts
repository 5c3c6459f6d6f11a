/**
 * This window's connection to its host: started when it is first needed, restarted when the host dies while somebody looks,
 * left alone where somebody stopped it on purpose. Many windows may do this at once: they attach to one host.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type HostClient, HostGone } from '../../client/host-client.ts';
import { AnimusError, type ErrorKind } from '../../protocol/errors.ts';
import { NOTIFICATIONS, type Notification, type NotificationParams } from '../../protocol/notifications.ts';
import type { Method, Params, Result } from '../../protocol/requests.ts';
import { Listeners, type Stop } from '../listeners.ts';
import type { HostState } from './host-state.ts';

export type ConnectionOptions = {
  isTrusted(): boolean;
  /** Attaches, or starts a host and attaches to it. */
  findOrStart(): Promise<HostClient>;
  /** Whether a host runs that could be attached to. */
  isRunning(): Promise<boolean>;
  /** What this window brings along: keys, trust. Called with each new connection before it counts as ready. */
  greet(client: HostClient): Promise<void>;
  log(level: 'info' | 'warn' | 'error', message: string): void;
};

export type Heard = { [N in Notification]: { name: N; params: NotificationParams<N> } }[Notification];

/** The first try is at once; a host that keeps dying is started ever more seldom. */
const RETRY_AFTER_MS = [0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000];
/** A connection that lasted so long ends a series of failures. */
const LASTED_MS = 30_000;
/** How often a window looks for the host that somebody else may start, after one was stopped on purpose. */
const LOOK_EVERY_MS = 1000;
const MOST_TRIES = 5;
const LEAVES_WITHIN_MS = 200;

const STARTS = 'Starting Animus …';
const STARTS_AGAIN = 'Animus ended unexpectedly and is being started again. Nothing that was recorded is lost.';

/** What goes away by itself, so that it is worth trying again. */
const PASSING: readonly ErrorKind[] = ['host_unreachable', 'draining', 'store_unavailable', 'internal'];

export class HostConnection {
  #options: ConnectionOptions;
  #state: HostState = { kind: 'idle' };
  #states: Listeners<HostState>;
  #heard: Listeners<Heard>;
  #connecting: Promise<HostClient> | undefined;
  #holds = 0;
  #failures = 0;
  #readySince = 0;
  #stoppedOnPurpose = false;
  /** The last host ended without a word, and none has answered since. */
  #ended = false;
  #restarting = false;
  #timer: NodeJS.Timeout | undefined;
  #disposed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const onError = (error: unknown) => options.log('error', describe(error));
    this.#states = new Listeners(onError);
    this.#heard = new Listeners(onError);
  }

  get state(): HostState {
    return this.#state;
  }

  onStateChange(listener: (state: HostState) => void): Stop {
    return this.#states.add(listener);
  }

  /** Hears the host's notifications, over the deaths of hosts. A new `ready` means that some were missed. */
  onHeard(listener: (heard: Heard) => void): Stop {
    return this.#heard.add(listener);
  }

  /** Somebody looks: the host is started, and started again when it dies, until the hold is disposed. */
  hold(): Stop {
    this.#holds += 1;
    if (this.#state.kind !== 'ready') this.#startInBackground();
    let held = true;
    return {
      dispose: () => {
        if (held) this.#holds -= 1;
        held = false;
      },
    };
  }

  /** Resolves when the host is ready. Throws AnimusError where it cannot be had. */
  start(): Promise<HostClient> {
    if (this.#state.kind === 'ready' && this.#state.client.isOpen) return Promise.resolve(this.#state.client);
    clearTimeout(this.#timer);
    this.#stoppedOnPurpose = false;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** Asks the host, and the next one where it died in the middle. What is asked must bear that. */
  async request<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    for (let tries = 1; ; tries += 1) {
      try {
        const client = await this.start();
        return await client.request(method, params);
      } catch (error) {
        if (!(error instanceof HostGone)) throw error;
        if (tries >= MOST_TRIES) throw unreachable(error);
      }
    }
  }

  /** The host drains, and another takes its place. */
  async restart(): Promise<void> {
    this.#restarting = true;
    try {
      if (this.#state.kind === 'ready') await this.#drain(this.#state.client);
    } finally {
      this.#restarting = false;
    }
    this.#failures = 0;
    await this.start();
  }

  /** The window was trusted, or something else changed that kept the host from starting. */
  reconsider(): void {
    if (this.#state.kind === 'ready') return;
    if (this.#state.kind === 'untrusted') this.#become({ kind: 'idle' });
    if (this.#holds > 0) this.#startInBackground();
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    clearTimeout(this.#timer);
    if (this.#state.kind === 'ready') await this.#state.client.close();
  }

  #startInBackground(): void {
    this.start().catch((error) => {
      // The state says it to whoever looks.
      if (!this.#disposed) this.#options.log('warn', describe(error));
    });
  }

  async #drain(client: HostClient): Promise<void> {
    this.#become({ kind: 'starting', message: 'Waiting for running work to reach a recorded point …' });
    try {
      await client.request('host/drain', { reason: 'Animus: Restart Host' });
    } catch (error) {
      // A host that left before it answered has done what was asked.
      if (!(error instanceof HostGone)) throw error;
    }
    await client.closed;
  }

  async #connect(): Promise<HostClient> {
    if (!this.#options.isTrusted()) {
      this.#become({ kind: 'untrusted' });
      throw new AnimusError(
        'untrusted_folder',
        'This folder is in Restricted Mode, so nothing was started.',
        'If you trust what is in it, trust the folder.',
      );
    }
    // While it is tried again and again, the reason of the failure stays in sight.
    if (this.#failures === 0 || this.#state.kind !== 'failed') {
      this.#become({ kind: 'starting', message: this.#ended ? STARTS_AGAIN : STARTS });
    }
    for (let tries = 1; ; tries += 1) {
      let client: HostClient | undefined;
      try {
        client = await this.#options.findOrStart();
        return await this.#welcome(client);
      } catch (error) {
        await client?.close();
        // Who comes while a host leaves meets it in the door; the next one is found or started a moment later.
        if (!isLeaving(error) || tries >= MOST_TRIES || this.#disposed) {
          this.#onFailure(error);
          throw error;
        }
        await sleep(LEAVES_WITHIN_MS);
      }
    }
  }

  async #welcome(client: HostClient): Promise<HostClient> {
    for (const warning of client.host.warnings) this.#options.log('warn', warning);
    for (const name of Object.keys(NOTIFICATIONS) as Notification[]) {
      client.onNotification(name, (params) => this.#onNotification(client, { name, params } as Heard));
    }
    await this.#options.greet(client);
    await client.request('events/subscribe', {});
    if (this.#disposed) {
      await client.close();
      throw new HostGone('This window is closing.');
    }
    if (!client.isOpen) throw new HostGone('The host ended while it was greeted.');
    const { pid, version, build } = client.host;
    this.#options.log('info', `connected to process ${pid}, version ${version} (${build})`);
    this.#readySince = Date.now();
    this.#ended = false;
    this.#become({ kind: 'ready', client });
    void client.closed.then(() => this.#onClosed(client));
    return client;
  }

  #onNotification(client: HostClient, heard: Heard): void {
    if (heard.name === 'host/changed' && heard.params.state === 'draining') this.#stoppedOnPurpose = true;
    if (this.#state.kind === 'ready' && this.#state.client === client) this.#heard.tell(heard);
  }

  #onClosed(client: HostClient): void {
    if (this.#disposed || this.#restarting) return;
    if (this.#state.kind !== 'ready' || this.#state.client !== client) return;
    if (Date.now() - this.#readySince > LASTED_MS) this.#failures = 0;
    if (this.#stoppedOnPurpose) {
      this.#become({ kind: 'down', message: 'Animus was stopped. Nothing is lost; work goes on when it runs again.' });
      this.#lookForAnother();
      return;
    }
    this.#options.log('warn', 'the host ended without a word');
    this.#ended = true;
    this.#become({ kind: 'down', message: 'Animus ended unexpectedly. Nothing that was recorded is lost.' });
    // An open window brings a killed host back, whether somebody looks or not: its work would sleep.
    this.#retryLater(() => true);
    this.#failures += 1;
  }

  #onFailure(error: unknown): void {
    if (this.#disposed) return;
    this.#become(stateOfFailure(error));
    const isPassing = !(error instanceof AnimusError) || PASSING.includes(error.kind);
    if (!isPassing) return;
    this.#failures += 1;
    this.#retryLater(() => this.#holds > 0);
  }

  #retryLater(isWanted: () => boolean): void {
    clearTimeout(this.#timer);
    const delay = RETRY_AFTER_MS[Math.min(this.#failures, RETRY_AFTER_MS.length - 1)];
    this.#timer = setTimeout(() => {
      if (isWanted()) this.#startInBackground();
    }, delay);
  }

  /** Somebody stopped the host. It is not started against their will, but the one that they start is met. */
  #lookForAnother(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#attachToAnother(), LOOK_EVERY_MS);
  }

  async #attachToAnother(): Promise<void> {
    const isThere = this.#holds > 0 && (await this.#options.isRunning().catch(() => false));
    if (this.#disposed || this.#connecting || this.#state.kind !== 'down') return;
    if (isThere) this.#startInBackground();
    else this.#lookForAnother();
  }

  #become(state: HostState): void {
    this.#state = state;
    this.#states.tell(state);
  }
}

function isLeaving(error: unknown): boolean {
  return error instanceof HostGone || (error instanceof AnimusError && error.kind === 'draining');
}

function stateOfFailure(error: unknown): HostState {
  if (error instanceof AnimusError) return { kind: 'failed', message: error.message, next: error.next };
  if (error instanceof HostGone) {
    return { kind: 'down', message: 'Animus ended while it was starting. Nothing that was recorded is lost.' };
  }
  return { kind: 'failed', message: `Animus did not start: ${describe(error)}`, next: '' };
}

function unreachable(cause: HostGone): AnimusError {
  return new AnimusError(
    'host_unreachable',
    `Animus ended ${MOST_TRIES} times in a row while it was asked. What was acknowledged is kept.`,
    'Its logs say more: Animus: Show Logs.',
    { cause },
  );
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
