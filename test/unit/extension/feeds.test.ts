import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { FocusFeed } from '../../../src/extension/views/focus-feed.ts';
import { LedgerFeed } from '../../../src/extension/views/ledger-feed.ts';
import { WorkModel } from '../../../src/extension/work/work-model.ts';
import { type ToFocusView, type ToLedgerView, toFocusView, toLedgerView } from '../../../src/protocol/webview.ts';
import { entryView, FakeConnection, FakeHost, focusView, sampleId, workView } from '../../support/vscode-fakes.ts';

/** Longer than what is gathered for one look. */
const SETTLED_MS = 150;

const noError = (error: unknown) => {
  throw error;
};

describe('what the Ledger is sent', () => {
  function feed(answers: ConstructorParameters<typeof FakeHost>[0]) {
    const host = new FakeHost({
      'work/list': ({ ids = [] }: { ids?: string[] }) => ({ items: ids.map((id) => ({ ...workView(1), id })) }),
      'work/show': ({ id }: { id: string }) => ({
        item: { ...workView(1), id },
        foci: [],
        events: [],
        merged_id: null,
      }),
      ...answers,
    });
    const fake = new FakeConnection(host);
    const model = new WorkModel(fake.connection, noError);
    const sent: ToLedgerView[] = [];
    const ledger = new LedgerFeed({ connection: fake.connection, model, onError: noError }, async (message) =>
      sent.push(toLedgerView.parse(message)),
    );
    const types = () => sent.map(({ type }) => type);
    return { host, fake, ledger, sent, types, model };
  }

  it('is everything once, ascending, then only what is new', async () => {
    const later = [entryView(3, 1, 3), entryView(4, 1, 4)];
    const { host, fake, ledger, sent, types } = feed({
      'ledger/recent': () => ({ entries: [entryView(2, 1, 2), entryView(1, 1, 1)], next: null, total: 2 }),
      'ledger/read': () => ({ work_item_id: sampleId(1), entries: later, formatted: null, next_after_seq: null }),
    });
    await ledger.answer({ type: 'ready' });
    await sleep(SETTLED_MS);
    assert.deepEqual(types(), ['state', 'reset']);
    const [, reset] = sent;
    assert.ok(reset?.type === 'reset');
    assert.deepEqual(
      reset.entries.map(({ seq }) => seq),
      [1, 2],
    );
    // A burst is one look, from the last number that was sent.
    fake.hear('ledger/appended', { id: sampleId(1), seq: 3 });
    fake.hear('ledger/appended', { id: sampleId(1), seq: 4 });
    await sleep(SETTLED_MS);
    assert.deepEqual(host.askedFor('ledger/read'), [{ id: sampleId(1), after_seq: 2 }]);
    assert.equal(host.askedFor('ledger/recent').length, 1);
    const last = sent.at(-1);
    assert.ok(last?.type === 'appended');
    assert.deepEqual(
      last.entries.map(({ seq }) => seq),
      [3, 4],
    );
  });

  it('leaves what is older than its page where it is: of an unknown item only the entry that was heard of', async () => {
    const { host, fake, ledger } = feed({
      'ledger/recent': () => ({ entries: [], next: null, total: 0 }),
      'ledger/read': () => ({ work_item_id: sampleId(7), entries: [], formatted: null, next_after_seq: null }),
    });
    await ledger.answer({ type: 'ready' });
    await sleep(SETTLED_MS);
    fake.hear('ledger/appended', { id: sampleId(7), seq: 42 });
    await sleep(SETTLED_MS);
    assert.deepEqual(host.askedFor('ledger/read'), [{ id: sampleId(7), after_seq: 41 }]);
  });

  it('has the work of its entries, asked for together', async () => {
    const entries = [entryView(3, 1, 3), entryView(2, 2, 2), entryView(1, 1, 1)];
    const { host, ledger, sent, model } = feed({ 'ledger/recent': () => ({ entries, next: null, total: 3 }) });
    await ledger.answer({ type: 'ready' });
    await sleep(SETTLED_MS);
    const reset = sent.find((message) => message.type === 'reset');
    assert.deepEqual(reset?.items.map(({ id }) => id).sort(), [sampleId(1), sampleId(2)]);
    const asked = host.askedFor('work/list').filter((params) => 'ids' in (params as object));
    assert.deepEqual(asked, [{ ids: [sampleId(1), sampleId(2)] }]);
    assert.deepEqual(host.askedFor('work/show'), []);
    // What only the ledger needs does not fill the tree.
    assert.equal(model.get(sampleId(1)), undefined);
  });

  it('is everything anew with a new host', async () => {
    const { fake, ledger, types } = feed({ 'ledger/recent': () => ({ entries: [], next: null, total: 0 }) });
    await ledger.answer({ type: 'ready' });
    await sleep(SETTLED_MS);
    fake.become({ kind: 'down', message: 'Animus ended.' });
    fake.become({ kind: 'ready', client: fake.host.client });
    await sleep(SETTLED_MS);
    assert.deepEqual(types(), ['state', 'reset', 'state', 'state', 'reset']);
  });

  it('tells of an item that changed, once for each change', async () => {
    const { host, fake, ledger, sent } = feed({
      'ledger/recent': () => ({ entries: [entryView(1, 1, 1)], next: null, total: 1 }),
    });
    await ledger.answer({ type: 'ready' });
    await sleep(SETTLED_MS);
    host.answers['work/show'] = () => ({
      item: workView(1, { state: 'completed', event_seq: 5 }),
      foci: [],
      events: [],
      merged_id: null,
    });
    fake.hear('work/changed', { id: sampleId(1), seq: 5 });
    await sleep(SETTLED_MS);
    fake.hear('work/changed', { id: sampleId(1), seq: 5 });
    await sleep(SETTLED_MS);
    const changed = sent.filter((message) => message.type === 'appended');
    assert.equal(changed.length, 1);
    assert.equal(changed[0]?.items[0]?.state, 'completed');
  });

  it('answers a search by its number, and a page of older entries', async () => {
    const { host, ledger, sent } = feed({
      'ledger/recent': () => ({ entries: [entryView(2, 1, 2), entryView(1, 1, 1)], next: null, total: 2 }),
    });
    await ledger.answer({ type: 'search', search: 9, text: 'pond', types: ['finding'], work_item_id: null });
    assert.deepEqual(host.askedFor('ledger/recent'), [{ limit: 500, query: 'pond', types: ['finding'] }]);
    const found = sent.at(-1);
    assert.ok(found?.type === 'found');
    assert.equal(found.search, 9);
    const before = { created_at: '2026-01-01T00:00:00.000Z', id: sampleId(5) };
    await ledger.answer({ type: 'load_older', before });
    const older = sent.at(-1);
    assert.ok(older?.type === 'older');
    assert.deepEqual(
      older.entries.map(({ seq }) => seq),
      [1, 2],
    );
  });
});

