/**
 * The engage loop: ask the model, run what it asks for, record, repeat. Its state is what the journal has; it keeps none
 * that a crash could take. It never throws for what the model or a tool did, only when the journal does.
 */
import type { LlmError, ToolResultBlock } from '../../llm/types.ts';
import { grown, requestTokens } from './context/grow.ts';
import { makeRoom, type Need } from './context/make-room.ts';
import type { ContextRows, RecordedMessage } from './context/types.ts';
import { runCall, settleCalls } from './run-call.ts';
import { streamAnswer } from './stream-answer.ts';
import type { ToolResult } from './tool.ts';
import type { EngageConfig, EngageDependencies, EngageResult, RecordedCall, WaitingCall } from './types.ts';

const CONTINUE = 'Your answer was cut at the token limit. Go on from where it stopped.';

type LoopState = {
  context: ContextRows;
  /** The calls of the newest answer, while its turn is open. */
  calls: RecordedCall[];
};

export async function engage(deps: EngageDependencies, config: EngageConfig): Promise<EngageResult> {
  const { context, callsOfLastTurn } = await deps.journal.load();
  const state: LoopState = { context, calls: callsOfLastTurn };
  await hearMeanwhile(deps, state);
  for (;;) {
    const last = state.context.messages.at(-1);
    if (last?.role === 'assistant') {
      const end = await finishTurn(deps, state, last);
      if (end) return end;
    }
    const end = await beginTurn(deps, config, state);
    if (end) return end;
  }
}

/** What people said while the focus was parked comes before its next answer. */
async function hearMeanwhile({ journal }: EngageDependencies, state: LoopState): Promise<void> {
  const last = state.context.messages.at(-1);
  if (last?.role !== 'user' || last.turn === 0) return;
  state.context = grown(state.context, { messages: await journal.hearPeople(last.turn) });
}

/** Guards, then one model call, then its record. */
async function beginTurn(
  deps: EngageDependencies,
  config: EngageConfig,
  state: LoopState,
): Promise<EngageResult | undefined> {
  if (deps.stopping.aborted) return { kind: 'stopped' };
  const turn = (state.context.messages.at(-1)?.turn ?? 0) + 1;
  const refused = await deps.limits.admit(turn);
  if (refused) return refused;
  const before = state.context;
  const end = await findRoom(deps, config, state, turn, { kind: 'reckoned' });
  if (end) return end;
  // A summary has used up what was held back for the answer.
  const refusedNow = state.context === before ? undefined : await deps.limits.admit(turn);
  return refusedNow ?? askModel(deps, config, state, turn);
}

async function askModel(
  deps: EngageDependencies,
  config: EngageConfig,
  state: LoopState,
  turn: number,
): Promise<EngageResult | undefined> {
  const before = state.context;
  const answer = await streamAnswer(deps, config, before, turn);
  if (answer.kind === 'failed') {
    await deps.limits.noAnswer(answer.error);
    if (answer.error.kind !== 'context_exceeded') return modelEnd(answer.error);
    const refused = await deps.limits.admit(turn);
    const end = refused ?? (await findRoom(deps, config, state, turn, { kind: 'refused' }));
    return end ?? (state.context === before ? modelEnd(answer.error) : undefined);
  }
  const { content, stopReason, usage } = answer.response;
  if (stopReason.kind === 'context_exceeded') {
    const end = await findRoom(deps, config, state, turn, { kind: 'refused', usage });
    if (end) return end;
    if (state.context !== before) {
      deps.emit({ type: 'retry', turn, reason: "The answer outgrew the model's context." });
      return undefined;
    }
  }
  const size = requestTokens([config.system, config.tools], before);
  const recorded = await deps.journal.recordAnswer({ turn, blocks: content, stopReason, usage, requestTokens: size });
  state.context = grown(state.context, { messages: [recorded.message] });
  state.calls = recorded.calls;
  return undefined;
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
  if (room.kind === 'failed') {
    await deps.limits.noAnswer(room.error);
    return modelEnd(room.error);
  }
  state.context = room.context;
  return undefined;
}

function modelEnd(error: LlmError): EngageResult {
  return error.kind === 'cancelled' ? { kind: 'stopped' } : { kind: 'model_failed', error };
}

/** Runs the open turn's calls and closes it, or says how the loop ends. */
async function finishTurn(
  deps: EngageDependencies,
  state: LoopState,
  answer: RecordedMessage,
): Promise<EngageResult | undefined> {
  const { turn } = answer;
  // The calls of an answer that was refused, or that outgrew the context, are not for running.
  const isWhole = answer.stopReason?.kind !== 'refusal' && answer.stopReason?.kind !== 'context_exceeded';
  if (state.calls.length > 0 && isWhole) {
    const ran = await runCalls(deps, state.calls);
    if (ran.kind !== 'results') return ran;
    const blocks = await withWarning(deps, turn, ran.blocks);
    const closed = await deps.journal.closeTurn({ turn, role: 'user', kind: 'tool_results', blocks });
    state.context = grown(state.context, closed);
    state.calls = [];
    return undefined;
  }
  return endOrContinue(deps, state, answer);
}

type RanCalls = { kind: 'results'; blocks: ToolResultBlock[] } | Extract<EngageResult, { kind: 'parked' | 'stopped' }>;

/** What can run runs, in the order of asking; then those that may have to wait are settled together. */
async function runCalls(deps: EngageDependencies, calls: readonly RecordedCall[]): Promise<RanCalls> {
  const results = new Map<string, ToolResult>();
  const waiting: WaitingCall[] = [];
  for (const call of calls) {
    // A focus that is aborted or held starts nothing more; the calls stay requested for whoever goes on.
    if (startsNothing(deps) && !call.result) return { kind: 'stopped' };
    const outcome = await runCall(deps, call);
    if ('evaluate' in outcome) waiting.push(outcome);
    else results.set(call.id, outcome);
  }
  if (waiting.length > 0) {
    if (startsNothing(deps)) return { kind: 'stopped' };
    const settled = await settleCalls(deps, waiting);
    if (settled.kind === 'parked') return settled;
    for (const [id, result] of settled.results) results.set(id, result);
  }
  return { kind: 'results', blocks: calls.map((call) => resultBlock(call, results.get(call.id))) };
}

const startsNothing = ({ abort, held }: EngageDependencies) => abort.aborted || held.aborted;

/** Below the last result, so that the model reads it with what it is about. */
async function withWarning({ limits }: EngageDependencies, turn: number, blocks: readonly ToolResultBlock[]) {
  const warning = await limits.warn(turn);
  if (warning === undefined) return [...blocks];
  return blocks.map((block, at): ToolResultBlock => {
    return at < blocks.length - 1 ? block : { ...block, content: `${block.content}\n\n${warning}` };
  });
}

function resultBlock({ id, providerCallId }: RecordedCall, result: ToolResult | undefined): ToolResultBlock {
  if (!result) throw new Error(`Tool call ${id} was left without a result.`);
  return { type: 'tool_result', toolUseId: providerCallId, content: result.content, isError: result.isError };
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
      const alreadyContinued = isContinuation(state.context.messages.at(-2));
      if (alreadyContinued) return { kind: 'end_turn', text };
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
    case 'other': {
      const heard = await deps.journal.hearPeople(answer.turn);
      if (heard.length === 0) return { kind: 'end_turn', text };
      state.context = grown(state.context, { messages: heard });
      return undefined;
    }
  }
}

/** Other remarks follow a turn's results. */
function isContinuation(message: RecordedMessage | undefined): boolean {
  return message?.kind === 'remark' && message.blocks.some((block) => block.type === 'text' && block.text === CONTINUE);
}
