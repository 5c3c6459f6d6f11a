/** A host's client and a window's connection to it, as the extension's own parts see them, without a host. */
import type { HostClient } from '../../src/client/host-client.ts';
import type { Heard, HostConnection } from '../../src/extension/host/connection.ts';
import type { HostState } from '../../src/extension/host/host-state.ts';
import { Listeners } from '../../src/extension/listeners.ts';
import type { FocusView, LedgerEntryView } from '../../src/protocol/focus.ts';
import type { NotificationParams } from '../../src/protocol/notifications.ts';
import type { WorkView } from '../../src/protocol/work.ts';

export const sampleId = (n: number) => `018f0000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString();

export function workView(n: number, more: Partial<WorkView> = {}): WorkView {
  return {
    id: sampleId(n),
    short_id: String(n).padStart(8, '0'),
    faculty: 'general',
    description: `Work ${n}`,
    params: {},
    model: null,
    priority: 0,
    state: 'queued',
    reason: null,
    wait: null,
    paused: false,
    moved_from: null,
    merged_into: null,
    retry_of: null,
    follow_up_of: null,
    parent_id: null,
    attempts: 0,
    max_attempts: 3,
    cost_usd: 0,
    scripted: false,
    estimated: false,
    outcome: null,
    event_seq: 1,
    available_at: at(n),
    created_at: at(n),
    updated_at: at(n),
    resolved_at: null,
    ...more,
  };
}

export function focusView(n: number, workItem: number, more: Partial<FocusView> = {}): FocusView {
  return {
    id: sampleId(n),
    short_id: String(n).padStart(8, '0'),
    work_item_id: sampleId(workItem),
    attempt: 1,
    faculty: 'general',
    phase: 'engage',
    status: 'running',
    model: 'anthropic/claude',
    scripted: false,
    estimated: false,
    iterations: 1,
    input_tokens: 10,
    output_tokens: 5,
    cost_usd: 0.06,
    limits: { max_turns: 50, context_tokens: 1_000_000, cost_usd: null },
    error: null,
    started_at: at(n),
    ended_at: null,
    pruned_at: null,
    ...more,
  };
}

export function entryView(n: number, workItem: number, seq: number): LedgerEntryView {
  return {
    id: sampleId(n),
    work_item_id: sampleId(workItem),
    focus_id: null,
    faculty: 'general',
    seq,
    entry_type: 'finding',
    content: `entry ${n}`,
    data: {},
    created_at: at(n),
  };
}

type Answer = (params: never) => unknown;

/** A host that answers from a table, and counts what it is asked. */
export class FakeHost {
  readonly asked: { method: string; params: unknown }[] = [];
  answers: Record<string, Answer>;
  isOpen = true;
  readonly host = { pid: 1000, version: '1.0.0', build: 'test', warnings: [] as string[] };
  #listeners = new Map<string, (params: unknown) => void>();
  #end: () => void = () => undefined;
  readonly closed: Promise<void>;

  constructor(answers: Record<string, Answer> = {}) {
    this.answers = { 'events/subscribe': () => ({}), ...answers };
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get client(): HostClient {
    return this as unknown as HostClient;
  }

  async request(method: string, params: unknown): Promise<unknown> {
    this.asked.push({ method, params });
    const answer = this.answers[method];
    if (!answer) throw new Error(`The fake host has no answer to ${method}.`);
    return answer(params as never);
  }

  onNotification(name: string, listener: (params: unknown) => void): void {
    this.#listeners.set(name, listener);
  }

  notify(name: string, params: unknown): void {
    this.#listeners.get(name)?.(params);
  }

  /** Ends without a word, as after kill -9; or closed from this side. */
  async close(): Promise<void> {
    this.isOpen = false;
    this.#end();
    await this.closed;
  }

  askedFor(method: string): unknown[] {
    return this.asked.filter((one) => one.method === method).map(({ params }) => params);
  }
}

/** A connection whose state and notifications the test decides. */
export class FakeConnection {
  readonly host: FakeHost;
  state: HostState;
  #states = new Listeners<HostState>((error) => this.#fail(error));
  #heard = new Listeners<Heard>((error) => this.#fail(error));

  constructor(host: FakeHost) {
    this.host = host;
    this.state = { kind: 'ready', client: host.client };
  }

  get connection(): HostConnection {
    return this as unknown as HostConnection;
  }

  onStateChange(listener: (state: HostState) => void) {
    return this.#states.add(listener);
  }

  onHeard(listener: (heard: Heard) => void) {
    return this.#heard.add(listener);
  }

  request(method: string, params: unknown): Promise<unknown> {
    return this.host.request(method, params);
  }

  become(state: HostState): void {
    this.state = state;
    this.#states.tell(state);
  }

  hear<N extends Heard['name']>(name: N, params: NotificationParams<N>): void {
    this.#heard.tell({ name, params } as Heard);
  }

  #fail(error: unknown): never {
    throw error;
  }
}
