/**
 * The engage loop: ask the model, run what it asks for, record, repeat. Its state is what the journal has; it keeps none
 * that a crash could take. It never throws for what the model or a tool did, only when the journal does.
 */
import { loadModelHooks, type ModelHookState, prepareRequest, withoutRemoved } from './model-hooks.ts';
import { runCalls } from './run-calls.ts';
import { streamAnswer } from './stream-answer.ts';
import type { EngageConfig, EngageDependencies, EngageResult, RecordedCall, RecordedMessage } from './types.ts';

/** Of foci that were fixed before there was a choice. */
const MOST_PARALLEL = 8;

const CONTINUE = 'Your answer was cut at the token limit. Go on from where it stopped.';

type LoopState = {
  messages: RecordedMessage[];
  /** The calls of the newest answer, while its turn is open. */
  calls: RecordedCall[];
  modelHooks: ModelHookState;
};

export async function engage(deps: EngageDependencies, config: EngageConfig): Promise<EngageResult> {
  const { messages, callsOfLastTurn } = await deps.journal.load();
  const newest = messages.at(-1);
  const turn = newest?.role === 'assistant' ? newest.turn : nextTurn(messages);
  const modelHooks = await loadModelHooks(deps, turn);
  const state: LoopState = { messages, calls: callsOfLastTurn, modelHooks };
  for (;;) {
    const last = state.messages.at(-1);
    if (last?.role === 'assistant') {
      const end = await finishTurn(deps, config, state, last);
      if (end) return end;
    }
    const end = await beginTurn(deps, config, state);
    if (end) return end;
  }
}

/** Of an answer that is still to come: messages that hooks added to its request are of its turn already. */
function nextTurn(messages: readonly RecordedMessage[]): number {
  const newest = messages.findLast(({ kind }) => kind !== 'hook');
  return (newest?.turn ?? 0) + 1;
}

/** Guards, then hooks, then one model call, then its record. */
async function beginTurn(
  deps: EngageDependencies,
  config: EngageConfig,
  state: LoopState,
): Promise<EngageResult | undefined> {
  if (deps.stopping.aborted || deps.abort.aborted) return { kind: 'stopped' };
  const turn = nextTurn(state.messages);
  if (turn > config.maxTurns) {
    return { kind: 'budget', message: `The limit of ${config.maxTurns} turns is reached.` };
  }
  const prepared = await prepareRequest(deps, config, state.modelHooks, state.messages, turn);
  if (deps.abort.aborted) return { kind: 'stopped' };
  if (prepared.kind === 'blocked') return prepared;
  state.messages.push(...prepared.added);
  const { client } = prepared;
  const answer = await streamAnswer({ ...deps, client }, prepared.config, state.messages, turn);
  if (answer.kind === 'failed') {
    if (answer.error.kind === 'cancelled') return { kind: 'stopped' };
    return { kind: 'model_failed', error: answer.error };
  }
  const { content, stopReason, usage } = answer.response;
  const { model } = prepared.config;
  const another = model === config.model ? {} : { model };
  const recorded = await deps.journal.recordAnswer({ turn, blocks: content, stopReason, usage, ...another });
  state.messages.push(recorded.message);
  state.calls = recorded.calls;
  return undefined;
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
    const { blocks } = ran;
    state.messages.push(...(await deps.journal.closeTurn({ turn, role: 'user', kind: 'tool_results', blocks })));
    await tellAfterTurn(deps, config, answer, state.calls.length);
    state.calls = [];
    return undefined;
  }
  const end = await endOrContinue(deps, state, answer);
  await tellAfterTurn(deps, config, answer, 0);
  return end;
}

/** These hooks only look; a crash in between leaves them without this turn. */
async function tellAfterTurn(
  { hooks, journal, abort }: EngageDependencies,
  { model }: EngageConfig,
  { turn, stopReason }: RecordedMessage,
  toolCalls: number,
): Promise<void> {
  if (!(await hooks.matches('AfterTurn', model))) return;
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
      const alreadyContinued = isContinuation(state.messages.at(-2));
      if (alreadyContinued) return { kind: 'end_turn', text };
      state.messages.push(...(await remark(deps, answer.turn, CONTINUE)));
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
    case 'other': {
      const heard = await deps.journal.hearPeople(answer.turn);
      if (heard.length === 0) return { kind: 'end_turn', text };
      state.messages.push(...heard);
      return undefined;
    }
  }
}

function remark({ journal }: EngageDependencies, turn: number, text: string): Promise<RecordedMessage[]> {
  return journal.closeTurn({ turn, role: 'user', kind: 'remark', blocks: [{ type: 'text', text }] });
}

/** Other remarks follow a turn's results. */
function isContinuation(message: RecordedMessage | undefined): boolean {
  return message?.kind === 'remark' && message.blocks.some((block) => block.type === 'text' && block.text === CONTINUE);
}
