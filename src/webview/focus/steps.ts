/** The tree at the left: how the focus went, by phase, block, turn and call. */
import type { FocusView, ToolCallView } from '../../protocol/focus.ts';
import { isObject } from '../shared/outline.ts';
import type { VirtualRow } from '../shared/virtual-window.ts';
import { visibleLine } from '../shared/visible-text.ts';
import { type Context, createHasLeft } from './context.ts';
import { hooksOfCall, hooksOfTurn, type Turn } from './conversation.ts';
import type { HookGroup } from './hooks.ts';
import type { LiveTurn } from './live-turn.ts';

/** What the model still sees: `left` is gone from its context. */
export type Gutter = 'none' | 'closed' | 'open' | 'left';

export type StepBlock = {
  block: number;
  turns: Turn[];
  /** What the step that closes it says; null while none does. */
  title: string | null;
  isOpen: boolean;
  /** How many of its messages left the context. */
  left: number;
  /** What the model sees in their place; null where nothing does, or a cut's text stands for more than this block. */
  stub: string | null;
};

export type PhaseRow = VirtualRow & { kind: 'phase'; phase: FocusView['phase']; turn: number | null; gutter: Gutter };
export type BlockRow = VirtualRow & {
  kind: 'block';
  block: StepBlock;
  number: number;
  isFolded: boolean;
  gutter: Gutter;
};
export type TurnRow = VirtualRow & { kind: 'turn'; turn: Turn; isFolded: boolean; gutter: Gutter };
export type CallRow = VirtualRow & { kind: 'call'; call: ToolCallView; turn: Turn; gutter: Gutter };
export type HookRow = VirtualRow & { kind: 'hook'; group: HookGroup; turn: Turn; gutter: Gutter };
export type StubRow = VirtualRow & { kind: 'stub'; stub: string; block: StepBlock; gutter: Gutter };
export type LiveRow = VirtualRow & { kind: 'live'; live: LiveTurn; gutter: Gutter };
export type StepRow = PhaseRow | BlockRow | StubRow | TurnRow | CallRow | HookRow | LiveRow;

export type StepFolding = { toggledBlocks: ReadonlySet<string>; unfoldedTurns: ReadonlySet<string> };

const WHOLE: Context = { blocks: [], cuts: [] };

const ROW = 22;
const LONGEST_SUMMARY = 200;

export function blocksOf(turns: readonly Turn[], isRunning: boolean, context = WHOLE): StepBlock[] {
  const blocks: StepBlock[] = [];
  for (const turn of turns) {
    if (turn.turn === 0) continue;
    const last = blocks.at(-1);
    if (last?.block === turn.block) last.turns.push(turn);
    else blocks.push({ block: turn.block, turns: [turn], title: null, isOpen: false, left: 0, stub: null });
  }
  const hasLeft = createHasLeft(context);
  for (const [at, block] of blocks.entries()) {
    block.left = block.turns.flatMap(({ messages }) => messages).filter(hasLeft).length;
    block.stub =
      block.left === 0 ? null : (context.blocks.find((closed) => closed.block === block.block)?.stub ?? null);
    block.title = closingStep(block.turns);
    block.isOpen = isRunning && at === blocks.length - 1 && block.title === null;
  }
  return blocks;
}

/** A turn that records a step closes its block. */
function closingStep(turns: readonly Turn[]): string | null {
  const steps = turns.at(-1)?.calls.filter(({ name, state, input }) => {
    return name === 'ledger_append' && state === 'done' && isObject(input) && input.entry_type === 'step';
  });
  const input = steps?.at(-1)?.input;
  return isObject(input) && typeof input.content === 'string' ? input.content : null;
}

