/** What the status bar tells of the host besides the work: whether it is paused and why, and what the day has cost. */
import { HostGone } from '../../client/host-client.ts';
import { Coalesced } from '../coalesce.ts';
import { Listeners, type Stop } from '../listeners.ts';
import type { HostConnection } from './connection.ts';

export type Figures = { paused: string | null; todayUsd: number | null };

const NOTHING: Figures = { paused: null, todayUsd: null };
const LOOK_EVERY_MS = 30_000;
const COALESCE_MS = 1000;

export class HostFigures {
  #connection: Pick<HostConnection, 'state' | 'onStateChange' | 'onHeard'>;
  #figures = NOTHING;
  #changes: Listeners<Figures>;
  #look: Coalesced;
  #stops: Stop[];

  constructor(
    connection: Pick<HostConnection, 'state' | 'onStateChange' | 'onHeard'>,
    onError: (error: unknown) => void,
    coalesceMs = COALESCE_MS,
  ) {
    this.#connection = connection;
    this.#changes = new Listeners(onError);
    this.#look = new Coalesced(
      () => this.#read(),
      coalesceMs,
      (error) => {
        if (!(error instanceof HostGone)) onError(error);
      },
    );
    const timer = setInterval(() => this.#look.wish(), LOOK_EVERY_MS);
    this.#stops = [
      connection.onStateChange(() => this.#look.wish()),
      // A focus that begins, ends or parks may have changed both.
      connection.onHeard(({ name }) => {
        if (name === 'work/changed') this.#look.wish();
      }),
      { dispose: () => clearInterval(timer) },
    ];
    this.#look.wish();
  }

  get figures(): Figures {
    return this.#figures;
  }

  onChange(listener: (figures: Figures) => void): Stop {
    return this.#changes.add(listener);
  }

  dispose(): void {
    this.#look.dispose();
    for (const stop of this.#stops) stop.dispose();
  }

  async #read(): Promise<void> {
    const { state } = this.#connection;
    const before = this.#figures;
    this.#figures = NOTHING;
    if (state.kind === 'ready') {
      const { paused, today } = await state.client.request('host/status', {});
      this.#figures = { paused, todayUsd: today?.cost_usd ?? null };
    }
    const { paused, todayUsd } = this.#figures;
    if (paused !== before.paused || todayUsd !== before.todayUsd) this.#changes.tell(this.#figures);
  }
}
