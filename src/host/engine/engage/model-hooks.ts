/**
 * What hooks make of a model call. Their decisions are rows before the call goes out: a loop that goes on takes them from
 * there and asks no hook again. The tools' list is never touched: a tool that a hook takes away is denied when it is called.
 */

import { CHARACTERS_PER_TOKEN } from '../../llm/estimate-tokens.ts';
import type { CompletionRequest } from '../../llm/types.ts';
import { measureMessages } from './context/measure.ts';
import type { ContextRows } from './context/types.ts';
import type { BeforeModel, HookDecision, ModelPatch } from './hooks.ts';
import type { Permission, Permissions } from './permissions.ts';
import { buildRequest } from './stream-answer.ts';
import type { EngageConfig, EngageDependencies, RecordedMessage, SentPrefix } from './types.ts';

/** What the loop keeps of it between turns. */
export type ModelHookState = {
  /** Decisions that were recorded for the turn whose answer is still to come. */
  recorded: { turn: number; runs: readonly HookDecision[] };
  sent: SentPrefix;
  /** The tools that hooks took away from the turn, with the hook's name. */
  removed: ReadonlyMap<string, string>;
};

/** What hooks add stays in every request that follows: in a turn so many characters, and in all a part of the window. */
const MOST_CHARACTERS_IN_TURN = 32_000;
const MOST_OF_WINDOW = 0.2;

export type Prepared =
  | { kind: 'prepared'; config: EngageConfig; client: EngageDependencies['client']; added: RecordedMessage[] }
  | { kind: 'blocked'; message: string };

/** As the journal has it, for a loop that begins or goes on. `turn`: the one that is open, or the next. */
export async function loadModelHooks({ journal }: EngageDependencies, turn: number): Promise<ModelHookState> {
  const { runs, sent } = await journal.readModelHooks(turn);
  return { recorded: { turn, runs }, sent, removed: removedTools(runs) };
}

export async function prepareRequest(
  deps: EngageDependencies,
  config: EngageConfig,
  state: ModelHookState,
  context: ContextRows,
  turn: number,
): Promise<Prepared> {
  const isRecorded = state.recorded.turn === turn && state.recorded.runs.length > 0;
  const request = () => buildRequest(config, context, turn);
  const asked = { turn, request, purpose: 'answer', messageRoom: messageRoom(config, context) } as const;
  const runs = isRecorded ? state.recorded.runs : await askHooks(deps, config, asked);
  state.removed = removedTools(runs);
  const patches = runs.map(patchOf);
  const patched = withPatches(config, patches);
  const breaks = breaksOf(config, patched, state.sent);
  let added: RecordedMessage[] = [];
  if (!isRecorded && (runs.length > 0 || Object.keys(breaks).length > 0)) {
    const texts = patches.flatMap(({ messages: own }) => own ?? []);
    added = await deps.journal.keepModelHooks({ turn, runs, messages: texts, breaks });
    state.sent = { ...state.sent, ...breaks };
    // A request that did not fit goes out again in this turn, with what was decided.
    state.recorded = { turn, runs };
  }
  const prepared = blockOf(runs) ?? withClient(deps, config, patched);
  return prepared.kind === 'blocked' ? prepared : { ...prepared, added };
}

export type PreparedSummary = Pick<Extract<Prepared, { kind: 'prepared' }>, 'kind' | 'config' | 'client'>;

/**
 * Hooks are shown a call that makes a summary as they are shown any other, and again where it is made again after a crash.
 * They may forbid it, and choose its model, temperature and length.
 */
export async function prepareSummary(
  deps: EngageDependencies,
  config: EngageConfig,
  request: CompletionRequest,
  turn: number,
): Promise<PreparedSummary | Extract<Prepared, { kind: 'blocked' }>> {
  const asked = { turn, request: () => request, purpose: 'summary', messageRoom: MOST_CHARACTERS_IN_TURN } as const;
  const runs = await askHooks(deps, config, asked);
  if (runs.length > 0) await deps.journal.keepHookRuns(turn, runs);
  const patched = { ...withPatches(config, runs.map(patchOf)), system: config.system };
  return blockOf(runs) ?? withClient(deps, config, patched);
}

