/** The tree of steps, at the left or above. */
import { formatDuration, plural } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import { IconButton } from '../shared/icon-button.tsx';
import { isPlain } from '../shared/list-keys.ts';
import { VirtualList } from '../shared/virtual-list.tsx';
import type { RowFacts } from '../shared/virtual-row.tsx';
import { visibleLine } from '../shared/visible-text.ts';
import { ChangeCounts } from './change-counts.tsx';
import { HookLine, HookMark } from './hook-line.tsx';
import { follow, goToRow, type Scrollers, toggleIn } from './navigation.ts';
import { PhaseLine } from './phase-line.tsx';
import { canUnfold, nameOfBlock, type StepRow, turnSummary } from './steps.ts';
import type { FocusStore } from './store.ts';
import { argumentSummary, callSign, isFailed, toolIcon } from './tools.ts';

type Props = { store: FocusStore; scrollers: Scrollers };

export function StepList({ store, scrollers }: Props) {
  const { steps, activeKey, turns, follows, shownTurn } = store;
  const count = turns.value.filter(({ turn }) => turn > 0).length;
  const allFolded = steps.value.every((row) => row.kind !== 'block' || row.isFolded);
  // While it follows, the newest turn is the one that is looked at.
  const key = activeKey.value ?? (shownTurn.value ? `turn:${shownTurn.value.turn}` : null);
  return (
    <>
      <div class="region-bar">
        <b>Steps</b>
        <span class="meta">{plural(count, 'turn')}</span>
        <span class="grow" />
        <IconButton
          icon={allFolded ? 'expand-all' : 'collapse-all'}
          label={allFolded ? 'Unfold All Blocks' : 'Fold All Blocks'}
          onPress={() => foldAll(store, !allFolded)}
        />
        <IconButton
          icon="arrow-down"
          label="Follow the Newest ( f )"
          pressed={follows.value}
          onPress={() => follow(store, !follows.value)}
        />
      </div>
      <VirtualList
        scroller={scrollers.steps}
        rows={steps.value}
        role="tree"
        label="Steps and turns"
        className="step-list"
        follows={follows.value}
        activeKey={key}
        describe={factsOf}
        render={(row) => <StepLine row={row} store={store} />}
        onActive={(row) => goToRow(store, scrollers, row)}
        onPick={(row, event) => pick(store, scrollers, row, event)}
        onKey={(event, row) => press(store, scrollers, event, row)}
      />
    </>
  );
}

function factsOf(row: StepRow): RowFacts {
  const level =
    row.kind === 'call'
      ? 3
      : row.kind === 'hook'
        ? row.group.callId === null
          ? 3
          : 4
        : row.kind === 'block' || row.kind === 'phase'
          ? 1
          : 2;
  const folds = row.kind === 'block' || (row.kind === 'turn' && canUnfold(row.turn));
  return {
    className: `row step level-${level} ${row.gutter}`,
    role: 'treeitem',
    level,
    expanded: folds ? !row.isFolded : undefined,
    isStop: true,
  };
}

