/**
 * What the Ledger view is sent: everything once, then what is new of each item by its number. Knows nothing of VS Code.
 */
import { type HostClient, HostGone } from '../../client/host-client.ts';
import type { LedgerEntryView } from '../../protocol/focus.ts';
import type { Result } from '../../protocol/requests.ts';
import type { FromLedgerView, ToLedgerView } from '../../protocol/webview.ts';
import { Coalesced } from '../coalesce.ts';
import type { Heard, HostConnection } from '../host/connection.ts';
import { viewStateOf } from '../host/host-state.ts';
import type { Stop } from '../listeners.ts';
import type { WorkModel } from '../work/work-model.ts';

export type LedgerRequest = Extract<FromLedgerView, { type: 'ready' | 'load_older' | 'search' }>;

const PAGE = 500;
const COALESCE_MS = 60;

export class LedgerFeed {
  #connection: HostConnection;
  #model: WorkModel;
  #send: (message: ToLedgerView) => Promise<unknown>;
  /** The last number that was sent of each item. */
  #cursors = new Map<string, number>();
  /** The last event of each item that was sent. */
  #sentEvents = new Map<string, number>();
  /** Items with entries that were not sent yet, and the lowest number that was heard of. */
  #heard = new Map<string, number>();
  #anew = false;
  #pageIsThere = false;
  #look: Coalesced;
  #stops: Stop[];

  constructor(
    parts: { connection: HostConnection; model: WorkModel; onError(error: unknown): void },
    send: (message: ToLedgerView) => Promise<unknown>,
  ) {
    this.#connection = parts.connection;
    this.#model = parts.model;
    this.#send = send;
    const onError = (error: unknown) => {
      // The next host's `ready` sends everything anew.
      if (!(error instanceof HostGone)) parts.onError(error);
    };
    this.#look = new Coalesced(() => this.#sendNew(), COALESCE_MS, onError);
    this.#stops = [
      this.#connection.onHeard((heard) => this.#onHeard(heard)),
      // An entry's page shows how its work is.
      this.#model.onChange((change) => {
        if (change.kind === 'items' && this.#pageIsThere) this.#sendItems(change.ids).catch(onError);
      }),
      this.#connection.onStateChange((state) => {
        if (!this.#pageIsThere) return;
        this.#send({ type: 'state', state: viewStateOf(state) }).catch(onError);
        if (state.kind === 'ready') this.#sendAnew();
      }),
    ];
  }

  async answer(request: LedgerRequest): Promise<void> {
    switch (request.type) {
      case 'ready':
        this.#pageIsThere = true;
        await this.#send({ type: 'state', state: viewStateOf(this.#connection.state) });
        this.#sendAnew();
        return;
      case 'load_older': {
        const page = await this.#connection.request('ledger/recent', { before: request.before, limit: PAGE });
        const entries = page.entries.reverse();
        await this.#send({ type: 'older', entries, items: await this.#itemsOf(entries), next: page.next });
        return;
      }
      case 'search': {
        const { search, text, types, work_item_id } = request;
        const page = await this.#connection.request('ledger/recent', {
          limit: PAGE,
          ...(text === '' ? {} : { query: text }),
          ...(types.length === 0 ? {} : { types }),
          ...(work_item_id === null ? {} : { work_item_id }),
        });
        const entries = page.entries.reverse();
        const items = await this.#itemsOf(entries);
        await this.#send({ type: 'found', search, entries, items, total: page.total ?? entries.length });
        return;
      }
    }
  }

  /** A hidden page is gone and comes back with `ready`; one that was only moved says nothing, and gets everything anew. */
  show(isVisible: boolean): void {
    this.#pageIsThere = isVisible;
    if (isVisible) this.#sendAnew();
  }

  dispose(): void {
    this.#look.dispose();
    for (const stop of this.#stops) stop.dispose();
  }

  /** The items whose entries are there, as they are now. */
  async #sendItems(ids: readonly string[]): Promise<void> {
    const known = ids.filter((id) => this.#cursors.has(id)).flatMap((id) => this.#model.get(id)?.item ?? []);
    const changed = known.filter(({ id, event_seq }) => this.#sentEvents.get(id) !== event_seq);
    for (const { id, event_seq } of changed) this.#sentEvents.set(id, event_seq);
    if (changed.length > 0) await this.#send({ type: 'appended', entries: [], items: changed });
  }

  #sendAnew(): void {
    this.#anew = true;
    this.#look.wish();
  }

  #onHeard(heard: Heard): void {
    if (!this.#pageIsThere) return;
    if (heard.name === 'store/reset') this.#sendAnew();
    if (heard.name !== 'ledger/appended') return;
    const { id, seq } = heard.params;
    this.#heard.set(id, Math.min(seq, this.#heard.get(id) ?? seq));
    this.#look.wish();
  }

  async #sendNew(): Promise<void> {
    const { state } = this.#connection;
    if (state.kind !== 'ready' || !this.#pageIsThere) return;
    if (this.#anew) {
      await this.#sendReset(state.client);
      return;
    }
    const heard = [...this.#heard];
    this.#heard.clear();
    const entries: LedgerEntryView[] = [];
    for (const [id, seq] of heard) {
      let after: number | null = this.#cursors.get(id) ?? seq - 1;
      while (after !== null) {
        const page: Result<'ledger/read'> = await state.client.request('ledger/read', { id, after_seq: after });
        entries.push(...page.entries);
        after = page.next_after_seq;
      }
    }
    if (entries.length === 0) return;
    this.#note(entries);
    entries.sort((a, b) => a.created_at.localeCompare(b.created_at) || a.id.localeCompare(b.id));
    await this.#send({ type: 'appended', entries, items: await this.#itemsOf(entries) });
  }

  async #sendReset(client: HostClient): Promise<void> {
    const page = await client.request('ledger/recent', { limit: PAGE });
    this.#anew = false;
    this.#cursors.clear();
    const entries = page.entries.reverse();
    this.#note(entries);
    const items = await this.#itemsOf(entries);
    await this.#send({ type: 'reset', entries, items, next: page.next, total: page.total ?? entries.length });
    // What was heard while the page was read is asked for by number.
    if (this.#heard.size > 0) this.#look.wish();
  }

  #note(entries: readonly LedgerEntryView[]): void {
    for (const { work_item_id: id, seq } of entries) this.#cursors.set(id, Math.max(seq, this.#cursors.get(id) ?? 0));
  }

  async #itemsOf(entries: readonly LedgerEntryView[]) {
    const { state } = this.#connection;
    if (state.kind !== 'ready') return [];
    return this.#model.itemsOf(
      state.client,
      entries.map(({ work_item_id }) => work_item_id),
    );
  }
}
