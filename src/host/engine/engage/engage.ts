/**
 * The engage loop: ask the model, run what it asks for, record, repeat. Its state is what the journal has; it keeps none
 * that a crash could take. It never throws for what the model or a tool did, only when the journal does.
 */
import type { LlmError, ToolResultBlock } from '../../llm/types.ts';
import { estimatePrompt, grown, requestTokens } from './context/grow.ts';
import { type ChosenByHook, makeRoom, type Need } from './context/make-room.ts';
import type { ContextRows, RecordedMessage } from './context/types.ts';
import { loadModelHooks, type ModelHookState, type Prepared, prepareRequest, withoutRemoved } from './model-hooks.ts';
import { runCalls } from './run-calls.ts';
import { streamAnswer } from './stream-answer.ts';
import type { EngageConfig, EngageDependencies, EngageResult, NextCall, RecordedCall } from './types.ts';
import { NOT_ASKED, TIME_IS_UP, withinTime } from './within-time.ts';

/** Of foci that were fixed before there was a choice. */
const MOST_PARALLEL = 8;

const CONTINUE = 'Your answer was cut at the token limit. Go on from where it stopped.';

const OUTGROWN = "The answer outgrew the model's context.";

type LoopState = {
  context: ContextRows;
  /** The calls of the newest answer, while its turn is open. */
  calls: RecordedCall[];
  modelHooks: ModelHookState;
};

export async function engage(deps: EngageDependencies, config: EngageConfig): Promise<EngageResult> {
  const { context, callsOfLastTurn } = await deps.journal.load();
  const newest = context.messages.at(-1);
  // An answer without calls needs nothing of what was decided for it, and hooks may have been asked about the next request.
  const isOpen = newest?.role === 'assistant' && callsOfLastTurn.length > 0;
  const turn = isOpen ? newest.turn : nextTurn(context);
  const modelHooks = await loadModelHooks(deps, turn);
  const state: LoopState = { context, calls: callsOfLastTurn, modelHooks };
  await hearMeanwhile(deps, state);
  for (;;) {
    const last = state.context.messages.at(-1);
    if (last?.role === 'assistant') {
      const end = await finishTurn(deps, config, state, last);
      if (end) return end;
    }
    const end = await beginTurn(deps, config, state);
    if (end) return end;
  }
}

/** What people said while the focus was parked comes before its next answer. */
async function hearMeanwhile({ journal }: EngageDependencies, state: LoopState): Promise<void> {
  const turn = nextTurn(state.context) - 1;
  if (state.context.messages.at(-1)?.role !== 'user' || turn === 0) return;
  state.context = grown(state.context, { messages: await journal.hearPeople(turn) });
}

/** Of an answer that is still to come: messages that hooks added to its request are of its turn already. */
function nextTurn({ messages }: ContextRows): number {
  const newest = messages.findLast(({ kind }) => kind !== 'hook');
  return (newest?.turn ?? 0) + 1;
}

/** Room, since only then is it known what the call sends, then guards, then hooks, then one model call, then its record. */
async function beginTurn(
  deps: EngageDependencies,
  config: EngageConfig,
  state: LoopState,
): Promise<EngageResult | undefined> {
  if (deps.stopping.aborted || deps.abort.aborted) return { kind: 'stopped' };
  const turn = nextTurn(state.context);
  const end = await findRoom(deps, config, state, turn, 'reckoned');
  if (end) return end;
  const refused = await deps.limits.admit(turn, nextCall(config, state.context));
  return refused ?? prepareTurn(deps, config, state, turn);
}

function nextCall(config: EngageConfig, context: ContextRows): NextCall {
  return { config, promptTokens: estimatePrompt(config, context) };
}

/** Hooks see the request as it would go out, and may change or forbid it. */
async function prepareTurn(
  deps: EngageDependencies,
  config: EngageConfig,
  state: LoopState,
  turn: number,
): Promise<EngageResult | undefined> {
  const prepared = await prepareRequest(deps, config, state.modelHooks, state.context, turn);
  const isEnding = deps.stopping.aborted || deps.abort.aborted;
  const next: EngageResult | Prepared = isEnding ? { kind: 'stopped' } : prepared;
  if (next.kind !== 'prepared') {
    await deps.limits.noAnswer(NOT_ASKED);
    return next;
  }
  state.context = grown(state.context, { messages: next.added });
  const refused = await admitChanged(deps, config, next, state.context, turn);
  if (refused) return refused;
  return askModel(deps, config, next, state, turn);
}

