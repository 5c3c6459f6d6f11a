/** What a focus editor knows and shows: signals, and what messages and presses do to them. */
import { batch, computed, type ReadonlySignal, signal } from '@preact/signals';
import type {
  ContextBlockView,
  ContextCutView,
  FocusView,
  HookRunView,
  LedgerEntryView,
  MessageView,
  ToolCallView,
} from '../../protocol/focus.ts';
import type { FromFocusView, ToFocusView, ViewState } from '../../protocol/webview.ts';
import type { WorkView } from '../../protocol/work.ts';
import { isAsking } from './approvals.ts';
import { createHasLeft } from './context.ts';
import { buildTurns } from './conversation.ts';
import { groupHooks } from './hooks.ts';
import { applyDelta, keepUnrecorded, type LiveTurn } from './live-turn.ts';
import { mergeBlocks, mergeCalls, mergeEntries, mergeHookRuns, mergeMessages } from './merge.ts';
import { type PaneSizes, STANDARD_SIZES } from './pane-size.ts';
import { buildSteps } from './steps.ts';
import { buildTimeline } from './timeline.ts';

/** Kept while the editor is hidden, and over a reload: by the id the extension restores the editor. */
export type FocusState = {
  focus_id: string | null;
  activeKey: string | null;
  turn: number | null;
  tab: Tab;
  follows: boolean;
  unfoldedCalls: string[];
  /** Absent in what an earlier version kept. */
  paneSizes?: PaneSizes;
};

/** What changes what the editor knows. */
type News = Exclude<ToFocusView, { type: 'pane' }>;
/** What a call did to a file, or why nobody can tell. */
export type KnownChange = Pick<Extract<ToFocusView, { type: 'change' }>, 'change' | 'problem'>;
export type Tab = 'conversation' | 'json';
export type FocusStore = ReturnType<typeof createFocusStore>;

const ASKING_FOCI: readonly FocusView['status'][] = ['running', 'parked', 'released'];
const STARTING: ViewState = { kind: 'starting', message: 'Animus is starting …', actions: [] };

