/**
 * What a focus editor is sent: the focus whole once, then new messages, calls that changed and new entries, and the text of
 * the turn that is being written. Knows nothing of VS Code.
 */
import { type HostClient, HostGone } from '../../client/host-client.ts';
import { AnimusError } from '../../protocol/errors.ts';
import type { ToolCallView } from '../../protocol/focus.ts';
import type { NotificationParams } from '../../protocol/notifications.ts';
import type { ToFocusView } from '../../protocol/webview.ts';
import type { WorkView } from '../../protocol/work.ts';
import { Coalesced } from '../coalesce.ts';
import type { Heard, HostConnection } from '../host/connection.ts';
import { viewStateOf } from '../host/host-state.ts';
import type { Stop } from '../listeners.ts';

type News = Omit<Extract<ToFocusView, { type: 'changed' }>, 'type'>;
type Delta = NotificationParams<'focus/delta'>;

/** What is no longer told apart: nothing of it changes any more. */
const ENDED_CALLS = ['done', 'error', 'blocked', 'denied', 'interrupted', 'cancelled'];
const COALESCE_MS = 60;
const DELTA_MS = 50;

export class FocusFeed {
  readonly focusId: string;
  #connection: HostConnection;
  #send: (message: ToFocusView) => Promise<unknown>;
  #onItem: (item: WorkView) => void;
  #itemId: string | undefined;
  #lastMessage = 0;
  #lastEntry = 0;
  #callsFrom = 0;
  #anew = true;
  #pageIsThere = false;
  #deltas: Delta[] = [];
  #look: Coalesced;
  #write: Coalesced;
  #stops: Stop[];

  constructor(
    focusId: string,
    parts: { connection: HostConnection; onError(error: unknown): void; onItem(item: WorkView): void },
    send: (message: ToFocusView) => Promise<unknown>,
  ) {
    this.focusId = focusId;
    this.#connection = parts.connection;
    this.#send = send;
    this.#onItem = parts.onItem;
    const onError = (error: unknown) => {
      if (!(error instanceof HostGone)) parts.onError(error);
    };
    this.#look = new Coalesced(() => this.#sendNew(), COALESCE_MS, onError);
    this.#write = new Coalesced(() => this.#sendDeltas(), DELTA_MS, onError);
    this.#stops = [
      this.#connection.onHeard((heard) => this.#onHeard(heard)),
      this.#connection.onStateChange((state) => {
        if (!this.#pageIsThere) return;
        this.#send({ type: 'state', state: viewStateOf(state) }).catch(onError);
        if (state.kind === 'ready') this.sendAnew();
      }),
    ];
  }

  /** The page is there. */
  async ready(): Promise<void> {
    this.#pageIsThere = true;
    await this.#send({ type: 'state', state: viewStateOf(this.#connection.state) });
    this.sendAnew();
  }

  sendAnew(): void {
    this.#anew = true;
    this.#look.wish();
  }

  /** A hidden page is gone and comes back with `ready`; one that was only moved says nothing, and gets everything anew. */
  show(isVisible: boolean): void {
    this.#pageIsThere = isVisible;
    if (isVisible) this.sendAnew();
  }

  dispose(): void {
    this.#look.dispose();
    this.#write.dispose();
    for (const stop of this.#stops) stop.dispose();
  }

  #onHeard(heard: Heard): void {
    if (!this.#pageIsThere) return;
    switch (heard.name) {
      case 'focus/changed':
        if (heard.params.id === this.focusId) this.#look.wish();
        return;
      case 'work/changed':
      case 'ledger/appended':
        if (heard.params.id === this.#itemId) this.#look.wish();
        return;
      case 'focus/delta':
        if (heard.params.focus_id !== this.focusId) return;
        this.#deltas.push(heard.params);
        this.#write.wish();
        // A call that begins changes the state of its row.
        if (heard.params.kind === 'tool_call') this.#look.wish();
        return;
      case 'place/changed':
        this.#look.wish();
        return;
      case 'store/reset':
        this.sendAnew();
        return;
      case 'host/changed':
        return;
    }
  }

  /** Text that came in pieces goes over in one. */
  async #sendDeltas(): Promise<void> {
    const pieces = this.#deltas.splice(0);
    const joined: Delta[] = [];
    for (const piece of pieces) {
      const last = joined.at(-1);
      if (last?.kind === 'text' && piece.kind === 'text' && last.turn === piece.turn) last.text += piece.text;
      else joined.push({ ...piece });
    }
    for (const { turn, kind, text } of joined) await this.#send({ type: 'delta', turn, kind, text });
  }

  async #sendNew(): Promise<void> {
    const { state } = this.#connection;
    if (state.kind !== 'ready' || !this.#pageIsThere) return;
    if (this.#anew) {
      this.#lastMessage = 0;
      this.#lastEntry = 0;
      this.#callsFrom = 0;
    }
    // A long focus comes page by page: the first starts it anew, the others add to it.
    for (let isLast = false; !isLast; ) {
      const page = await this.#readPage(state.client);
      if (!page) return;
      isLast = page.isLast;
      const type = this.#anew ? 'reset' : 'changed';
      this.#anew = false;
      this.#note(page.news);
      await this.#send({ type, ...page.news });
    }
  }

  #note({ item, messages, tool_calls, entries }: News): void {
    this.#lastMessage = messages.at(-1)?.n ?? this.#lastMessage;
    this.#lastEntry = entries.at(-1)?.seq ?? this.#lastEntry;
    this.#callsFrom = firstOpenTurn(tool_calls) ?? this.#callsFrom;
    this.#itemId = item.id;
    this.#onItem(item);
  }

  async #readPage(client: HostClient): Promise<{ news: News; isLast: boolean } | undefined> {
    try {
      const { focus, next_after_n, ...page } = await client.request('focus/read', {
        id: this.focusId,
        after_n: this.#lastMessage,
        calls_from_turn: this.#callsFrom,
      });
      const id = focus.work_item_id;
      const { item } = await client.request('work/show', { id });
      const { entries, next_after_seq } = await client.request('ledger/read', { id, after_seq: this.#lastEntry });
      const isLast = next_after_n === null && next_after_seq === null;
      return { news: { item, focus, ...page, entries }, isLast };
    } catch (error) {
      if (!(error instanceof AnimusError) || error.kind !== 'not_found') throw error;
      const state = { kind: 'failed' as const, message: 'This focus is no longer in the store.', actions: [] };
      await this.#send({ type: 'state', state });
      return undefined;
    }
  }
}

/** The turn from which calls may still change: the first that has one open, else the last there is. */
function firstOpenTurn(calls: readonly ToolCallView[]): number | undefined {
  const open = calls.filter(({ state }) => !ENDED_CALLS.includes(state)).map(({ turn }) => turn);
  return open.length > 0 ? Math.min(...open) : calls.at(-1)?.turn;
}
