/** What the lanes show: when the model was asked, when tools ran, what was written down, how full the context was, what it cost. */
import type { FocusView, LedgerEntryView, ToolCallView } from '../../protocol/focus.ts';
import { endOfCall, type Turn } from './conversation.ts';
import type { HookGroup } from './hooks.ts';
import type { LiveTurn } from './live-turn.ts';
import { blocksOf, type StepBlock } from './steps.ts';
import { createScale, lengthOf, type Span, type TimeScale } from './time-scale.ts';

export type ModelBar = Span & { turn: number; isLive: boolean };
export type ToolBar = Span & { call: ToolCallView; turn: number; lane: number };
export type BlockBar = Span & { block: StepBlock; number: number };
/** When hooks had decided about something together. */
export type HookMark = { group: HookGroup; time: number };
export type CostBar = { turn: number; start: number; cost: number };
export type ContextPoint = Span & { turn: number; tokens: number };

export type Timeline = {
  scale: TimeScale;
  end: number;
  models: ModelBar[];
  tools: ToolBar[];
  toolLanes: number;
  blocks: BlockBar[];
  marks: LedgerEntryView[];
  hooks: HookMark[];
  context: ContextPoint[];
  mostTokens: number;
  /** Of the turns whose cost is known. */
  costs: CostBar[];
  /** Milliseconds in which the model or a tool was at work. */
  activeMs: number;
};

const MOST_LANES = 3;

export type TimelineFacts = {
  focus: Pick<FocusView, 'id' | 'started_at' | 'ended_at' | 'status'>;
  turns: readonly Turn[];
  entries: readonly LedgerEntryView[];
  live: LiveTurn | null;
  now: number;
};

export function buildTimeline({ focus, turns, entries, live, now }: TimelineFacts): Timeline {
  const isRunning = focus.status === 'running';
  const start = Date.parse(focus.started_at);
  const answers = turns.filter(({ turn }) => turn > 0);
  const tools = packed(answers.flatMap((turn) => toolBars(turn, isRunning ? now : null)));
  const lastEnd = Math.max(start, ...turns.map(({ endedAt }) => endedAt), ...tools.map((bar) => bar.end));
  const end = isRunning ? Math.max(now, lastEnd) : focus.ended_at ? Date.parse(focus.ended_at) : lastEnd;
  const models: ModelBar[] = answers.map(({ turn, startedAt, answeredAt }) => {
    return { turn, start: startedAt, end: answeredAt, isLive: false };
  });
  if (live && isRunning) models.push({ turn: live.turn, start: lastEnd, end, isLive: true });
  const busy = [...models, ...tools];
  const context = contextPoints(answers, end);
  return {
    scale: createScale(busy, { start, end }),
    end,
    models,
    tools,
    toolLanes: Math.max(1, ...tools.map(({ lane }) => lane + 1)),
    blocks: blocksOf(turns, isRunning).map((block, at) => blockBar(block, at + 1, end)),
    marks: entries.filter((entry) => entry.focus_id === focus.id),
    hooks: turns.flatMap(({ hooks }) => hooks).map(hookMark),
    context,
    mostTokens: Math.max(1, ...context.map(({ tokens }) => tokens)),
    costs: answers.flatMap(({ turn, startedAt, cost }) => (cost === null ? [] : [{ turn, start: startedAt, cost }])),
    activeMs: lengthOf(busy),
  };
}

function toolBars({ turn, calls }: Turn, now: number | null): ToolBar[] {
  return calls.flatMap((call) => {
    if (call.started_at === null) return [];
    const start = Date.parse(call.started_at);
    const end = endOfCall(call) ?? now ?? start;
    return [{ call, turn, start, end: Math.max(start, end), lane: 0 }];
  });
}

/** Bars that overlap lie in lanes below each other. */
function packed(bars: readonly ToolBar[]): ToolBar[] {
  const ends: number[] = [];
  return [...bars]
    .sort((a, b) => a.start - b.start)
    .map((bar) => {
      const free = ends.findIndex((end) => end <= bar.start);
      const lane = free >= 0 ? free : Math.min(ends.length, MOST_LANES - 1);
      ends[lane] = bar.end;
      return { ...bar, lane };
    });
}

function hookMark(group: HookGroup): HookMark {
  return { group, time: Date.parse(group.runs.at(-1)?.created_at ?? '') };
}

function blockBar(block: StepBlock, number: number, end: number): BlockBar {
  const [first, last] = [block.turns[0], block.turns.at(-1)];
  return { block, number, start: first?.startedAt ?? end, end: block.isOpen ? end : (last?.endedAt ?? end) };
}

/** What each prompt held, from when it was sent until the next one was. */
function contextPoints(turns: readonly Turn[], end: number): ContextPoint[] {
  const measured = turns.filter(({ usage }) => usage !== null);
  return measured.map(({ turn, usage, startedAt }, at) => {
    return { turn, tokens: usage?.input ?? 0, start: startedAt, end: measured[at + 1]?.startedAt ?? end };
  });
}
