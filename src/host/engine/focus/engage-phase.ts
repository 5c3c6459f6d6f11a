/** The middle phase: opens the model, hands the loop what it needs, and turns its end into a row. */
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { retryLost } from '../../db/retry-lost.ts';
import type { CostOf } from '../../llm/prices.ts';
import type { LlmClient, LlmError } from '../../llm/types.ts';
import { type EngageEnd, endEngage, readFocus } from '../../store/foci/foci.ts';
import { hasUnreadable } from '../../store/foci/messages.ts';
import { proveLease } from '../../store/work/leases.ts';
import { hasUnheard } from '../../store/work/messages.ts';
import { remarkOnFindings } from '../awareness/remark.ts';
import { engage } from '../engage/engage.ts';
import type { Tool } from '../engage/tool.ts';
import type { EngageConfig, EngageEvent, EngageResult, EngineQuestion, LoopEnd } from '../engage/types.ts';
import { pinnedTools } from '../tools/mcp-tools.ts';
import { pinnedWindowTools } from '../tools/vscode-tools.ts';
import { endingWhenHeld } from './ending-when-held.ts';
import { chargeRest, externalProgram, reportedCost } from './external-program.ts';
import { type ChosenModel, chooseModel, fallBack } from './fallback.ts';
import { knownFileOf } from './file-records.ts';
import { itemLimits } from './item-limits.ts';
import { DbJournal, type Remarks, type Settle } from './journal.ts';
import { DbLimits } from './limits.ts';
import { viewerOf } from './orient.ts';
import type { PhaseResult } from './phase-result.ts';
import { configFor, readConfig } from './pinned-config.ts';
import type { Claim, FocusDependencies, FocusEvent } from './types.ts';

/** What a focus waits for that has come upon the cap of the day. */
export const DAY = 'day';

/** How long an item sleeps whose provider asked for a long pause without saying how long. */
const DEFAULT_MODEL_PAUSE_MS = 5 * 60_000;

const UNREADABLE = {
  kind: 'unreadable',
  message: 'A later version of Animus recorded this conversation in a form that this one cannot read.',
};

const NO_PROGRAM = {
  kind: 'command_failed',
  message: 'The faculty has no command any more (mode = "external") with which this work began.',
};

const NO_OTHER: ChosenModel = { kind: 'none', missing: [] };

export async function engagePhase(deps: FocusDependencies, claim: Claim): Promise<PhaseResult> {
  const focus = await retryLost(() => readFocus(deps.db, claim.focus.id));
  if (!focus?.config) throw new Error(`Focus ${claim.focus.id} engages without a configuration.`);
  if (await retryLost(() => hasUnreadable(deps.db, claim.focus.id))) return { kind: 'begin_anew', error: UNREADABLE };
  const config = readConfig(focus.config);
  if (config.external) return engageExternally(deps, claim, config);
  const chosen = await chooseModel(deps, claim, focus, config);
  if (chosen.kind === 'none') return nothingToAsk(chosen.missing);
  let { model, client } = chosen;
  for (;;) {
    const result = await runLoop(deps, claim, configFor(config, model), client);
    if (result.kind === 'model_failed') {
      const { error, chosen: byHook } = result;
      const failed = byHook ?? { model, provider: client.provider };
      dropRefusedKey(deps, failed.provider, error);
      // What hooks decided holds for the turn, whichever model the focus has.
      const next = byHook ? NO_OTHER : await fallBack(deps, claim, config, model, error);
      if (next.kind === 'none') return modelFailed(deps, failed, error, next.missing);
      ({ model, client } = next);
      continue;
    }
    const concluded = await conclude(deps, claim, result);
    // Somebody said something while the loop ended: it goes on from its rows, and hears it.
    if (concluded) return concluded;
  }
}

/** With a program of the faculty's in the model's place. What it began is ended with the phase, however that ends. */
async function engageExternally(deps: FocusDependencies, claim: Claim, config: EngageConfig): Promise<PhaseResult> {
  const program = externalProgram(deps, claim);
  if (!program) return { kind: 'failed', error: NO_PROGRAM };
  try {
    for (;;) {
      const result = await runLoop(deps, claim, config, program);
      // A parked focus has no lease any more; what was reported before its calls is counted with them.
      const rest = result.kind === 'parked' ? undefined : program.takeRest();
      if (rest) await chargeRest(deps, claim, rest);
      if (result.kind === 'model_failed') {
        return modelFailed(deps, { model: config.model, provider: program.provider }, result.error, []);
      }
      const concluded = await conclude(deps, claim, result);
      if (concluded) return concluded;
    }
  } finally {
    await program.close();
  }
}

