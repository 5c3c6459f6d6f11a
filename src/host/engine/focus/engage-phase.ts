/** The middle phase: opens the model, hands the loop what it needs, and turns its end into a row. */
import { retryLost } from '../../db/retry-lost.ts';
import type { LlmClient, LlmError } from '../../llm/types.ts';
import { type EngageEnd, endEngage, readFocus } from '../../store/foci/foci.ts';
import { readKnownFile } from '../../store/foci/known-files.ts';
import { proveLease } from '../../store/work/leases.ts';
import { hasUnheard } from '../../store/work/messages.ts';
import { remarkOnFindings } from '../awareness/remark.ts';
import { engage } from '../engage/engage.ts';
import type { KnownFile } from '../engage/tool.ts';
import type { EngageConfig, EngageEvent, EngageResult } from '../engage/types.ts';
import { pinnedTools } from '../tools/mcp-tools.ts';
import { DbJournal, type Remarks } from './journal.ts';
import { viewerOf } from './orient.ts';
import type { PhaseResult } from './phase-result.ts';
import type { Claim, FocusDependencies, FocusEvent } from './types.ts';

/** How long an item sleeps whose provider asked for a long pause without saying how long. */
const DEFAULT_MODEL_PAUSE_MS = 5 * 60_000;

export async function engagePhase(deps: FocusDependencies, claim: Claim): Promise<PhaseResult> {
  const focus = await retryLost(() => readFocus(deps.db, claim.focus.id));
  const config = focus?.config as EngageConfig | null | undefined;
  if (!config) throw new Error(`Focus ${claim.focus.id} engages without a configuration.`);
  const opened = deps.models.open(config.model);
  if (opened.kind === 'unknown') {
    return { kind: 'failed', error: { kind: 'unknown_model', message: opened.message, final: true } };
  }
  if (opened.kind === 'needs_credentials') return waitForCredentials(opened.provider);
  for (;;) {
    const result = await runLoop(deps, claim, config, opened.client);
    const concluded = await conclude(deps, claim, opened.client.provider, result);
    // Somebody said something while the loop ended: it goes on from its rows, and hears it.
    if (concluded) return concluded;
  }
}

async function runLoop(
  deps: FocusDependencies,
  claim: Claim,
  config: EngageConfig,
  client: LlmClient,
): Promise<EngageResult> {
  const watchers = redactedEmitter(deps, claim);
  const result = await engage(
    {
      client,
      tools: toolsOf(deps, claim, config),
      journal: new DbJournal(deps.db, claim.lease, config.model, deps.redactor, remarksFor(deps, claim)),
      context: {
        workItemId: claim.item.id,
        focusId: claim.focus.id,
        faculty: claim.faculty.name,
        workspace: deps.workspace,
        ...(deps.closedFolder ? { closedFolder: deps.closedFolder } : {}),
        knownFile: (path) => knownFile(deps, claim.focus.id, path),
      },
      emit: watchers.emit,
      stopping: claim.stopping,
      abort: claim.abort,
    },
    config,
  );
  watchers.end();
  return result;
}

async function knownFile({ db }: FocusDependencies, focusId: string, path: string): Promise<KnownFile | undefined> {
  const file = await retryLost(() => readKnownFile(db, focusId, path));
  return file && { path, sha256: file.sha256, text: file.content };
}

/** As the faculty has it now: unlike the digest, remarks are not fixed with the focus. */
function remarksFor(deps: FocusDependencies, claim: Claim): Remarks | undefined {
  const { awareness } = claim.faculty;
  if (!awareness.enabled || !awareness.remarks) return undefined;
  return (tx) => remarkOnFindings(tx, claim.focus.id, viewerOf(deps, claim), awareness);
}

/** The tools that were fixed for the focus; one that is gone by now is an error result when it is called. */
function toolsOf(deps: FocusDependencies, { faculty }: Claim, config: EngageConfig) {
  const names = new Set(config.tools.map(({ name }) => name));
  const own = [...deps.engineTools, ...deps.workspaceTools].filter(({ name }) => names.has(name));
  const mcp = pinnedTools(deps.mcp, faculty.mcp.servers, config.tools, new Set(config.readOnlyTools));
  return new Map([...own, ...mcp].map((tool) => [tool.name, tool]));
}

/** Undefined where the loop goes on after all. */
async function conclude(
  deps: FocusDependencies,
  claim: Claim,
  provider: string,
  result: EngageResult,
): Promise<PhaseResult | undefined> {
  switch (result.kind) {
    case 'stopped':
      return { kind: 'stopped' };
    case 'parked':
      return { kind: 'calls_wait', waitsFor: result.waitsFor };
    case 'model_failed':
      return modelFailed(deps, provider, result.error);
    case 'end_turn':
      if (!(await recordEnd(deps, claim, { kind: 'end_turn', text: result.text }))) return undefined;
      return { kind: 'next', phase: 'consolidate' };
    case 'budget':
    case 'refusal':
      await recordEnd(deps, claim, { kind: result.kind, message: result.message });
      return { kind: 'next', phase: 'consolidate' };
  }
}

function modelFailed(deps: FocusDependencies, provider: string, error: LlmError): PhaseResult {
  const failure = { kind: error.kind, message: deps.redactor.text(error.message) };
  switch (error.kind) {
    case 'auth':
      if (error.key) deps.models.rejectCredential(provider, error.key);
      return waitForCredentials(provider);
    case 'rate_limited':
      return waitForModel(provider, error.retryAfterMs ?? DEFAULT_MODEL_PAUSE_MS);
    case 'overloaded':
      if (error.retryAfterMs !== undefined) return waitForModel(provider, error.retryAfterMs);
      return { kind: 'failed', error: failure };
    case 'context_exceeded':
    case 'refused':
      return { kind: 'failed', error: { ...failure, final: true } };
    case 'api':
      return { kind: 'failed', error: error.status >= 500 ? failure : { ...failure, final: true } };
    case 'http':
    case 'stream_cut':
    case 'malformed':
    case 'cancelled':
      return { kind: 'failed', error: failure };
  }
}

function waitForCredentials(provider: string): PhaseResult {
  return { kind: 'parked', reason: { kind: 'credentials', targets: [provider], wakeInMs: null } };
}

function waitForModel(provider: string, wakeInMs: number): PhaseResult {
  return { kind: 'parked', reason: { kind: 'model', targets: [provider], wakeInMs } };
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
