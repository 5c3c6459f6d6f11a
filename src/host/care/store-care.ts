/** When the store is cared for: what is due is looked for every ten seconds, most of it only while nothing runs. */
import type { EmbeddedCare } from './embedded-care.ts';
import type { Retention } from './retention.ts';

const LOOK_EVERY_MS = 10_000;
const IDLE_FOR_MS = 60_000;

export type StoreCareOptions = {
  /** Whether nothing runs now. */
  isIdle(): boolean;
  /** Undefined for a server, which cares for itself. */
  embedded: Pick<EmbeddedCare, 'checkpointIfDue' | 'vacuumIfDue'> | undefined;
  retention: Pick<Retention, 'pruneIfDue'>;
  onError(error: unknown): void;
  /** Milliseconds of a clock that only goes forward. */
  now?: () => number;
};

export class StoreCare {
  #options: StoreCareOptions;
  #now: () => number;
  #idleSince: number;
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: StoreCareOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#idleSince = this.#now();
  }

  start(): void {
    this.#timer = setInterval(() => this.#lookSoon(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Does what is due now. */
  async look(): Promise<void> {
    const { embedded, retention } = this.#options;
    const mayGoOn = () => !this.#stopped && this.#idleFor() >= IDLE_FOR_MS;
    await embedded?.checkpointIfDue();
    if (!mayGoOn()) return;
    const pruned = await retention.pruneIfDue(mayGoOn);
    if (mayGoOn()) await embedded?.vacuumIfDue(mayGoOn, pruned > 0);
  }

  #lookSoon(): void {
    this.#idleFor(); // also while a look is under way: whatever ran then was no idle time
    this.#looking ??= this.look()
      .catch((error) => this.#options.onError(error))
      .finally(() => {
        this.#looking = undefined;
      });
  }

  /** For how long nothing has run, in milliseconds, as far as somebody looked. */
  #idleFor(): number {
    const now = this.#now();
    if (!this.#options.isIdle()) this.#idleSince = now;
    return now - this.#idleSince;
  }
}
