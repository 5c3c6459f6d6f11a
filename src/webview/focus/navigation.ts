/** Goes to a turn or a call: in the steps, in the conversation and in the lanes at once. */
import type { Signal } from '@preact/signals';
import type { Scroller } from '../shared/scroller.ts';
import { type StepRow, stubKey, turnOfRow } from './steps.ts';
import type { FocusStore } from './store.ts';

export type Scrollers = { steps: Scroller; conversation: Scroller };

export function toggleIn(set: Signal<ReadonlySet<string>>, key: string): void {
  const changed = new Set(set.value);
  if (!changed.delete(key)) changed.add(key);
  set.value = changed;
}

export function goToTurn(store: FocusStore, scrollers: Scrollers, turn: number): void {
  const key = turn === 0 ? 'orient' : `turn:${turn}`;
  store.selectTurn(turn, key);
  unfoldBlockOf(store, turn);
  scrollers.steps.reveal(key);
  scrollers.conversation.showAtTop(`turn:${turn}`);
}

/** The turn before or after the one that is looked at. */
export function goToNextTurn(store: FocusStore, scrollers: Scrollers, step: 1 | -1): void {
  const turns = store.turns.value;
  const at = turns.findIndex(({ turn }) => turn === store.shownTurn.value?.turn);
  const next = turns[at + step];
  if (next) goToTurn(store, scrollers, next.turn);
}

export function goToRow(store: FocusStore, scrollers: Scrollers, row: StepRow): void {
  const turn = turnOfRow(row);
  store.selectTurn(turn, row.key);
  const call = row.kind === 'call' ? row.call.id : row.kind === 'hook' ? row.group.callId : null;
  if (call !== null && !store.unfoldedCalls.value.has(call)) toggleIn(store.unfoldedCalls, call);
  if (row.kind === 'live') follow(store, true);
  else if (row.kind === 'stub' || (row.kind === 'block' && row.block.stub !== null)) {
    scrollers.conversation.showAtTop(stubKey(row.block));
  } else if (turn !== null) scrollers.conversation.showAtTop(`turn:${turn}`);
  else if (row.kind === 'phase') scrollers.conversation.showAtTop('outcome');
}

export function follow(store: FocusStore, value: boolean): void {
  store.follows.value = value;
  if (value) store.activeKey.value = null;
}

function unfoldBlockOf(store: FocusStore, turn: number): void {
  const block = store.turns.value.find((candidate) => candidate.turn === turn)?.block;
  const key = `block:${block}`;
  const isFolded = store.steps.value.some((row) => row.kind === 'block' && row.key === key && row.isFolded);
  if (isFolded) toggleIn(store.toggledBlocks, key);
}