function StepLine({ row, store }: { row: StepRow; store: FocusStore }) {
  switch (row.kind) {
    case 'phase':
      return <PhaseLine row={row} store={store} />;
    case 'block': {
      const { block, isFolded, number } = row;
      const isStep = block.title !== null;
      return (
        <>
          <Twistie isFolded={isFolded} />
          <Icon
            name={isStep ? 'milestone' : 'circle-large-outline'}
            hue={block.isOpen ? 'running' : isStep ? 'step' : 'idle'}
          />
          <span>{nameOfBlock(block, number)}</span>
          <span class="description cut grow">{visibleLine(block.title?.slice(0, 200) ?? '')}</span>
          {block.left > 0 && (
            <span class="meta left-count">
              <Icon name="eye-closed" size={14} /> {plural(block.left, 'message')}
              <span class="hidden"> left the context</span>
            </span>
          )}
          <span class="meta">{plural(block.turns.length, 'turn')}</span>
        </>
      );
    }
    case 'stub':
      return (
        <>
          <span class="twistie" />
          <Icon name="eye" hue="step" size={14} />
          <span class="hidden">What the model sees instead:</span>
          <span class="cut grow">{visibleLine(row.stub.slice(0, 1000))}</span>
        </>
      );
    case 'turn': {
      const { turn, isFolded } = row;
      return (
        <>
          {canUnfold(turn) ? <Twistie isFolded={isFolded} /> : <span class="twistie" />}
          <span class="turn-number">{turn.turn}</span>
          <span class="cut grow">{turnSummary(turn)}</span>
          <HookMark runs={isFolded ? turn.hooks.flatMap(({ runs }) => runs) : []} />
          {turn.calls.some(isFailed) && <Icon name="error" hue="dead" size={14} />}
          {turn.calls.length > 0 && <span class="meta">{plural(turn.calls.length, 'call')}</span>}
          <span class="meta duration">{formatDuration(turn.endedAt - turn.startedAt)}</span>
        </>
      );
    }
    case 'call': {
      const { call } = row;
      const { icon, hue, word } = callSign(call);
      return (
        <>
          <Icon name={icon} hue={hue} size={14} spins={hue === 'running'} />
          <span class="hidden">{word}</span>
          <Icon name={toolIcon(call)} size={14} />
          <span class="mono">{visibleLine(call.name)}</span>
          <span class="cut grow dim">{argumentSummary(call.input)}</span>
          <ChangeCounts change={call.change} />
          {call.duration_ms !== null && <span class="meta duration">{formatDuration(call.duration_ms)}</span>}
        </>
      );
    }
    case 'hook':
      return <HookLine runs={row.group.runs} />;
    case 'live':
      return (
        <>
          <span class="twistie" />
          <span class="turn-number">{row.live.turn}</span>
          <span class="cut grow dim">being written …</span>
          <Icon name="loading" hue="running" size={14} spins={true} />
        </>
      );
  }
}

function Twistie({ isFolded }: { isFolded: boolean }) {
  return (
    <span class="twistie">
      <Icon name={isFolded ? 'chevron-right' : 'chevron-down'} />
    </span>
  );
}

function foldAll(store: FocusStore, fold: boolean): void {
  const others = store.steps.value.filter((row) => row.kind === 'block' && row.isFolded !== fold);
  for (const { key } of others) toggleIn(store.toggledBlocks, key);
}

function pick(store: FocusStore, scrollers: Scrollers, row: StepRow, event: MouseEvent): void {
  const isTwistie = event.target instanceof Element && event.target.closest('.twistie') !== null;
  if (isTwistie || row.kind === 'block') toggle(store, row);
  if (!isTwistie) goToRow(store, scrollers, row);
}

function toggle(store: FocusStore, row: StepRow): void {
  if (row.kind === 'block') toggleIn(store.toggledBlocks, row.key);
  if (row.kind === 'turn' && canUnfold(row.turn)) toggleIn(store.unfoldedTurns, row.key);
}

function press(store: FocusStore, scrollers: Scrollers, event: KeyboardEvent, row: StepRow | undefined): void {
  if (!row || !isPlain(event)) return;
  const canFold = row.kind === 'block' || row.kind === 'turn';
  switch (event.key) {
    case 'Enter':
    case ' ':
      goToRow(store, scrollers, row);
      toggle(store, row);
      break;
    case 'ArrowRight':
      if (canFold && row.isFolded) toggle(store, row);
      break;
    case 'ArrowLeft':
      if (canFold && !row.isFolded && (row.kind === 'block' || canUnfold(row.turn))) toggle(store, row);
      else goOut(store, scrollers, row);
      break;
    default:
      return;
  }
  event.preventDefault();
}

/** From a hook to its call, from a call to its turn, from a turn to its block. */
function goOut(store: FocusStore, scrollers: Scrollers, row: StepRow): void {
  const rows = store.steps.value;
  const kind = outerKind(row);
  const outer = rows.slice(0, rows.indexOf(row)).findLast((candidate) => candidate.kind === kind);
  if (!outer || row.kind === 'block' || row.kind === 'phase') return;
  goToRow(store, scrollers, outer);
  scrollers.steps.reveal(outer.key, { focus: true });
}

function outerKind(row: StepRow): StepRow['kind'] {
  if (row.kind === 'hook') return row.group.callId === null ? 'turn' : 'call';
  return row.kind === 'call' ? 'turn' : 'block';
}
