/** The page of a focus editor. */
import './focus.css';
import { computed, effect, signal } from '@preact/signals';
import { render } from 'preact';
import type { FromFocusView, ToFocusView } from '../../protocol/webview.ts';
import { focusNextRegion } from '../shared/list-keys.ts';
import { receive } from '../shared/messages.ts';
import type { MessageOutline } from '../shared/outline.ts';
import { keepState } from '../shared/saved-state.ts';
import { Scroller } from '../shared/scroller.ts';
import { widthOfPage } from '../shared/width.ts';
import { openVsCodeApi } from '../vscode-api.ts';
import { FocusEditor } from './focus-editor.tsx';
import { panes } from './panes.ts';
import { createFocusStore, type FocusState } from './store.ts';

/** From here on steps and detail stand side by side. */
const WIDE_FROM = 760;
const TICK_MS = 1000;

const PARTS = { arrays: ['messages', 'tool_calls', 'hook_runs', 'entries'], objects: ['item', 'focus'] } as const;
const OUTLINE: MessageOutline<ToFocusView> = {
  state: { objects: ['state'] },
  reset: PARTS,
  changed: PARTS,
  change: {},
  delta: {},
  pane: {},
};

function start(): void {
  const root = document.getElementById('root');
  if (!root) throw new Error('The page has no element "root".');
  const api = openVsCodeApi<FromFocusView, FocusState>();
  const saved = api.getState();
  const width = widthOfPage();
  const facts = { isWide: computed(() => width.value >= WIDE_FROM), now: signal(Date.now()) };
  const store = createFocusStore((message) => api.postMessage(message), facts, saved);
  const scrollers = { steps: new Scroller(), conversation: new Scroller() };
  keepState(api, () => ({
    focus_id: root.dataset.focusId ?? null,
    activeKey: store.activeKey.value,
    turn: store.selectedTurn.value,
    tab: store.tab.value,
    follows: store.follows.value,
    unfoldedCalls: [...store.unfoldedCalls.value],
    paneSizes: store.paneSizes.value,
  }));
  for (const scroller of Object.values(scrollers)) {
    scroller.onUserScroll = ({ isUp }) => {
      if (isUp) store.follows.value = false;
    };
  }
  if (saved && !saved.follows && saved.turn !== null) scrollers.conversation.showAtTop(`turn:${saved.turn}`);
  if (saved?.activeKey) scrollers.steps.reveal(saved.activeKey);
  // Only what runs has a time that grows.
  effect(() => {
    if (!store.isRunning.value) return undefined;
    const timer = setInterval(() => {
      facts.now.value = Date.now();
    }, TICK_MS);
    return () => clearInterval(timer);
  });
  receive(OUTLINE, (message) => {
    if (message.type === 'pane') focusNextRegion(panes(), message.step === -1);
    else store.take(message);
  });
  render(<FocusEditor store={store} scrollers={scrollers} />, root);
  store.post({ type: 'ready' });
}

start();
