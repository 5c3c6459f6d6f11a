/**
 * Room for the next request, where it would fill too much of the model's window or did not fit: first the ledger stands for
 * all but the newest messages, then a summary. Each at most once a turn, and recorded before the request goes out.
 */
import type { LlmClient, LlmError } from '../../../llm/types.ts';
import { prepareSummary } from '../model-hooks.ts';
import type { EngageConfig, EngageDependencies, EngageResult, NextCall, RecordCut } from '../types.ts';
import { withinTime } from '../within-time.ts';
import { planCompaction, planSummary, usableTokens } from './compact.ts';
import { estimatePrompt, grown } from './grow.ts';
import { type Summary, summarise, summaryRequest, summaryTokens } from './summarise.ts';
import type { ContextRows, RoomCut } from './types.ts';

export type Room =
  /** What there is now: the same rows where they fit, or where nothing is left that could be cut. */
  | { kind: 'room'; context: ContextRows }
  /** There is nothing to pay a summary from, or another limit is reached, or a hook forbade the one that was needed. */
  | { kind: 'refused'; end: EngageResult }
  /** The model did not answer, and would not answer the next request either. */
  | { kind: 'failed'; error: LlmError; chosen?: ChosenByHook };

/** The model of a call, where hooks chose another one than the focus's own. */
export type ChosenByHook = { model: string; client: LlmClient };

/** Why room is made: by our own reckoning, or because the model said that the request did not fit. */
export type Need = 'reckoned' | 'refused';

type Parts = { deps: EngageDependencies; config: EngageConfig; turn: number };

export async function makeRoom(parts: Parts, context: ContextRows, need: Need): Promise<Room> {
  const usable = usableTokens(parts.config.context);
  const measured = estimatePrompt(parts.config, context);
  if (need === 'reckoned' && measured <= usable) return { kind: 'room', context };
  // A model that refuses less than what we reckoned with has a smaller window than we know.
  const limit = Math.min(usable, measured);
  const plan = wasCut(context, parts.turn, 'compaction')
    ? undefined
    : planCompaction(context, parts.config.context, limit);
  if (!plan) return cutWithSummary(parts, context, need, limit);
  const compacted = await cut(parts, context, { kind: 'compaction', ...plan });
  if (need === 'refused' || estimatePrompt(parts.config, compacted) <= limit) {
    return { kind: 'room', context: compacted };
  }
  return cutWithSummary(parts, compacted, 'reckoned', limit);
}

async function cutWithSummary(parts: Parts, context: ContextRows, need: Need, limit: number): Promise<Room> {
  const plan = wasCut(context, parts.turn, 'summary') ? undefined : planSummary(context, parts.config.context, limit);
  if (!plan) return { kind: 'room', context };
  const { deps, config: own, turn } = parts;
  const prepared = await prepareSummary(deps, own, summaryRequest(own, context, limit), turn);
  // What is over the threshold may still fit; what the model refused does not.
  if (prepared.kind === 'blocked' && need === 'reckoned') return { kind: 'room', context };
  if (prepared.kind === 'blocked') return { kind: 'refused', end: prepared };
  const { config, client } = prepared;
  const request = summaryRequest(config, context, limit);
  const call = { config: { ...config, maxTokens: request.maxTokens }, promptTokens: summaryTokens(request) };
  const isOwnModel = config.model === own.model;
  const said = await askForSummary(parts, call, (abort) => summarise(client, request, abort));
  if (said.kind === 'refused') return said;
  if (said.kind === 'failed') {
    if (!isAboutThis(said.error)) return isOwnModel ? said : { ...said, chosen: { model: config.model, client } };
    await deps.limits.noAnswer(said.error);
    return { kind: 'room', context };
  }
  const another = isOwnModel ? {} : { model: config.model };
  const spent = { usage: said.usage, ...another };
  const summed = await cut(parts, context, { kind: 'summary', ...plan, summary: said.text, spent });
  return { kind: 'room', context: summed };
}

/** One that the work's time cut off is asked for again where there is more time after all. */
async function askForSummary(
  { deps, turn }: Parts,
  call: NextCall,
  ask: (abort: AbortSignal) => Promise<Summary>,
): Promise<Summary | Extract<Room, { kind: 'refused' }>> {
  for (;;) {
    const end = await deps.limits.admit(turn, call);
    if (end) return { kind: 'refused', end };
    const said = await withinTime(deps, ask);
    if (said.kind !== 'time_up') return said;
  }
}

const isAboutThis = ({ kind }: LlmError) => ['context_exceeded', 'refused', 'malformed'].includes(kind);

type NewCut = Omit<RecordCut, 'turn' | 'measuredTokens'>;

async function cut({ deps, config, turn }: Parts, context: ContextRows, made: NewCut) {
  const measuredTokens = estimatePrompt(config, context);
  return grown(context, { cut: await deps.journal.recordCut({ ...made, turn, measuredTokens }) });
}

const wasCut = ({ cuts }: ContextRows, turn: number, kind: RoomCut['kind']) =>
  cuts.some((made) => made.kind === kind && made.turn === turn);