type Asked = Pick<BeforeModel, 'turn' | 'purpose' | 'messageRoom'> & { request(): CompletionRequest };

async function askHooks(
  deps: EngageDependencies,
  { model }: EngageConfig,
  { request, ...asked }: Asked,
): Promise<readonly HookDecision[]> {
  if (!(await deps.hooks.matches('BeforeLLMCall', model))) return [];
  const isUsable = (chosen: string) => deps.openModel(chosen) !== undefined;
  return deps.hooks.beforeModel({ ...asked, model, request: request(), isUsable }, deps.abort);
}

function messageRoom({ context: { windowTokens } }: EngageConfig, { messages }: ContextRows): number {
  const there = measureMessages(messages.filter(({ kind }) => kind === 'hook'));
  const left = Math.floor((windowTokens * MOST_OF_WINDOW - there) * CHARACTERS_PER_TOKEN);
  return Math.max(0, Math.min(MOST_CHARACTERS_IN_TURN, left));
}

const patchOf = ({ patch }: HookDecision) => (patch ?? {}) as ModelPatch;

function blockOf(runs: readonly HookDecision[]): Extract<Prepared, { kind: 'blocked' }> | undefined {
  const block = runs.find(({ outcome }) => outcome === 'blocked');
  return block && { kind: 'blocked', message: block.reason ?? `Blocked by the hook ${block.hook}.` };
}

function withClient(
  deps: EngageDependencies,
  own: EngageConfig,
  config: EngageConfig,
): PreparedSummary | Extract<Prepared, { kind: 'blocked' }> {
  const client = config.model === own.model ? deps.client : deps.openModel(config.model);
  if (client) return { kind: 'prepared', config, client };
  return { kind: 'blocked', message: `A hook chose the model ${config.model}, which cannot be used now.` };
}

/** The last patch of a key counts: each hook saw what the one before left. */
function withPatches(config: EngageConfig, patches: readonly ModelPatch[]): EngageConfig {
  const patched = { ...config };
  for (const { system, model, temperature, max_tokens: maxTokens } of patches) {
    if (system !== undefined) patched.system = [system];
    if (model !== undefined) patched.model = model;
    if (temperature !== undefined) patched.temperature = temperature;
    if (maxTokens !== undefined) patched.maxTokens = maxTokens;
  }
  return patched;
}

/** In what the prefix differs from the one sent before, patched or not: the provider's cache breaks there. */
function breaksOf(config: EngageConfig, patched: EngageConfig, sent: SentPrefix): { system?: string; model?: string } {
  const own = { system: config.system.join('\n\n'), model: config.model };
  const now = { system: patched.system.join('\n\n'), model: patched.model };
  return {
    ...(now.system === (sent.system ?? own.system) ? {} : { system: now.system }),
    ...(now.model === (sent.model ?? own.model) ? {} : { model: now.model }),
  };
}

function removedTools(runs: readonly HookDecision[]): ReadonlyMap<string, string> {
  return new Map(
    runs.flatMap(({ hook, patch }) => ((patch as ModelPatch | null)?.tools_removed ?? []).map((tool) => [tool, hook])),
  );
}

/** The turn's permissions, without the tools that hooks took away from it. */
export function withoutRemoved(permissions: Permissions, removed: ReadonlyMap<string, string>): Permissions {
  if (removed.size === 0) return permissions;
  return {
    async decide(asked): Promise<Permission> {
      const hook = removed.get(asked.tool.name);
      if (hook === undefined) return permissions.decide(asked);
      return { kind: 'denied', reason: `The hook ${hook} took the tool ${asked.tool.name} away for this turn.` };
    },
  };
}
