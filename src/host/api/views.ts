/** From rows to what goes over the wire: snake_case, ISO times, and reasons in words. */
import type { FocusLimits, FocusView, LedgerEntryView } from '../../protocol/focus.ts';
import type { BudgetView, WorkView } from '../../protocol/work.ts';
import { shortId } from '../../rendezvous/ids.ts';
import { contextTokens } from '../llm/context-sizes.ts';
import type { Provider } from '../providers/types.ts';
import type { Budget } from '../store/budgets/budgets.ts';
import type { Focus } from '../store/foci/foci.ts';
import type { Spending } from '../store/foci/spending.ts';
import type { ServedPlace } from '../store/hosts/hosts.ts';
import type { LedgerEntry } from '../store/ledger/ledger.ts';
import type { Question } from '../store/questions/questions.ts';
import type { WorkEvent } from '../store/work/find.ts';
import type { WorkItem } from '../store/work/types.ts';
import type { Wait } from '../store/work/waits.ts';
import { viewQuestion } from './question-view.ts';
import { unroutableReason } from './unroutable.ts';

export type WorkFacts = {
  wait: Wait | null;
  /** What it waits to be told. */
  question?: Question | undefined;
  /** Of the item's place. */
  served: ServedPlace | undefined;
  allPaused: boolean;
  spending: Spending;
  /** Of whom its wait may be for a key. */
  providers: readonly Provider[];
};

export function viewWork(item: WorkItem, facts: WorkFacts): WorkView {
  const { wait, question, served, allPaused, spending, providers } = facts;
  const open = item.state === 'waiting' && wait ? viewWait(wait, question, providers) : null;
  const pause = pauseOf(item, allPaused);
  return {
    id: item.id,
    short_id: shortId(item.id),
    faculty: item.faculty,
    description: item.description,
    params: item.params,
    model: item.model,
    priority: item.priority,
    state: item.state,
    reason: pause ? pausedReason(item, pause, wait) : reasonOf(item, wait, served),
    wait: pause ? { kind: 'paused', targets: [], next: pause.next } : open,
    paused: item.pausedAt !== null && pause !== null,
    moved_from: item.movedFrom,
    ...(open && question ? { question: viewQuestion(question) } : {}),
    merged_into: item.mergedInto,
    retry_of: item.retryOf,
    follow_up_of: item.followUpOf,
    parent_id: item.parentId,
    attempts: item.attempts,
    max_attempts: item.maxAttempts,
    cost_usd: spending.costMicros === null ? null : spending.costMicros / 1_000_000,
    estimated: spending.isEstimated,
    scripted: spending.isScripted,
    outcome: item.outcome,
    event_seq: item.eventSeq,
    available_at: item.availableAt.toISOString(),
    created_at: item.createdAt.toISOString(),
    updated_at: item.updatedAt.toISOString(),
    resolved_at: item.resolvedAt?.toISOString() ?? null,
  };
}

type Pause = { words: string; next: string };

/** Null where the item has ended, or nobody holds it. What waits for something else is held by a pause of its own only. */
function pauseOf({ id, state, pausedAt }: WorkItem, allPaused: boolean): Pause | null {
  if (state !== 'queued' && state !== 'running' && state !== 'waiting') return null;
  if (pausedAt !== null) return { words: 'paused', next: `Paused. To let it go on: animus work resume ${shortId(id)}` };
  if (!allPaused || state === 'waiting') return null;
  const next = 'All work here is paused. To let it go on: animus work resume --all';
  return { words: 'paused, as all work here', next };
}

function pausedReason({ state }: WorkItem, { words }: Pause, wait: Wait | null): string {
  if (state === 'running') return 'pausing: it ends at its next recorded point';
  return state === 'waiting' && wait && wait.kind !== 'paused' ? `${words}; waits for ${wait.kind}` : words;
}

function reasonOf(item: WorkItem, wait: Wait | null, served: ServedPlace | undefined): string | null {
  if (item.state === 'waiting') return wait ? `waits for ${wait.kind}` : 'waits';
  if (item.state === 'merged' && item.mergedInto) return `merged into ${shortId(item.mergedInto)}`;
  if (item.state !== 'queued') return null;
  const unroutable = unroutableReason(item.faculty, served);
  if (unroutable !== null) return unroutable;
  if (item.availableAt.getTime() > Date.now()) {
    return `${item.attempts > 0 ? 'to be retried' : 'delayed'} until ${item.availableAt.toISOString()}`;
  }
  return null;
}

/** Of what an item waits for; a list of items has to stay small. */
const MOST_TARGETS = 32;