/** Whoever can ask one of the models lets the work go on, else any key that one of them lacks. */
function nothingToAsk(missing: ChosenModel['missing']): PhaseResult {
  const unasked = missing.flatMap((opened) => (opened.kind === 'unavailable' ? [opened.modelName] : []));
  if (unasked.length > 0) return waitForOffer(unasked);
  const providers = keyless(missing);
  if (providers.length > 0) return waitForCredentials(providers);
  const messages = missing.flatMap((opened) => (opened.kind === 'unknown' ? [opened.message] : []));
  return { kind: 'failed', error: { kind: 'unknown_model', message: messages.join(' '), final: true } };
}

function keyless(missing: ChosenModel['missing']): string[] {
  return missing.flatMap((opened) => (opened.kind === 'needs_credentials' ? [opened.provider] : []));
}

async function runLoop(
  deps: FocusDependencies,
  claim: Claim,
  config: EngageConfig,
  client: LlmClient,
): Promise<EngageResult> {
  const watchers = redactedEmitter(deps, claim);
  const { model } = config;
  const costOf = config.external ? reportedCost : deps.models.costOf;
  const tools = toolsOf(deps, claim, config);
  const limits = limitsFor(deps, claim, tools, costOf);
  const settle: Settle = (tx, usage, model) => limits.settle(tx, usage, model);
  const result = await engage(
    {
      client: endingWhenHeld(client, claim),
      tools,
      journal: new DbJournal(
        deps.db,
        claim.lease,
        model,
        deps.redactor,
        remarksFor(deps, claim),
        costOf,
        settle,
        config.context,
        callerOf(claim),
      ),
      limits,
      hooks: deps.hooksOf(claim),
      permissions: deps.permissionsOf(claim),
      openModel: (name) => {
        if (config.external) return undefined;
        const opened = deps.models.open(name);
        return opened.kind === 'ready' ? endingWhenHeld(opened.client, claim) : undefined;
      },
      context: {
        workItemId: claim.item.id,
        focusId: claim.focus.id,
        faculty: claim.faculty.name,
        workspace: deps.workspace,
        ...(deps.closedFolder ? { closedFolder: deps.closedFolder } : {}),
        ...(deps.isUnsaved ? { isUnsaved: deps.isUnsaved } : {}),
        knownFile: knownFileOf(deps.db, claim.focus.id),
      },
      emit: watchers.emit,
      stopping: claim.stopping,
      held: AbortSignal.any([claim.held, claim.abort]),
      // A tool that has begun ends by itself or at its time-out, unless the lease is lost.
      abort: claim.lost,
    },
    config,
  );
  watchers.end();
  return result;
}

/** Whoever the focus works for, its calls go the same way. */
const callerOf = ({ item }: Claim) => (item.parentId === null ? 'model' : 'child');

/** As the faculty has it now: unlike the digest, remarks are not fixed with the focus. */
function remarksFor(deps: FocusDependencies, claim: Claim): Remarks | undefined {
  const { awareness } = claim.faculty;
  if (!awareness.enabled || !awareness.remarks) return undefined;
  return (tx) => remarkOnFindings(tx, claim.focus.id, viewerOf(deps, claim), awareness);
}

function limitsFor(
  { db, headless, dayCapMicros }: FocusDependencies,
  { item, faculty, lease, stopping, held, abort }: Claim,
  tools: ReadonlyMap<string, Tool>,
  costOf: CostOf,
): DbLimits {
  const waitingTools = new Set([...tools.values()].filter(({ kind }) => kind === 'waiting').map(({ name }) => name));
  const ending = AbortSignal.any([stopping, held, abort]);
  const limits = itemLimits(item, faculty);
  return new DbLimits({ db, lease, item, limits, costOf, waitingTools, headless, dayCapMicros, ending });
}

/** The tools that were fixed for the focus; one that is gone by now is an error result when it is called. */
function toolsOf(deps: FocusDependencies, { faculty }: Claim, config: EngageConfig) {
  const names = new Set(config.tools.map(({ name }) => name));
  const own = [...deps.engineTools, ...deps.workspaceTools].filter(({ name }) => names.has(name));
  const mcp = pinnedTools(deps.mcp, faculty.mcp.servers, config.tools, new Set(config.readOnlyTools));
  const ofWindows = pinnedWindowTools(deps.windowTools, config.tools);
  return new Map([...own, ...mcp, ...ofWindows].map((tool) => [tool.name, tool]));
}

