/** The page of the Ledger view. */
import './ledger.css';
import { computed } from '@preact/signals';
import { render } from 'preact';
import type { FromLedgerView, ToLedgerView } from '../../protocol/webview.ts';
import { receive } from '../shared/messages.ts';
import type { MessageOutline } from '../shared/outline.ts';
import { keepState } from '../shared/saved-state.ts';
import { Scroller } from '../shared/scroller.ts';
import { widthOfPage } from '../shared/width.ts';
import { openVsCodeApi } from '../vscode-api.ts';
import { LedgerView } from './ledger-view.tsx';
import { roomFor } from './room.ts';
import { createLedgerStore, type LedgerState } from './store.ts';

const OUTLINE: MessageOutline<ToLedgerView> = {
  state: { objects: ['state'] },
  reset: { arrays: ['entries', 'items'] },
  appended: { arrays: ['entries', 'items'] },
  older: { arrays: ['entries', 'items'] },
  found: { arrays: ['entries', 'items'] },
  scope: {},
};

function start(): void {
  const api = openVsCodeApi<FromLedgerView, LedgerState>();
  const saved = api.getState();
  const width = widthOfPage();
  const room = computed(() => roomFor(width.value));
  const store = createLedgerStore((message) => api.postMessage(message), room, saved);
  const scroller = new Scroller();
  const saveSoon = keepState(api, () => ({
    filters: store.filters.value,
    follows: store.follows.value,
    foldsBlocks: store.folding.value.foldsBlocks,
    activeKey: store.activeKey.value,
    anchor: scroller.anchor(),
  }));
  scroller.onUserScroll = ({ isUp, isAtTop }) => {
    if (isUp) store.setFollows(false);
    if (isAtTop && isUp) store.loadOlder();
    saveSoon();
  };
  if (saved?.anchor && !saved.follows) scroller.showAtTop(saved.anchor.key, saved.anchor.above);
  receive(OUTLINE, store.take);
  const root = document.getElementById('root');
  if (!root) throw new Error('The page has no element "root".');
  render(<LedgerView store={store} scroller={scroller} />, root);
  store.post({ type: 'ready' });
}

start();