function viewWait(
  { kind, targets, wakeAt }: Wait,
  question: Question | undefined,
  providers: WorkFacts['providers'],
): NonNullable<WorkView['wait']> {
  const provider = typeof targets[0] === 'string' ? targets[0] : 'the provider';
  const variable = providers.find(({ name }) => name === provider)?.key?.variable ?? 'its key';
  const until = wakeAt ? ` at ${wakeAt.toISOString()}` : '';
  const next =
    kind === 'credentials'
      ? `No usable key for ${provider}. Set ${variable} and run any animus command here: the work goes on by itself. Or submit it with ANIMUS_MODEL=scripted/demo to see a script answer.`
      : kind === 'model'
        ? waitForModel(provider, wakeAt !== null, until)
        : kind === 'children'
          ? waitForChildren(targets, until)
          : kind === 'approval'
            ? 'A call asks for your permission. See it and decide: animus approvals'
            : question
              ? `It asks: ${question.text} Answer it: animus answer ${shortId(question.id)}`
              : kind === 'budget'
                ? `What may be spent in a day is spent. The work goes on by itself${until}.`
                : `The work goes on when ${kind} is there.`;
  return { kind, targets: targets.slice(0, MOST_TARGETS), next };
}

/** Without a time it is one of VS Code's: no window that may be asked has it. */
function waitForModel(target: string, hasTime: boolean, until: string): string {
  if (hasTime) return `${target} asked for a pause; the work goes on by itself${until}.`;
  return `No open VS Code window that Animus may ask has ${target}. Choose it there (Animus: Choose Model): the work goes on by itself.`;
}

function waitForChildren(targets: Wait['targets'], until: string): string {
  const children = targets.length === 1 ? 'its child' : `${targets.length} children`;
  return `It awaits ${children} and goes on by itself${until === '' ? '' : `, at the latest${until}`}.`;
}

export function viewEvent({ fromState, toState, createdAt, ...rest }: WorkEvent) {
  return { ...rest, from_state: fromState, to_state: toState, created_at: createdAt.toISOString() };
}

export function viewFocus(focus: Focus, budget?: Budget): FocusView {
  return {
    id: focus.id,
    short_id: shortId(focus.id),
    work_item_id: focus.workItemId,
    attempt: focus.attempt,
    faculty: focus.faculty,
    phase: focus.phase,
    status: focus.status,
    model: focus.model,
    scripted: focus.model?.startsWith('scripted/') ?? false,
    iterations: focus.iterations,
    input_tokens: focus.usage.input ?? 0,
    output_tokens: focus.usage.output ?? 0,
    cost_usd: focus.costMicros === null ? null : focus.costMicros / 1_000_000,
    estimated: focus.usage.estimated ?? false,
    limits: limitsOf(focus, budget),
    error: focus.error,
    started_at: focus.startedAt.toISOString(),
    ended_at: focus.endedAt?.toISOString() ?? null,
    pruned_at: focus.prunedAt?.toISOString() ?? null,
  };
}

/** As they are now: they may have been raised since the focus began. Before it engages nobody has counted any turns. */
function limitsOf({ config, model }: Focus, budget: Budget | undefined): FocusLimits {
  const turns = budget?.maxTurns ?? config?.maxTurns;
  const limited = budget?.maxCostMicros ?? null;
  return {
    max_turns: typeof turns === 'number' ? turns : null,
    context_tokens: model === null ? null : contextTokens(model),
    cost_usd: limited === null ? null : limited / MICROS,
    ...(budget && limited !== null ? { spent_usd: budget.spentCostMicros / MICROS } : {}),
  };
}

export function viewBudget(budget: Budget): BudgetView {
  const { maxCostMicros, maxDurationMs } = budget;
  return {
    max_turns: budget.maxTurns,
    max_tokens: budget.maxTokens,
    max_cost_usd: maxCostMicros === null ? null : maxCostMicros / MICROS,
    max_duration_seconds: maxDurationMs === null ? null : maxDurationMs / 1000,
    spent_tokens: budget.spentTokens,
    spent_cost_usd: budget.spentCostMicros / MICROS,
    spent_seconds: budget.spentMs / 1000,
  };
}

const MICROS = 1_000_000;

export function viewEntry(entry: LedgerEntry): LedgerEntryView {
  return {
    id: entry.id,
    work_item_id: entry.workItemId,
    focus_id: entry.focusId,
    faculty: entry.faculty,
    seq: entry.seq,
    entry_type: entry.entryType,
    content: entry.content,
    data: entry.data,
    created_at: entry.createdAt.toISOString(),
  };
}
