/** Plays the extension for the Ledger view, in the page. Which data: `?data=small|large|paged|empty`, `&state=…`. */
import type { LedgerEntryView } from '../../src/protocol/focus.ts';
import type { FromLedgerView, ToLedgerView } from '../../src/protocol/webview.ts';
import { installFakeApi } from './fake-api.ts';
import { HOSTILE_TEXTS } from './hostile-texts.ts';
import { largeLedger, type SampleLedger, sampleId, smallLedger } from './sample-ledger.ts';

const PAGE = 500;

const { send, parameters } = installFakeApi<FromLedgerView, ToLedgerView>(answer);
const data = parameters.get('data') ?? 'small';
const ledger = ledgerFor(data);
/** The newest that the view is given at once. */
const first = data === 'paged' ? ledger.entries.slice(-PAGE) : ledger.entries;

function ledgerFor(name: string): SampleLedger {
  if (name === 'empty') return { entries: [], items: [] };
  if (name === 'small') return smallLedger();
  if (name === 'hostile') return hostileLedger();
  const large = largeLedger(Number(parameters.get('count') ?? 100_000));
  const small = smallLedger();
  return { entries: [...large.entries, ...small.entries], items: [...large.items, ...small.items] };
}

/** Texts that would do something, wherever a model can put one. */
function hostileLedger(): SampleLedger {
  const { entries, items } = smallLedger();
  const [item] = items;
  const [entry] = entries;
  if (!item || !entry) return { entries, items };
  const hostile = HOSTILE_TEXTS.map((content, at) => ({
    ...entry,
    id: sampleId(3, at),
    seq: at + 1,
    content,
    faculty: content.slice(0, 100),
    data: { files: [content, { path: content, line: 1 }], author: content, more: content },
    created_at: new Date(Date.parse(entry.created_at) + at * 1000).toISOString(),
  }));
  const description = HOSTILE_TEXTS.join(' ');
  return { entries: hostile, items: [{ ...item, description, faculty: description.slice(0, 200) }] };
}

function cursorOf(entries: readonly LedgerEntryView[]) {
  const [oldest] = entries;
  return oldest && oldest !== ledger.entries[0] ? { created_at: oldest.created_at, id: oldest.id } : null;
}

function answer(message: FromLedgerView): void {
  switch (message.type) {
    case 'ready':
      begin();
      return;
    case 'load_older': {
      const end = ledger.entries.findIndex(({ id }) => id === message.before.id);
      const entries = ledger.entries.slice(Math.max(0, end - PAGE), end);
      send({ type: 'older', entries, items: [], next: cursorOf(entries) });
      return;
    }
    case 'search': {
      const words = message.text.toLowerCase();
      const matching = ledger.entries.filter(
        ({ content, entry_type, work_item_id }) =>
          content.toLowerCase().includes(words) &&
          (message.types.length === 0 || message.types.includes(entry_type)) &&
          (message.work_item_id === null || message.work_item_id === work_item_id),
      );
      send({
        type: 'found',
        search: message.search,
        entries: matching.slice(-PAGE),
        items: [],
        total: matching.length,
      });
      return;
    }
  }
}

function begin(): void {
  const state = parameters.get('state');
  if (state === 'starting' || state === 'down' || state === 'failed' || state === 'untrusted') {
    send({ type: 'state', state: STATES[state] });
    if (parameters.get('loaded') === null) return;
  } else send({ type: 'state', state: { kind: 'ready', message: '', actions: [] } });
  const total = Number(parameters.get('total') ?? ledger.entries.length);
  send({ type: 'reset', entries: first, items: ledger.items, next: cursorOf(first), total });
  const scope = parameters.get('scope');
  if (scope !== null) send({ type: 'scope', work_item_id: sampleId(1, Number(scope)) });
}

const STATES = {
  starting: { kind: 'starting' as const, message: 'The Animus host is starting …', actions: [] },
  down: {
    kind: 'down' as const,
    message: 'The Animus host is stopped. Nothing runs, and nothing is lost.',
    actions: [
      { command: 'startHost' as const, title: 'Start Host' },
      { command: 'showLogs' as const, title: 'Show Logs' },
    ],
  },
  failed: {
    kind: 'failed' as const,
    message: 'The host could not start: the store is in use by a newer version of Animus.',
    actions: [
      { command: 'restartHost' as const, title: 'Try Again' },
      { command: 'showLogs' as const, title: 'Show Logs' },
    ],
  },
  untrusted: {
    kind: 'untrusted' as const,
    message: 'This workspace is not trusted, so Animus starts nothing in it and reads none of its settings.',
    actions: [{ command: 'trust' as const, title: 'Manage Workspace Trust' }],
  },
};