export function buildSteps(
  focus: Pick<FocusView, 'phase' | 'status'>,
  turns: readonly Turn[],
  live: LiveTurn | null,
  folding: StepFolding,
  context = WHOLE,
): StepRow[] {
  const rows: StepRow[] = [];
  const isRunning = focus.status === 'running';
  const hasTask = turns[0]?.turn === 0;
  rows.push({ kind: 'phase', key: 'orient', height: ROW, phase: 'orient', turn: hasTask ? 0 : null, gutter: 'none' });
  const blocks = blocksOf(turns, isRunning, context);
  const hasLeft = createHasLeft(context);
  for (const [at, block] of blocks.entries()) addBlock(rows, block, at + 1, folding, hasLeft);
  if (live) rows.push({ kind: 'live', key: 'live', height: ROW, live, gutter: 'open' });
  if (focus.phase === 'recover') rows.push(phaseRow('recover'));
  else rows.push(phaseRow('consolidate'));
  return rows;
}

function phaseRow(phase: 'recover' | 'consolidate'): PhaseRow {
  return { kind: 'phase', key: phase, height: ROW, phase, turn: null, gutter: 'none' };
}

function addBlock(
  rows: StepRow[],
  block: StepBlock,
  number: number,
  folding: StepFolding,
  hasLeft: ReturnType<typeof createHasLeft>,
): void {
  const key = `block:${block.block}`;
  const isGone = block.left > 0 && !block.isOpen;
  // What left the context reads as its stub until somebody opens it.
  const isFolded = folding.toggledBlocks.has(key) !== isGone;
  const seen = block.isOpen ? 'open' : 'closed';
  rows.push({ kind: 'block', key, height: ROW, block, number, isFolded, gutter: isGone ? 'left' : seen });
  if (isFolded) return;
  if (isGone && block.stub !== null) {
    rows.push({ kind: 'stub', key: stubKey(block), height: ROW, stub: block.stub, block, gutter: 'closed' });
  }
  for (const turn of block.turns) {
    const gutter = turn.messages.some(hasLeft) ? 'left' : seen;
    const turnKey = `turn:${turn.turn}`;
    const isOpen = folding.unfoldedTurns.has(turnKey);
    rows.push({ kind: 'turn', key: turnKey, height: ROW, turn, isFolded: !isOpen, gutter });
    if (!isOpen) continue;
    addInside(rows, turn, gutter);
  }
}

/** Calls in order, what hooks did under what it is about. */
function addInside(rows: StepRow[], turn: Turn, gutter: Gutter): void {
  const addHooks = (groups: readonly HookGroup[]) => {
    for (const group of groups) rows.push({ kind: 'hook', key: `hook:${group.key}`, height: ROW, group, turn, gutter });
  };
  addHooks(hooksOfTurn(turn, false));
  for (const call of turn.calls) {
    rows.push({ kind: 'call', key: `call:${call.id}`, height: ROW, call, turn, gutter });
    addHooks(hooksOfCall(turn, call));
  }
  addHooks(hooksOfTurn(turn, true));
}

export const canUnfold = ({ calls, hooks }: Turn): boolean => calls.length > 0 || hooks.length > 0;

/** What a turn was about, in a line: its first words, or what it called. */
export function turnSummary({ text, calls }: Pick<Turn, 'text' | 'calls'>): string {
  const [first = ''] = text.trim().split('\n', 1);
  const line = visibleLine(first.slice(0, LONGEST_SUMMARY)).replace(/[*_`#]+/g, '');
  return line || calls.map(({ name }) => visibleLine(name)).join(', ') || 'No words';
}

/** Where what stands for a block is, in the steps and in the conversation. */
export const stubKey = ({ block }: StepBlock): string => `stub:${block}`;

/** What a block is called. */
export function nameOfBlock({ isOpen, title }: StepBlock, number: number): string {
  if (isOpen) return 'Open block';
  return title === null ? `Block ${number}` : `Step ${number}`;
}

/** The turn that a row belongs to. */
export function turnOfRow(row: StepRow | undefined): number | null {
  switch (row?.kind) {
    case 'phase':
      return row.turn;
    case 'block':
    case 'stub':
      return row.block.turns[0]?.turn ?? null;
    case 'turn':
    case 'call':
    case 'hook':
      return row.turn.turn;
    default:
      return null;
  }
}
