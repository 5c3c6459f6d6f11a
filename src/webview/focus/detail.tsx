/** The conversation turn by turn, or one turn as it is stored. */
import { Icon } from '../shared/icon.tsx';
import { IconButton } from '../shared/icon-button.tsx';
import { RichText } from '../shared/rich-text.tsx';
import { VirtualList } from '../shared/virtual-list.tsx';
import type { RowFacts } from '../shared/virtual-row.tsx';
import type { VirtualRow } from '../shared/virtual-window.ts';
import { visibleLine, visibleText } from '../shared/visible-text.ts';
import type { Turn } from './conversation.ts';
import type { LiveTurn } from './live-turn.ts';
import { goToNextTurn, type Scrollers } from './navigation.ts';
import { hasOutcome, OutcomeArticle } from './outcome.tsx';
import { nameOfBlock, type StepBlock, stubKey } from './steps.ts';
import type { FocusStore, Tab } from './store.ts';
import { StubArticle } from './stub-article.tsx';
import { TurnArticle, TurnHooks } from './turn-article.tsx';

type Props = { store: FocusStore; scrollers: Scrollers };

type ArticleRow = VirtualRow &
  (
    | { kind: 'turn'; turn: Turn; isLeft: boolean }
    | { kind: 'live'; live: LiveTurn }
    | { kind: 'stub'; block: StepBlock; number: number }
    | { kind: 'outcome' }
  );

const TABS: [tab: Tab, title: string][] = [
  ['conversation', 'Conversation'],
  ['json', 'JSON'],
];

export function Detail({ store, scrollers }: Props) {
  const { tab } = store;
  return (
    <>
      <div class="region-bar">
        <div class="segments" role="radiogroup" aria-label="Show">
          {TABS.map(([name, title]) => (
            <label key={name}>
              <input
                type="radio"
                name="tab"
                checked={tab.value === name}
                onChange={() => {
                  tab.value = name;
                }}
              />
              {title}
            </label>
          ))}
        </div>
        <span class="grow" />
        <IconButton icon="chevron-up" label="Previous Turn ( k )" onPress={() => goToNextTurn(store, scrollers, -1)} />
        <IconButton icon="chevron-down" label="Next Turn ( j )" onPress={() => goToNextTurn(store, scrollers, 1)} />
      </div>
      {tab.value === 'json' ? <RawTurn store={store} /> : <Conversation store={store} scrollers={scrollers} />}
    </>
  );
}

function Conversation({ store, scrollers }: Props) {
  const { turns, live, follows, focus } = store;
  const rows: ArticleRow[] = [];
  const stubs = stubsBefore(store);
  for (const turn of turns.value) {
    const stub = stubs.get(turn.turn);
    if (stub) rows.push({ kind: 'stub', ...stub, key: stubKey(stub.block), height: 70, measured: true });
    const isLeft = turn.turn > 0 && turn.messages.some(store.hasLeft.value);
    rows.push({ kind: 'turn', turn, isLeft, key: `turn:${turn.turn}`, height: guess(turn), measured: true });
  }
  if (live.value) rows.push({ kind: 'live', live: live.value, key: 'live', height: 60, measured: true });
  if (hasOutcome(store)) rows.push({ kind: 'outcome', key: 'outcome', height: 100, measured: true });
  if (focus.value?.pruned_at) return <Pruned at={focus.value.pruned_at} />;
  return (
    <VirtualList
      scroller={scrollers.conversation}
      rows={rows}
      role="feed"
      label={`Conversation of focus ${focus.value?.short_id ?? ''}`}
      className="conversation"
      follows={follows.value}
      activeKey={null}
      movesBy="page"
      describe={describeArticle}
      render={(row) => <Article row={row} store={store} />}
      onActive={() => undefined}
      onPick={() => undefined}
    />
  );
}

/** The settings of retention let old conversations go; the steps beside it are of the ledger, which stays. */
function Pruned({ at }: { at: string }) {
  return <p class="pruned-note">This conversation was removed on {at.slice(0, 10)}. Ledger, outcome and costs stay.</p>;
}

function Article({ row, store }: { row: ArticleRow; store: FocusStore }) {
  switch (row.kind) {
    case 'turn':
      return <TurnArticle turn={row.turn} isLeft={row.isLeft} store={store} />;
    case 'stub':
      return <StubArticle block={row.block} number={row.number} tokens={tokensOf(row.block, store)} />;
    case 'live':
      return <LiveArticle live={row.live} store={store} />;
    case 'outcome':
      return <OutcomeArticle store={store} />;
  }
}

function describeArticle(row: ArticleRow): RowFacts {
  const isLeft = row.kind === 'turn' && row.isLeft;
  return {
    className: isLeft ? 'article left' : `article ${row.kind}`,
    role: 'article',
    label: labelOf(row),
    isStop: true,
  };
}

function labelOf(row: ArticleRow): string {
  switch (row.kind) {
    case 'turn':
      return `Turn ${row.turn.turn}`;
    case 'stub':
      return `What the model sees instead of ${nameOfBlock(row.block, row.number)}`;
    case 'live':
      return 'The turn being written';
    case 'outcome':
      return 'Outcome';
  }
}

/** By the first turn of a block that left the context, what stands in its place. */
function stubsBefore({ steps }: FocusStore): Map<number, { block: StepBlock; number: number }> {
  const blocks = steps.value.flatMap((row) => (row.kind === 'block' && row.block.stub !== null ? [row] : []));
  return new Map(blocks.map(({ block, number }) => [block.turns[0]?.turn ?? -1, { block, number }]));
}

function tokensOf({ block }: StepBlock, { contextBlocks }: FocusStore): number | null {
  return contextBlocks.value.find((closed) => closed.block === block)?.tokens ?? null;
}

/** A place for what is not drawn yet; drawn once, its true height is known. */
function guess({ text, calls }: Turn): number {
  return 46 + Math.ceil(text.length / 110) * 19 + calls.length * 22;
}

/** Streamed text: silent for a screen reader, which reads it once it is recorded. */
function LiveArticle({ live, store }: { live: LiveTurn; store: FocusStore }) {
  return (
    <>
      <div class="turn-head">
        <b>Turn {live.turn}</b>
        <Icon name="loading" hue="running" size={14} spins={true} />
        <span class="meta">
          {live.retryReason === null ? 'being written' : `asked again: ${visibleLine(live.retryReason)}`}
        </span>
      </div>
      <TurnHooks groups={store.looseHooks.value} />
      {live.text !== '' && (
        <div class="turn-text">
          <RichText text={live.text} onOpen={store.post} />
        </div>
      )}
      {live.calls.map((name, at) => (
        <div key={at} class="call-head pending">
          <Icon name="circle-large-outline" hue="idle" />
          <span class="mono">{visibleLine(name)}</span>
          <span class="dim">is being asked for</span>
        </div>
      ))}
    </>
  );
}

/** Has nothing in it that takes the keyboard, so that the browser lets the keyboard come to what scrolls itself. */
function RawTurn({ store }: { store: FocusStore }) {
  const shown = store.shownTurn.value;
  if (!shown) return null;
  const { messages, calls, hooks } = shown;
  const hook_runs = hooks.flatMap(({ runs }) => runs);
  return (
    <section class="raw-turn" aria-label={`Turn ${shown.turn} as it is stored`}>
      <div class="well">
        <pre class="plain-text">{visibleText(JSON.stringify({ messages, tool_calls: calls, hook_runs }, null, 2))}</pre>
      </div>
    </section>
  );
}