/** What was held back is for the focus's own call: what hooks made of it needs as much as it may use itself. */
async function admitChanged(
  { limits }: EngageDependencies,
  own: EngageConfig,
  { config: sent, added }: Extract<Prepared, { kind: 'prepared' }>,
  context: ContextRows,
  turn: number,
): Promise<EngageResult | undefined> {
  const isOwnModel = sent.model === own.model && sent.maxTokens <= own.maxTokens;
  if (isOwnModel && sent.system === own.system && added.length === 0) return undefined;
  await limits.noAnswer(NOT_ASKED);
  return limits.admit(turn, nextCall(sent, context));
}

/** Hooks may have chosen another model for the answer; room is made by the focus's own. */
async function askModel(
  deps: EngageDependencies,
  config: EngageConfig,
  { config: sent, client }: Extract<Prepared, { kind: 'prepared' }>,
  state: LoopState,
  turn: number,
): Promise<EngageResult | undefined> {
  const before = state.context;
  const answer = await withinTime(deps, (abort) => streamAnswer({ ...deps, client, abort }, sent, before, turn));
  if (answer.kind === 'time_up') {
    deps.emit({ type: 'retry', turn, reason: `It was cut off: ${TIME_IS_UP}.` });
    return undefined; // whoever admits the next call says how that ends
  }
  if (answer.kind === 'failed') {
    await deps.limits.noAnswer(answer.error);
    if (answer.error.kind !== 'context_exceeded') {
      return modelEnd(answer.error, sent.model === config.model ? undefined : { model: sent.model, client });
    }
    return askSmaller(deps, config, state, turn, answer.error);
  }
  const { content, stopReason, usage } = answer.response;
  const another = sent.model === config.model ? {} : { model: sent.model };
  const isOutgrown = stopReason.kind === 'context_exceeded';
  if (isOutgrown) {
    // Before room is made, which may cost a call of its own: that one is admitted to what is left.
    await deps.journal.recordSpent({ usage, ...another });
    const end = await findRoom(deps, config, state, turn, 'refused');
    if (end) return end;
    if (state.context !== before) {
      deps.emit({ type: 'retry', turn, reason: OUTGROWN });
      return undefined;
    }
  }
  const size = requestTokens([sent.system, sent.tools], before);
  const answered = { turn, blocks: content, stopReason, usage, requestTokens: size, isCounted: isOutgrown, ...another };
  const recorded = await deps.journal.recordAnswer(answered);
  state.context = grown(state.context, { messages: [recorded.message] });
  state.calls = recorded.calls;
  return undefined;
}

/** The loop goes on where there is less to send now. */
async function askSmaller(
  deps: EngageDependencies,
  config: EngageConfig,
  state: LoopState,
  turn: number,
  error: LlmError,
): Promise<EngageResult | undefined> {
  const before = state.context;
  const end = await findRoom(deps, config, state, turn, 'refused');
  return end || state.context !== before ? end : modelEnd(error);
}

/** Leaves the context as it is where it fits, or where nothing can be cut from it. */
async function findRoom(
  deps: EngageDependencies,
  config: EngageConfig,
  state: LoopState,
  turn: number,
  need: Need,
): Promise<EngageResult | undefined> {
  const room = await makeRoom({ deps, config, turn }, state.context, need);
  if (room.kind === 'room') {
    state.context = room.context;
    return undefined;
  }
  const error = room.kind === 'failed' ? room.error : NOT_ASKED;
  await deps.limits.noAnswer(error);
  return room.kind === 'failed' ? modelEnd(error, room.chosen) : room.end;
}

function modelEnd(error: LlmError, chosen?: ChosenByHook): EngageResult {
  if (error.kind === 'cancelled') return { kind: 'stopped' };
  if (!chosen) return { kind: 'model_failed', error };
  return { kind: 'model_failed', error, chosen: { model: chosen.model, provider: chosen.client.provider } };
}