export function createFocusStore(
  post: (message: FromFocusView) => void,
  facts: { isWide: ReadonlySignal<boolean>; now: ReadonlySignal<number> },
  saved: FocusState | undefined,
) {
  const viewState = signal<ViewState>(STARTING);
  const item = signal<WorkView | null>(null);
  const focus = signal<FocusView | null>(null);
  const messages = signal<readonly MessageView[]>([]);
  const calls = signal<readonly ToolCallView[]>([]);
  const hookRuns = signal<readonly HookRunView[]>([]);
  /** Somewhere hooks ran so often that only their newest runs came. */
  const lacksHookRuns = signal(false);
  /** Differences by the call that made them; those that were asked for and have not come are null. */
  const changes = signal<ReadonlyMap<string, KnownChange | null>>(new Map());
  const contextBlocks = signal<readonly ContextBlockView[]>([]);
  const contextCuts = signal<readonly ContextCutView[]>([]);
  const entries = signal<readonly LedgerEntryView[]>([]);
  const live = signal<LiveTurn | null>(null);

  const activeKey = signal<string | null>(saved?.activeKey ?? null);
  const selectedTurn = signal<number | null>(saved?.turn ?? null);
  const tab = signal<Tab>(saved?.tab ?? 'conversation');
  const follows = signal(saved?.follows ?? true);
  /** Blocks that stand otherwise than by themselves: those that left the context are folded, the others are not. */
  const toggledBlocks = signal<ReadonlySet<string>>(new Set());
  const unfoldedTurns = signal<ReadonlySet<string>>(new Set());
  const unfoldedCalls = signal<ReadonlySet<string>>(new Set(saved?.unfoldedCalls));
  const paneSizes = signal(saved?.paneSizes ?? STANDARD_SIZES);

  const turns = computed(() =>
    focus.value ? buildTurns(focus.value, messages.value, calls.value, hookRuns.value) : [],
  );
  const isRunning = computed(() => focus.value?.status === 'running');
  const steps = computed(() => {
    const folding = { toggledBlocks: toggledBlocks.value, unfoldedTurns: unfoldedTurns.value };
    const context = { blocks: contextBlocks.value, cuts: contextCuts.value };
    return focus.value ? buildSteps(focus.value, turns.value, live.value, folding, context) : [];
  });
  /** What hooks did about turns that have no message: the one to come, or one whose request they blocked. */
  const looseHooks = computed(() => {
    const last = turns.value.at(-1)?.turn ?? 0;
    return groupHooks(hookRuns.value.filter(({ turn }) => turn > last));
  });
  const hasLeft = computed(() => createHasLeft({ blocks: contextBlocks.value, cuts: contextCuts.value }));
  /** Calls that wait for a person. What a focus that ended asked is asked no more. */
  const asking = computed(() => {
    return ASKING_FOCI.includes(focus.value?.status ?? 'running') ? calls.value.filter(isAsking) : [];
  });
  const timeline = computed(() => {
    if (!focus.value) return null;
    // The clock is read while it means something only: each tick lays the lanes out anew.
    const now = isRunning.value ? facts.now.value : 0;
    return buildTimeline({ focus: focus.value, turns: turns.value, entries: entries.value, live: live.value, now });
  });
  /** The turn that is looked at: the chosen one, else the newest. */
  const shownTurn = computed(() => {
    const chosen = follows.value ? null : selectedTurn.value;
    return turns.value.find(({ turn }) => turn === chosen) ?? turns.value.at(-1) ?? null;
  });

  function take(message: News): void {
    batch(() => {
      switch (message.type) {
        case 'state':
          viewState.value = message.state;
          return;
        case 'change': {
          const { change, problem } = message;
          changes.value = new Map(changes.value).set(message.call_id, { change, problem });
          if (change) calls.value = withUndone(calls.value, message.call_id, change.undone_at);
          return;
        }
        case 'delta':
          live.value = applyDelta(live.value, message, messages.value);
          return;
        case 'reset':
          messages.value = [];
          calls.value = [];
          hookRuns.value = [];
          lacksHookRuns.value = false;
          changes.value = new Map();
          contextBlocks.value = [];
          entries.value = [];
          live.value = null;
          return change(message);
        case 'changed':
          return change(message);
      }
    });
  }

  function change(message: Extract<ToFocusView, { type: 'changed' | 'reset' }>): void {
    item.value = message.item;
    focus.value = message.focus;
    messages.value = mergeMessages(messages.value, message.messages);
    calls.value = mergeCalls(calls.value, message.tool_calls);
    hookRuns.value = mergeHookRuns(hookRuns.value, message.hook_runs);
    lacksHookRuns.value ||= message.hook_runs_left_out ?? false;
    contextBlocks.value = mergeBlocks(contextBlocks.value, message.blocks);
    contextCuts.value = message.cuts;
    entries.value = mergeEntries(entries.value, message.entries);
    live.value = message.focus.status === 'running' ? keepUnrecorded(live.value, messages.value) : null;
  }

  /** Asks for what a call did to its file, once. */
  function loadChange(callId: string): void {
    if (changes.value.has(callId)) return;
    changes.value = new Map(changes.value).set(callId, null);
    post({ type: 'load_change', call_id: callId });
  }

  function selectTurn(turn: number | null, key: string): void {
    batch(() => {
      activeKey.value = key;
      if (turn === null) return;
      selectedTurn.value = turn;
      follows.value = false;
    });
  }

  return {
    ...facts,
    viewState,
    item,
    focus,
    messages,
    calls,
    changes,
    contextBlocks,
    contextCuts,
    entries,
    live,
    activeKey,
    selectedTurn,
    shownTurn,
    tab,
    follows,
    toggledBlocks,
    unfoldedTurns,
    unfoldedCalls,
    paneSizes,
    turns,
    isRunning,
    steps,
    timeline,
    looseHooks,
    lacksHookRuns,
    hasLeft,
    asking,
    take,
    loadChange,
    selectTurn,
    post,
  };
}

/** What was undone here is told at once: its call is read anew with everything else only. */
function withUndone(calls: readonly ToolCallView[], id: string, undone_at: string | null): readonly ToolCallView[] {
  const isNews = calls.some((call) => call.id === id && call.change && call.change.undone_at !== undone_at);
  if (!isNews) return calls;
  return calls.map((call) =>
    call.id === id && call.change ? { ...call, change: { ...call.change, undone_at } } : call,
  );
}