describe('what a focus editor is sent', () => {
  const message = (n: number) => ({
    n,
    turn: n,
    block: 1,
    role: 'assistant' as const,
    kind: 'turn',
    content: {},
    cost_usd: null,
    created_at: '2026-01-01T12:00:00.000Z',
  });
  const call = (turn: number, state: string) => ({
    id: sampleId(100 + turn),
    turn,
    position: 0,
    name: 'read_file',
    effect: 'read',
    input: {},
    state,
    result: null,
    started_at: null,
    duration_ms: null,
  });

  const hookRun = {
    ...{ id: sampleId(300), event: 'AfterTurn', name: 'metrics', turn: 1, tool_call_id: null, outcome: 'allowed' },
    ...{ reason: null, patch: null, patch_length: null, exit_code: 0, stderr_tail: '', duration_ms: 4 },
    created_at: '2026-01-01T12:00:00.000Z',
  };

  function feed(pages: { messages: object[]; tool_calls: object[]; next_after_n: number | null }[]) {
    const host = new FakeHost({
      'focus/read': () => ({
        focus: focusView(50, 1),
        blocks: [],
        cuts: [],
        hook_runs: [hookRun],
        ...(pages.shift() ?? assert.fail('no page is left')),
      }),
      'work/show': () => ({ item: workView(1, { state: 'running' }), foci: [], events: [], merged_id: null }),
      'ledger/read': () => ({ work_item_id: sampleId(1), entries: [], formatted: null, next_after_seq: null }),
    });
    const fake = new FakeConnection(host);
    const sent: ToFocusView[] = [];
    const parts = { connection: fake.connection, onError: noError, onItem: () => undefined };
    const focus = new FocusFeed(sampleId(50), parts, async (out) => sent.push(toFocusView.parse(out)));
    return { host, fake, focus, sent };
  }

  it('is whole once, then new messages and the calls that may have changed', async () => {
    const { host, fake, focus, sent } = feed([
      { messages: [message(1), message(2)], tool_calls: [call(1, 'done'), call(2, 'started')], next_after_n: null },
      { messages: [message(3)], tool_calls: [call(2, 'done'), call(3, 'done')], next_after_n: null },
      { messages: [], tool_calls: [call(3, 'done')], next_after_n: null },
    ]);
    await focus.ready();
    await sleep(SETTLED_MS);
    fake.hear('focus/changed', { id: sampleId(50), n: 3 });
    fake.hear('focus/changed', { id: sampleId(51), n: 9 }); // another focus
    await sleep(SETTLED_MS);
    fake.hear('work/changed', { id: sampleId(1), seq: 4 });
    await sleep(SETTLED_MS);
    assert.deepEqual(host.askedFor('focus/read'), [
      { id: sampleId(50), after_n: 0, calls_from_turn: 0 },
      { id: sampleId(50), after_n: 2, calls_from_turn: 2 },
      { id: sampleId(50), after_n: 3, calls_from_turn: 3 },
    ]);
    assert.deepEqual(
      sent.map(({ type }) => type),
      ['state', 'reset', 'changed', 'changed'],
    );
    const [, reset, changed] = sent;
    assert.ok(reset?.type === 'reset' && changed?.type === 'changed');
    assert.deepEqual([reset.hook_runs, changed.hook_runs], [[hookRun], [hookRun]]);
  });

  it('comes page by page where it is long', async () => {
    const { host, focus, sent } = feed([
      { messages: [message(1)], tool_calls: [], next_after_n: 1 },
      { messages: [message(2)], tool_calls: [], next_after_n: null },
    ]);
    await focus.ready();
    await sleep(SETTLED_MS);
    assert.equal(host.askedFor('focus/read').length, 2);
    assert.deepEqual(
      sent.map(({ type }) => type),
      ['state', 'reset', 'changed'],
    );
  });

  it('is the text of the turn at hand in few pieces, and nothing of other foci', async () => {
    const { fake, focus, sent } = feed([{ messages: [], tool_calls: [], next_after_n: null }]);
    await focus.ready();
    await sleep(SETTLED_MS);
    const delta = (focus_id: string, kind: 'turn_start' | 'text', text: string) =>
      fake.hear('focus/delta', { focus_id, work_item_id: sampleId(1), turn: 1, kind, text });
    delta(sampleId(50), 'turn_start', '');
    for (const text of ['I ', 'look ', 'around.']) delta(sampleId(50), 'text', text);
    delta(sampleId(51), 'text', 'of another');
    await sleep(SETTLED_MS);
    assert.deepEqual(sent.slice(2), [
      { type: 'delta', turn: 1, kind: 'turn_start', text: '' },
      { type: 'delta', turn: 1, kind: 'text', text: 'I look around.' },
    ]);
  });
});
