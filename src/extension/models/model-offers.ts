/** Keeps the host told of the models of this window, for as long as it is connected. */
import { MOST_OFFERED_MODELS, type OfferedModel, offeredModel } from '../../protocol/window-models.ts';
import { Coalesced } from '../coalesce.ts';
import type { HostConnection } from '../host/connection.ts';
import type { Stop } from '../listeners.ts';
import type { AllowedVendors } from './allowed-vendors.ts';
import type { ChatModel } from './answer.ts';

export type OfferOptions = {
  connection: Pick<HostConnection, 'state' | 'onStateChange'>;
  list(): Promise<ChatModel[]>;
  allowed: AllowedVendors;
  /** Of this process, as the host is told. */
  pid: number;
  log(level: 'warn', message: string): void;
};

/** Extensions register their models one by one. */
const GATHER_MS = 50;

export class ModelOffers {
  #options: OfferOptions;
  #offering: Coalesced;
  #stop: Stop;

  constructor(options: OfferOptions) {
    this.#options = options;
    // Nobody asked for it: what fails is in the log, and a new host is told anew.
    const onError = (error: unknown) => options.log('warn', `The models of VS Code were not offered: ${String(error)}`);
    this.#offering = new Coalesced(() => this.offer(), GATHER_MS, onError);
    // A new host knows nothing of what the last one was told.
    this.#stop = options.connection.onStateChange(({ kind }) => {
      if (kind === 'ready') this.#offering.wish();
    });
  }

  /** Models came or went. */
  changed(): void {
    this.#offering.wish();
  }

  dispose(): void {
    this.#stop.dispose();
    this.#offering.dispose();
  }

  /** At once, as after a person decided about them. Throws what the host refuses. */
  async offer(): Promise<void> {
    const { connection, list, allowed, pid } = this.#options;
    const models = offersOf(await list(), (vendor) => allowed.has(vendor));
    const { state } = connection;
    if (state.kind === 'ready' && state.client.isOpen) await state.client.request('model/offer', { pid, models });
  }
}

/** What the protocol takes of them: a model whose names it refuses could not be named either. */
export function offersOf(models: readonly ChatModel[], isAllowed: (vendor: string) => boolean): OfferedModel[] {
  return models
    .flatMap(({ vendor, id, family, name, version, maxInputTokens }) => {
      const offer = {
        ...{ vendor, id, family, version, label: name.trim() || id, allowed: isAllowed(vendor) },
        max_input_tokens: Number.isInteger(maxInputTokens) && maxInputTokens > 0 ? maxInputTokens : null,
      };
      return offeredModel.safeParse(offer).data ?? [];
    })
    .slice(0, MOST_OFFERED_MODELS);
}