/** Undefined where the loop goes on after all. */
async function conclude(deps: FocusDependencies, claim: Claim, result: LoopEnd): Promise<PhaseResult | undefined> {
  switch (result.kind) {
    case 'stopped':
      return { kind: 'stopped' };
    case 'parked':
      return { kind: 'calls_wait', waitsFor: result.waitsFor };
    case 'end_turn':
      if (!(await recordEnd(deps, claim, { kind: 'end_turn', text: result.text }))) return undefined;
      return { kind: 'next', phase: 'consolidate' };
    case 'asks':
      return askPerson(result.question);
    case 'day_over':
      return { kind: 'parked', reason: { kind: 'budget', targets: [DAY], wakeInMs: result.endsInMs } };
    case 'unpriced':
      return { kind: 'failed', error: { kind: 'unknown_price', message: result.message, final: true } };
    case 'budget':
    case 'stuck':
    case 'refusal':
    case 'blocked':
      await recordEnd(deps, claim, { kind: result.kind, message: result.message });
      return { kind: 'next', phase: 'consolidate' };
  }
}

/** Nobody tries a key again that its provider refused, or whose account is empty. */
function dropRefusedKey(deps: FocusDependencies, provider: string, error: LlmError): void {
  const concernsKey = error.kind === 'auth' || error.kind === 'insufficient_quota';
  if (concernsKey && error.key) deps.models.rejectCredential(provider, error.key);
}

/** The focus rests until somebody answers. */
function askPerson(question: EngineQuestion): PhaseResult {
  const id = uuidv7();
  const kind = question.kind === 'budget' ? 'budget' : 'answer';
  return {
    kind: 'parked',
    reason: { kind, targets: [id], wakeInMs: null, question: { ...question, id, toolCallId: null } },
  };
}

function modelFailed(
  deps: FocusDependencies,
  { model, provider }: { model: string; provider: string },
  error: LlmError,
  missing: ChosenModel['missing'],
): PhaseResult {
  const failure = { kind: error.kind, message: deps.redactor.text(error.message) };
  switch (error.kind) {
    case 'auth':
    case 'insufficient_quota':
      return waitForCredentials([provider, ...keyless(missing)], failure.message);
    case 'rate_limited':
      return waitForModel(provider, error.retryAfterMs ?? DEFAULT_MODEL_PAUSE_MS, failure.message);
    case 'overloaded':
      if (error.retryAfterMs !== undefined) return waitForModel(provider, error.retryAfterMs, failure.message);
      return { kind: 'failed', error: failure };
    case 'unavailable':
      return waitForOffer([model]);
    case 'context_exceeded':
    case 'refused':
      return { kind: 'failed', error: { ...failure, final: true } };
    case 'api':
      return { kind: 'failed', error: error.status >= 500 ? failure : { ...failure, final: true } };
    case 'http':
    case 'stream_cut':
    case 'malformed':
    case 'command_failed':
    case 'cancelled':
      return { kind: 'failed', error: failure };
  }
}

function waitForCredentials(providers: string[], message?: string): PhaseResult {
  const targets = [...new Set(providers)];
  return { kind: 'parked', reason: { kind: 'credentials', targets, wakeInMs: null, message } };
}

function waitForModel(provider: string, wakeInMs: number, message: string): PhaseResult {
  return { kind: 'parked', reason: { kind: 'model', targets: [provider], wakeInMs, message } };
}

/** Until somebody who can ask one of the models is there; no time ends it. */
function waitForOffer(targets: string[]): PhaseResult {
  return { kind: 'parked', reason: { kind: 'model', targets, wakeInMs: null } };
}

/** False where the model ended by itself and somebody has said something that it has not heard. */
async function recordEnd(deps: FocusDependencies, claim: Claim, end: EngageEnd): Promise<boolean> {
  return retryLost(() =>
    deps.db.transaction(async (tx) => {
      await proveLease(tx, claim.lease);
      if (end.kind === 'end_turn' && (await hasUnheard(tx, claim.item.id))) return false;
      await endEngage(tx, claim.focus.id, end);
      return true;
    }),
  );
}

/** Streamed text is shown before it is stored, so it is redacted on its way, across the pieces it comes in. */
function redactedEmitter(deps: FocusDependencies, { focus, item }: Claim) {
  const ids = { focusId: focus.id, workItemId: item.id };
  let stream = deps.redactor.stream();
  let turn = 0;
  const send = (event: EngageEvent): void => deps.emit({ ...event, ...ids } as FocusEvent);
  const sendText = (text: string): void => {
    if (text !== '') send({ type: 'text', turn, text });
  };
  return {
    emit(event: EngageEvent): void {
      if (event.type === 'text') {
        turn = event.turn;
        sendText(stream.push(event.text));
        return;
      }
      const rest = stream.end();
      if (event.type !== 'retry') sendText(rest);
      stream = deps.redactor.stream();
      send(event);
    },
    /** What was held back shows, since nothing follows it. */
    end: () => sendText(stream.end()),
  };
}
