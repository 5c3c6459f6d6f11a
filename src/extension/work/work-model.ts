/**
 * The work of the place as this window knows it: read once when the host is ready, then only what notifications name. A
 * burst of them is one look.
 */
import { type HostClient, HostGone } from '../../client/host-client.ts';
import { AnimusError } from '../../protocol/errors.ts';
import type { FocusView } from '../../protocol/focus.ts';
import type { Result } from '../../protocol/requests.ts';
import type { WorkView } from '../../protocol/work.ts';
import { Coalesced } from '../coalesce.ts';
import type { Heard, HostConnection } from '../host/connection.ts';
import { Listeners, type Stop } from '../listeners.ts';

/** What a focus does at this moment, as its deltas tell. */
export type Activity = { turn: number; tool: string | null };

export type KnownWork = {
  item: WorkView;
  /** Null where nobody asked yet. */
  foci: readonly FocusView[] | null;
  activity: Activity | null;
};

/** What changed: some items, or so much that everything is to be read anew. */
export type WorkChange = { kind: 'items'; ids: readonly string[] } | { kind: 'reset' };

type HostEvents = Pick<HostConnection, 'state' | 'onStateChange' | 'onHeard'>;

const MOST_OPEN = 500;
const MOST_FINISHED = 100;
/** More named at once than this are read as one list. */
const MOST_SHOWN_SINGLY = 25;
const COALESCE_MS = 60;

export class WorkModel {
  #connection: HostEvents;
  #known = new Map<string, KnownWork>();
  #itemOfFocus = new Map<string, string>();
  #dirty = new Set<string>();
  #everything = false;
  #changes: Listeners<WorkChange>;
  #look: Coalesced;
  #stops: Stop[];
  #loaded = false;
  #allPaused = false;

  constructor(connection: HostEvents, onError: (error: unknown) => void) {
    this.#connection = connection;
    this.#changes = new Listeners(onError);
    this.#look = new Coalesced(
      () => this.#read(),
      COALESCE_MS,
      (error) => {
        // The next host's `ready` reads everything.
        if (!(error instanceof HostGone)) onError(error);
      },
    );
    this.#stops = [
      connection.onStateChange(({ kind }) => {
        if (kind === 'ready') this.#readEverything();
      }),
      connection.onHeard((heard) => this.#onHeard(heard)),
    ];
    if (connection.state.kind === 'ready') this.#readEverything();
  }

  /** Whether the host has told at least once what there is. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** Whether somebody has paused all work of the place. */
  get allPaused(): boolean {
    return this.#allPaused;
  }

  all(): KnownWork[] {
    return [...this.#known.values()];
  }

  get(id: string): KnownWork | undefined {
    return this.#known.get(id);
  }

  childrenOf(id: string): KnownWork[] {
    return this.all().filter(({ item }) => item.parent_id === id);
  }

  onChange(listener: (change: WorkChange) => void): Stop {
    return this.#changes.add(listener);
  }

  /** The items of some ids; those that are not known are asked for together, and not kept. One that is gone is left out. */
  async itemsOf(client: HostClient, ids: Iterable<string>): Promise<WorkView[]> {
    const known: WorkView[] = [];
    const unknown: string[] = [];
    for (const id of new Set(ids)) {
      const item = this.#known.get(id)?.item;
      if (item) known.push(item);
      else unknown.push(id);
    }
    if (unknown.length === 0) return known;
    const { items } = await client.request('work/list', { ids: unknown });
    return [...known, ...items];
  }

  /** Asks again for one item, as after something was submitted. */
  refresh(id: string): void {
    this.#dirty.add(id);
    this.#look.wish();
  }

  /** Asks again for everything, as after all work was paused. */
  refreshAll(): void {
    this.#readEverything();
  }

  dispose(): void {
    this.#look.dispose();
    for (const stop of this.#stops) stop.dispose();
  }

  #readEverything(): void {
    this.#everything = true;
    this.#look.wish();
  }

  #onHeard(heard: Heard): void {
    switch (heard.name) {
      case 'work/changed':
        this.refresh(heard.params.id);
        return;
      case 'focus/changed':
        this.#onFocus(heard.params.id);
        return;
      case 'focus/delta': {
        const { work_item_id: id, turn, kind, text } = heard.params;
        if (kind === 'turn_start' || kind === 'tool_call') this.#act(id, turn, kind === 'tool_call' ? text : null);
        return;
      }
      case 'place/changed':
      case 'store/reset':
        this.#readEverything();
        return;
      case 'ledger/appended':
      case 'host/changed':
        return;
    }
  }

  #onFocus(focusId: string): void {
    const owner = this.#itemOfFocus.get(focusId);
    const running = this.all().filter(({ item }) => item.state === 'running');
    // A focus that is new to us belongs to something that runs.
    for (const id of owner ? [owner] : running.map(({ item }) => item.id)) this.#dirty.add(id);
    this.#look.wish();
  }

  #act(id: string, turn: number, tool: string | null): void {
    const known = this.#known.get(id);
    if (known) {
      this.#known.set(id, { ...known, activity: { turn, tool } });
      this.#changes.tell({ kind: 'items', ids: [id] });
    } else this.refresh(id);
  }

  async #read(): Promise<void> {
    const { state } = this.#connection;
    if (state.kind !== 'ready') return;
    const ids = [...this.#dirty];
    this.#dirty.clear();
    if (this.#everything || ids.length > MOST_SHOWN_SINGLY) await this.#readLists(state.client);
    else if (ids.length > 0) {
      for (const id of ids) await this.#show(state.client, id);
      this.#changes.tell({ kind: 'items', ids });
    }
  }

  async #readLists(client: HostClient): Promise<void> {
    const open = await client.request('work/list', { states: ['queued', 'running', 'waiting'], limit: MOST_OPEN });
    const finished = await client.request('work/list', {
      states: ['completed', 'dead', 'cancelled', 'merged'],
      limit: MOST_FINISHED,
    });
    this.#allPaused = open.all_paused;
    const before = this.#known;
    this.#known = new Map(
      [...open.items, ...finished.items].map((item) => {
        const known = before.get(item.id);
        return [item.id, { item, foci: known?.foci ?? null, activity: known?.activity ?? null }];
      }),
    );
    this.#everything = false;
    this.#loaded = true;
    this.#changes.tell({ kind: 'reset' });
    const active = open.items.filter(({ state }) => state !== 'queued').slice(0, MOST_SHOWN_SINGLY);
    for (const { id } of active) await this.#show(client, id);
    if (active.length > 0) this.#changes.tell({ kind: 'items', ids: active.map(({ id }) => id) });
  }

  async #show(client: HostClient, id: string): Promise<Result<'work/show'> | undefined> {
    let shown: Result<'work/show'>;
    try {
      shown = await client.request('work/show', { id });
    } catch (error) {
      if (!(error instanceof AnimusError) || error.kind !== 'not_found') throw error;
      this.#known.delete(id);
      return undefined;
    }
    const { item, foci, merged_id } = shown;
    // Only a list tells of the merged item itself.
    if (merged_id !== null) this.#readEverythingOnce(merged_id);
    for (const focus of foci) this.#itemOfFocus.set(focus.id, item.id);
    const running = item.state === 'running';
    const activity = running ? (this.#known.get(item.id)?.activity ?? null) : null;
    this.#known.set(item.id, { item, foci, activity });
    return shown;
  }

  #readEverythingOnce(id: string): void {
    if (!this.#known.has(id)) this.#readEverything();
  }
}