/** Runs the open turn's calls and closes it, or says how the loop ends. */
async function finishTurn(
  deps: EngageDependencies,
  config: EngageConfig,
  state: LoopState,
  answer: RecordedMessage,
): Promise<EngageResult | undefined> {
  const { turn } = answer;
  // The calls of an answer that was refused, or that outgrew the context, are not for running.
  const isWhole = answer.stopReason?.kind !== 'refusal' && answer.stopReason?.kind !== 'context_exceeded';
  if (state.calls.length > 0 && isWhole) {
    const permissions = withoutRemoved(deps.permissions, state.modelHooks.removed);
    const mostAtOnce = config.maxParallelTools ?? MOST_PARALLEL;
    const ran = await runCalls({ ...deps, permissions }, state.calls, mostAtOnce);
    if (ran.kind !== 'results') return ran;
    const blocks = await withWarning(deps, turn, ran.blocks);
    const closed = await deps.journal.closeTurn({ turn, role: 'user', kind: 'tool_results', blocks });
    state.context = grown(state.context, closed);
    await tellAfterTurn(deps, config, answer, state.calls.length);
    state.calls = [];
    return undefined;
  }
  const end = await endOrContinue(deps, state, answer);
  await tellAfterTurn(deps, config, answer, 0);
  return end;
}

/** Below the last result, so that the model reads it with what it is about. */
async function withWarning({ limits }: EngageDependencies, turn: number, blocks: readonly ToolResultBlock[]) {
  const warning = await limits.warn(turn);
  if (warning === undefined) return [...blocks];
  return blocks.map((block, at): ToolResultBlock => {
    return at < blocks.length - 1 ? block : { ...block, content: `${block.content}\n\n${warning}` };
  });
}

/**
 * These hooks only look, once at each turn; a crash in between leaves them without this turn. One that called nothing ends
 * again where its end was not accepted, or the loop ended before the next answer.
 */
async function tellAfterTurn(
  { hooks, journal, abort }: EngageDependencies,
  { model }: EngageConfig,
  { turn, stopReason }: RecordedMessage,
  toolCalls: number,
): Promise<void> {
  if (!(await hooks.matches('AfterTurn', model))) return;
  if (toolCalls === 0 && (await journal.hasHookRuns(turn))) return;
  const runs = await hooks.afterTurn({ turn, model, stopReason: stopReason?.kind ?? 'end_turn', toolCalls }, abort);
  await journal.keepHookRuns(turn, runs);
}

async function endOrContinue(
  deps: EngageDependencies,
  state: LoopState,
  answer: RecordedMessage,
): Promise<EngageResult | undefined> {
  const text = answer.blocks.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('');
  const stop = answer.stopReason ?? { kind: 'end_turn' };
  switch (stop.kind) {
    case 'pause_turn':
      return undefined; // the answer goes back as it is, and the model takes it up
    case 'max_tokens': {
      if (isContinued(state.context.messages)) return endUnlessHeard(deps, state, answer, text);
      const blocks = [{ type: 'text' as const, text: CONTINUE }];
      const closed = await deps.journal.closeTurn({ turn: answer.turn, role: 'user', kind: 'remark', blocks });
      state.context = grown(state.context, closed);
      return undefined;
    }
    case 'refusal':
      return { kind: 'refusal', message: text || 'The model refused to go on.' };
    case 'context_exceeded':
      return {
        kind: 'model_failed',
        error: { kind: 'context_exceeded', message: "The conversation no longer fits the model's context." },
      };
    case 'end_turn':
    case 'tool_use':
    case 'stop_sequence':
    case 'other':
      return endUnlessHeard(deps, state, answer, text);
  }
}

/** Whoever said something meanwhile is heard first: the end is not accepted before that. */
async function endUnlessHeard(
  { journal }: EngageDependencies,
  state: LoopState,
  { turn }: RecordedMessage,
  text: string,
): Promise<EngageResult | undefined> {
  const heard = await journal.hearPeople(turn);
  if (heard.length === 0) return { kind: 'end_turn', text };
  state.context = grown(state.context, { messages: heard });
  return undefined;
}

/** Whether the newest answer goes on from a cut one. Other remarks follow a turn's results, and hooks add to a request. */
function isContinued(messages: readonly RecordedMessage[]): boolean {
  const asked = messages.slice(0, -1).findLast(({ kind }) => kind !== 'hook');
  return asked?.kind === 'remark' && asked.blocks.some((block) => block.type === 'text' && block.text === CONTINUE);
}
